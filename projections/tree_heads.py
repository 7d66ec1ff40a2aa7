"""The signed tree heads that were handed out, and the keys that signed them.

No read models: nothing makes them anew. So a log that was changed after a head was signed does not
agree with it, whatever became of the tree since.
"""

from typing import NamedTuple

from projections import log
from projections.sql import Read, Write

SCHEMA = (
    """
    CREATE TABLE signing_key (
      number SERIAL8 PRIMARY KEY,
      log TEXT NOT NULL,
      public_key TEXT NOT NULL,
      made_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE tree_head (
      number SERIAL8 PRIMARY KEY,
      log TEXT NOT NULL,
      size BIGINT NOT NULL,
      root BYTEA NOT NULL,
      public_key TEXT NOT NULL,
      checkpoint TEXT NOT NULL
    )
    """,
    "CREATE INDEX tree_head_by_log ON tree_head (log, size, number)",
)
"""`checkpoint` is what was answered; size and root are the ones in it."""

HEADS = "SELECT size, root, checkpoint, public_key FROM tree_head WHERE log = :log"

KEYS = """
SELECT k.public_key, k.made_at, min(h.size), max(h.size), count(h.size), (
  SELECT f.checkpoint FROM tree_head f
  WHERE f.log = k.log AND f.public_key = k.public_key ORDER BY f.size, f.number LIMIT 1
)
FROM signing_key k LEFT JOIN tree_head h ON h.log = k.log AND h.public_key = k.public_key
WHERE k.log = :log GROUP BY k.number, k.log, k.public_key, k.made_at ORDER BY k.number
"""


class KeptHead(NamedTuple):
    """A tree head that was handed out; `public_key` is the one that signed it last."""

    size: int
    root: bytes
    checkpoint: str
    public_key: str


class KeptKey(NamedTuple):
    """A public key (NAME+ID+KEY), the sizes of the trees whose heads it signed, and the first."""

    public_key: str
    made_at: str
    first_size: int | None
    last_size: int | None
    tree_heads: int
    first_tree_head: str | None


def newest(read: Read) -> KeptHead | None:
    """Return the head of this log's largest tree."""
    statement = f"{HEADS} ORDER BY size DESC, number DESC LIMIT 1"
    rows = read(statement, log=log.log_id(read))
    return KeptHead(*rows[0]) if rows else None


def heads(read: Read) -> list[KeptHead]:
    """Return all heads of this log, the smallest first."""
    rows = read(f"{HEADS} ORDER BY size, number", log=log.log_id(read))
    return [KeptHead(*row) for row in rows]


def keep(write: Write, head: KeptHead) -> None:
    """Keep a head of this log for ever."""
    write(
        "INSERT INTO tree_head (log, size, root, public_key, checkpoint)"
        " VALUES (:log, :size, :root, :public_key, :checkpoint)",
        log=log.log_id(write.read),
        **head._asdict(),
    )


def keys(read: Read) -> list[KeptKey]:
    """Return all keys that ever were this log's, the oldest first."""
    return [KeptKey(*row) for row in read(KEYS, log=log.log_id(read))]


def keep_key(write: Write, public_key: str, made_at: str) -> None:
    """Keep a public key of this log for ever; the newest one signs."""
    write(
        "INSERT INTO signing_key (log, public_key, made_at) VALUES (:log, :public_key, :made_at)",
        log=log.log_id(write.read),
        public_key=public_key,
        made_at=made_at,
    )
