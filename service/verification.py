"""The log against every tree head that was signed: our own, and those that others have kept."""

from collections.abc import Sequence
from dataclasses import replace

from projections import log, log_check, tree_heads
from projections.log_check import Checked, Expected
from projections.progress import Progress, no_progress
from projections.store import Store
from service import signing
from service.auditor import Key, Wrong, read_head, read_key


def check_log(
    store: Store,
    kept: Sequence[tuple[str, str]] = (),
    keys: Sequence[Key] = (),
    progress: Progress = no_progress,
) -> Checked:
    """Hold every stored event against the tree, our own tree heads and those that others kept.

    `kept` are names and texts of checkpoints. They must be signed by one of `keys`, where none are
    given by one that the database lists.
    """
    with store.reading():
        origin = signing.origin(log.log_id(store.read))
        listed, expected, wrong = [], [], []
        for one in tree_heads.keys(store.read):
            try:
                listed.append(read_key(one.public_key))
            except Wrong as error:
                wrong.append(f"The list of keys: {error}")
        notes: list[tuple[str, str, Sequence[Key], tuple[int, bytes] | None]] = [
            ("The tree head", head.checkpoint, listed, (head.size, head.root))
            for head in tree_heads.heads(store.read)
        ]
        notes += [(name, text, keys or listed, None) for name, text in kept]
        for name, text, signers, row in notes:
            try:
                head = read_head(text, list(signers))
            except Wrong as error:
                wrong.append(f"{name}: {error}")
                continue
            said = f"{name} of {head.time:%Y-%m-%d %H:%M:%S}Z" if head.time else name
            if head.origin != origin:
                wrong.append(f"{said} is one of {head.origin}, not of {origin}")
            elif row not in (None, (head.size, head.root)) or not signers:
                wrong.append(
                    f"{said} is not the one that was kept: nobody signed what is in its row"
                )
            else:
                expected.append(Expected(head.size, head.root, said))
        found = log_check.check(store, expected, progress)
    return replace(found, against=found.against + wrong)
