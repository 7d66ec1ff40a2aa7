"""The tree is that of RFC 6962: its reference trees, another library, and every small tree."""

import random
from itertools import count

import pymerkle
import pytest

from projections import merkle
from projections.merkle import Tree, consistency, inclusion, leaf, root
from service.auditor import Tree as AuditorsTree
from service.auditor import Wrong, root_by_inclusion, roots_by_consistency

DATA = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]
"""The leaves of the trees by which the RFC's reference implementation is tested."""

ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)

NODES = {
    "0": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "1": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "4": "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "6": "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "01": "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "23": "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "45": "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "67": "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "0-3": "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4-7": "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
}

INCLUSION = [
    (0, 1, []),
    (0, 8, ["1", "23", "4-7"]),
    (5, 8, ["4", "67", "0-3"]),
    (2, 3, ["01"]),
    (1, 5, ["0", "23", "4"]),
]

CONSISTENCY = [
    (1, 1, []),
    (1, 8, ["1", "23", "4-7"]),
    (6, 8, ["45", "67", "0-3"]),
    (2, 5, ["23", "4"]),
    (6, 7, ["45", "6", "0-3"]),
]


def grown(store, leaves):
    """Make the store's tree one of these leaves and no others; gives its `read`."""
    with store.deciding():
        store.write("DELETE FROM merkle_leaf")
        store.write("DELETE FROM merkle_subtree")
        merkle.add([*zip(count(1), leaves, strict=False)], 0, store.write)
    return store.read


def test_the_reference_trees_have_their_roots(store):
    leaves = [leaf(data) for data in DATA]
    read = grown(store, leaves)
    ours, theirs = Tree(), AuditorsTree()

    for size, expected in enumerate(ROOTS):
        assert root(read, size).hex() == expected
        assert ours.root().hex() == theirs.root().hex() == expected
        if size < len(leaves):
            ours.append(leaves[size])
            theirs.add(leaves[size])


def test_leaves_added_many_at_once_make_the_tree_that_they_make_one_by_one():
    dice = random.Random(5)
    leaves = [leaf(b"%d" % number) for number in range(3000)]
    one_by_one, at_once = Tree(), Tree()

    while leaves:
        some = leaves[: dice.choice((0, 1, 7, 255, 256, 257, 700))]
        del leaves[: len(some)]
        for each in some:
            one_by_one.append(each)
        at_once.extend(some)

        assert (at_once.size, at_once.root()) == (one_by_one.size, one_by_one.root())


@pytest.mark.parametrize(("number", "size", "path"), INCLUSION)
def test_the_reference_trees_have_their_inclusion_proofs(store, number, size, path):
    read = grown(store, [leaf(data) for data in DATA])

    found = inclusion(read, number, size)

    assert [one.hex() for one in found] == [NODES[name] for name in path]
    assert root_by_inclusion(leaf(DATA[number]), number, size, found).hex() == ROOTS[size]


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_the_reference_trees_have_their_consistency_proofs(store, first, second, path):
    read = grown(store, [leaf(data) for data in DATA])

    found = consistency(read, first, second)

    assert [one.hex() for one in found] == [NODES[name] for name in path]
    if first < second:
        roots = roots_by_consistency(first, second, found, bytes.fromhex(ROOTS[first]))
        assert [one.hex() for one in roots] == [ROOTS[first], ROOTS[second]]


def test_another_library_has_the_same_roots_and_proofs(sqlite_store, sized):
    """Its consistency proofs have another form; ours must lead to its roots."""
    for seed in range(sized(20, 10_000)):
        chance = random.Random(seed)
        data = [chance.randbytes(6) for _ in range(chance.randint(1, 600))]
        theirs = pymerkle.InmemoryTree()
        for each in data:
            theirs.append_entry(each)
        read = grown(sqlite_store, [leaf(each) for each in data])
        size = chance.randint(1, len(data))
        number, first = chance.randrange(size), chance.randint(1, size)

        assert root(read, size) == theirs.get_root(size)
        proof = theirs.prove_inclusion(number + 1, size)
        assert inclusion(read, number, size) == proof.path[1:]
        if first < size:
            roots = [theirs.get_root(first), theirs.get_root(size)]
            found = consistency(read, first, size)
            assert roots_by_consistency(first, size, found, roots[0]) == roots


def test_every_leaf_of_every_small_tree_is_proven(sqlite_store):
    leaves = [leaf(bytes([number])) for number in range(34)]
    read = grown(sqlite_store, leaves)
    roots = roots_of(leaves)

    for size in range(1, len(leaves) + 1):
        for number in range(size):
            proof = inclusion(read, number, size)
            assert root_by_inclusion(leaves[number], number, size, proof) == roots[size]
        for first in range(1, size):
            proof = consistency(read, first, size)
            expected = [roots[first], roots[size]]
            assert roots_by_consistency(first, size, proof, roots[first]) == expected


SIZES = (255, 256, 257, 512, 3_000, 65_535, 65_536, 65_537, 65_900)
"""Around the sizes at which a subtree is complete that is kept."""


def test_a_tree_with_kept_subtrees_proves_as_any_other(sqlite_store, sized):
    largest = sized(3_000, SIZES[-1])
    leaves = [leaf(number.to_bytes(4)) for number in range(largest)]
    read = grown(sqlite_store, leaves)
    roots = roots_of(leaves)

    for size in (size for size in SIZES if size <= largest):
        assert root(read, size) == roots[size]
        for number in (0, 254, size // 2, size - 1):
            proof = inclusion(read, number % size, size)
            found = root_by_inclusion(leaves[number % size], number % size, size, proof)
            assert found == roots[size]
        for first in (1, 254, size // 3, size - 1):
            proof = consistency(read, first, size)
            expected = [roots[first], roots[size]]
            assert roots_by_consistency(first, size, proof, roots[first]) == expected


def test_a_tree_that_grows_by_batches_is_the_one_that_grows_leaf_by_leaf(store):
    leaves = [leaf(number.to_bytes(4)) for number in range(700)]
    read = grown(store, leaves[:1])
    size = 1
    for batch in (254, 1, 1, 260, 183):
        with store.deciding():
            merkle.add([*zip(count(size), leaves[size : size + batch])], size, store.write)
        size += batch

    assert merkle.size(read) == size == 700
    assert root(read, size) == roots_of(leaves)[size]
    assert read("SELECT count(*) FROM merkle_subtree") == [(2,)]


def test_there_is_room_for_more_leaves_than_small_numbers_have(store):
    leaves = [leaf(bytes([number])) for number in range(256)]
    grown(store, [])
    with store.deciding():
        merkle.add([*zip(count(1), leaves, strict=False)], 40_960, store.write)

    assert merkle.size(store.read) == 41_216
    assert merkle.leaf_hash(store.read, 41_000) == leaves[40]
    assert merkle.Subtrees(store.read).root(40_960, 41_216) == roots_of(leaves)[256]


def test_a_damaged_tree_grows_and_proves_nothing(store):
    leaves = [leaf(bytes([number])) for number in range(256)]
    read = grown(store, leaves[:-1])
    with store.deciding():
        store.write("DELETE FROM merkle_leaf WHERE number = 3")

        merkle.add([(256, leaves[-1])], 255, store.write)

    assert merkle.size(read) == 256
    for damaged in (lambda: root(read, 256), lambda: inclusion(read, 9, 256)):
        with pytest.raises(merkle.TreeDamaged, match="is missing"):
            damaged()


def roots_of(leaves):
    """The roots of the trees of the first leaves, by their number."""
    tree = Tree()
    roots = [tree.root()]
    for each in leaves:
        tree.append(each)
        roots.append(tree.root())
    return roots


def accepted(number, size, proof, expected, data):
    try:
        return root_by_inclusion(leaf(data), number, size, proof) == expected
    except Wrong:
        return False


def test_a_proof_proves_nothing_else(store):
    read = grown(store, [leaf(data) for data in DATA])
    proof, expected = inclusion(read, 5, 7), bytes.fromhex(ROOTS[7])
    assert accepted(5, 7, proof, expected, DATA[5])

    others = [(n, s) for n in range(-1, 9) for s in range(9) if (n, s) != (5, 7)]
    wrong = [proof[:-1], [*proof, proof[0]], proof[::-1], [bytes(32), *proof[1:]], []]
    # in a tree of 8 leaf 5 has the same neighbours on the same sides, so its root is what differs
    assert not any(accepted(5, 7, path, expected, DATA[5]) for path in wrong)
    assert not any(
        accepted(*other, proof, expected, DATA[5]) for other in others if other != (5, 8)
    )
    assert not accepted(5, 7, proof, expected, DATA[4])
    assert not accepted(5, 7, proof, bytes.fromhex(ROOTS[8]), DATA[5])


def test_a_proof_does_not_make_another_tree_the_beginning(store):
    read = grown(store, [leaf(data) for data in DATA])
    proof = consistency(read, 3, 7)
    old, new = bytes.fromhex(ROOTS[3]), bytes.fromhex(ROOTS[7])

    def holds(first, second, path, before):
        try:
            return roots_by_consistency(first, second, path, before) == [before, new]
        except Wrong:
            return False

    assert holds(3, 7, proof, old)
    for path in (proof[:-1], [*proof, proof[0]], proof[::-1], []):
        assert not holds(3, 7, path, old)
    assert not any(holds(first, 7, proof, old) for first in range(-1, 9) if first != 3)
    assert not holds(3, 7, proof, bytes(32))
    assert not holds(4, 7, consistency(read, 4, 7), bytes(32))
