"""Tree heads, proofs and keys, as JSON Schema."""

from service.api.openapi.shapes import NUMBER, TEXT, TIME, array, exactly, nullable

LOG = TEXT | {"description": "The id of this log."}

HASH = TEXT | {
    "description": "SHA-256 in base64.",
    "examples": ["CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="],
}

KEY = TEXT | {"description": "NAME+ID+KEY, as C2SP writes a key that verifies notes."}

TREE_HEAD = exactly(
    {
        "log": LOG,
        "size": NUMBER | {"description": "How many leaves: events of the log."},
        "root": HASH,
        "time": TIME | {"description": "When it was signed."},
        "key": KEY,
        "checkpoint": TEXT | {"description": "What is signed, with the signatures: keep this."},
    }
)

INCLUSION_PROOF = exactly(
    {
        "log": LOG,
        "position": NUMBER,
        "leaf": NUMBER | {"description": "The leaf's number."},
        "leaf_hash": HASH,
        "tree_size": NUMBER,
        "root": HASH,
        "hashes": array(HASH) | {"description": "From the leaf up."},
    }
)

CONSISTENCY_PROOF = exactly(
    {
        "log": LOG,
        "from": NUMBER,
        "to": NUMBER,
        "from_root": HASH,
        "to_root": HASH,
        "hashes": array(HASH),
    }
)

PUBLIC_KEYS = exactly(
    {
        "log": LOG,
        "keys": array(
            exactly(
                {
                    "key": KEY,
                    "made_at": TIME,
                    "first_size": nullable(NUMBER)
                    | {"description": "The smallest tree whose head it signed."},
                    "last_size": nullable(NUMBER),
                    "tree_heads": NUMBER | {"description": "How many it signed."},
                    "first_tree_head": nullable(TEXT)
                    | {"description": "The first, which the key before has signed too."},
                }
            )
        )
        | {"description": "The oldest first; the last one signs."},
    }
)
