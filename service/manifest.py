"""What an export of the log says of itself, in `manifest.json`.

A directory holds `events-000001.ndjson`, `events-000002.ndjson`, ...: the published lines of the
log, a million to a file, and `manifest.json`, which is written last:

    {"format": "customer-groups-export/1", "log": "log_01J...", "exported_at": "...Z",
     "events": 2, "first_position": 1, "last_position": 2,
     "filters": {},                       for a part of the log, what was asked: since, until, group
     "files": [{"name": "events-000001.ndjson", "events": 2, "bytes": 812, "first_position": 1,
                "last_position": 2, "sha256": "..."}],
     "tree_head": "...", "public_keys": [...]}

The tree head is a C2SP checkpoint of the Merkle tree (RFC 6962) whose leaves are the lines without
their line ends; the keys are those of `GET /audit/public-key`. The lines that a part of the log
leaves out stand in `gaps.ndjson`, as the roots of the largest complete subtrees over them:
`{"first": leaf number, "last": the one after, "hashes": [base64, ...]}`. So a part is proven too.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

import orjson

MANIFEST = "manifest.json"
GAPS = "gaps.ndjson"
FORMAT = "customer-groups-export/1"
CONTAINERS: dict[Any, type] = {dict: dict, list: list}

T = TypeVar("T")


class ExportDamaged(Exception):
    """The directory is not a whole export; the message says what is wrong, and where."""


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of events; `sha256` is in hexadecimal digits."""

    name: str
    events: int
    bytes: int
    first_position: int
    last_position: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A key as `GET /audit/public-key` has it."""

    key: str
    made_at: str
    first_size: int | None
    last_size: int | None
    tree_heads: int
    first_tree_head: str | None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an export says of itself; the positions are None when it has no events."""

    format: str = FORMAT
    log: str
    exported_at: str
    events: int
    first_position: int | None
    last_position: int | None
    filters: dict[str, Any]
    files: list[File]
    tree_head: str
    public_keys: list[Any]

    @property
    def part(self) -> str:
        """What was asked for of the log, in words; empty for all of it."""
        return ", ".join(f"{name} {value}" for name, value in self.filters.items())

    def text(self) -> bytes:
        """Return it as it is written."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_manifest(directory: Path) -> Manifest:
    """Return the manifest of a directory, its files as they should be. Raises `ExportDamaged`."""
    path = directory / MANIFEST
    if not path.is_file():
        raise ExportDamaged(
            f"{directory} has no {MANIFEST}: it is no export, or one that was not finished."
        )
    try:
        said = orjson.loads(path.read_bytes())
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise ExportDamaged(f"{path} is not of the format {FORMAT}.")
        files = [_made(File, file) for file in said.get("files", ())]
        for key in said.get("public_keys", ()):
            _made(PublicKey, key)
        manifest = _made(Manifest, said | {"files": files})
    except (ValueError, TypeError) as error:
        raise ExportDamaged(f"{path} is not a manifest: {error}.") from None
    names = [f"events-{number:06}.ndjson" for number in range(1, len(files) + 1)]
    if [file.name for file in files] != names:
        raise ExportDamaged(f"{path} names other files than {names}.")
    there = {path.name for path in directory.glob("events-*")}
    for name in sorted(there ^ set(names)):
        wrong = "is missing" if name in names else "is not in the manifest"
        raise ExportDamaged(f"{directory / name} {wrong}.")
    return manifest


def _made(kind: type[T], said: Any) -> T:
    """Return the dataclass of a JSON object. Raises `ValueError`."""
    expected = get_type_hints(kind)
    if not isinstance(said, dict) or set(said) != set(expected):
        raise ValueError(f"{kind.__name__.lower()} has other keys than {', '.join(expected)}")
    for name, type_ in expected.items():
        if not isinstance(said[name], CONTAINERS.get(get_origin(type_), type_)):
            raise ValueError(f"{name} is {said[name]!r}")
    return kind(**said)
