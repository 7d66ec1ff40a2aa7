"""The customers as files that `import-customers` takes: from one service to another."""

import csv
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from projections import directory
from projections.progress import Progress, no_progress
from projections.store import Store
from service.imports import LARGEST_ROW_BYTES, MOST_ROWS

COLUMNS = (
    "id",
    "email",
    "company_name",
    "first_name",
    "last_name",
    "phone",
    "has_account",
    "metadata",
)
BATCH = 500


@dataclass
class Exported:
    """The files that were written; `too_long` are customers whose row an import would refuse."""

    files: list[Path] = field(default_factory=list)
    customers: int = 0
    too_long: list[str] = field(default_factory=list)


def export_customers(
    store: Store, file: Path, kind: str, progress: Progress = no_progress
) -> Exported:
    """Write all customers, as they are at one moment; `kind` is csv or ndjson.

    An import takes a million rows: more customers go on in `customers-2.csv`, ... A file appears
    once it is whole. Imported elsewhere and exported again, the files are the same; in a CSV an
    empty text and null are the same, in NDJSON each stays what it is.

    Raises `FileExistsError`, and `OSError` where the disk is full or not ours.
    """
    exported = Exported()
    with store.reading():
        total = directory.total(store.read)
        rows = _rows(store, kind, exported.too_long)
        row = next(rows, None)
        while row is not None or not exported.files:
            number = len(exported.files) + 1
            path = file if number == 1 else file.with_stem(f"{file.stem}-{number}")
            with _appearing(path) as stream:
                if kind == "csv":
                    stream.write(_csv([*COLUMNS]))
                left = MOST_ROWS
                while row is not None and left:
                    stream.write(row)
                    left -= 1
                    exported.customers += 1
                    progress(exported.customers, total)
                    row = next(rows, None)
            exported.files.append(path)
    return exported


def _rows(store: Store, kind: str, too_long: list[str]) -> Iterator[bytes]:
    after = ""
    while found := directory.following(store.read, after, BATCH):
        for after, text in found:
            document = orjson.loads(text)
            values = {name: document[name] for name in COLUMNS}
            row = _csv(_cells(values)) if kind == "csv" else orjson.dumps(values) + b"\n"
            if len(row.rstrip(b"\r\n")) > LARGEST_ROW_BYTES:
                too_long.append(after)
            yield row


def _cells(values: dict[str, Any]) -> list[str]:
    metadata = values["metadata"]
    return [
        *(values[name] or "" for name in COLUMNS[:-2]),
        "true" if values["has_account"] else "false",
        "" if metadata is None else orjson.dumps(metadata).decode(),
    ]


def _csv(cells: list[str]) -> bytes:
    """Return a row as RFC 4180 has it."""
    row = io.StringIO()
    csv.writer(row).writerow(cells)
    return row.getvalue().encode()


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that only we may read, and that is there once it is whole.

    Raises `FileExistsError`.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already.")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.link(part, path)  # unlike a rename it takes no other file's place
    finally:
        Path(part).unlink()
