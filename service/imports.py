"""Files of customers, CSV or NDJSON, read row by row in bounded memory."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

from projections.directory_import import Imported, import_batch
from projections.store import Store, persistently
from service.api.bodies import BrokenJson, parse_json
from service.api.problems import Invalid, Problem, expected
from service.api.schemas import CustomerRow
from service.api.values import customer_id_problem

LARGEST_ROW_BYTES = 64 * 1024
MOST_ROWS = 1_000_000
ROWS_PER_TRANSACTION = 1000

_ROW = CustomerRow()
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TOO_LONG = (
    f"The row is longer than {LARGEST_ROW_BYTES:,} bytes; in a CSV, a quote that is never closed "
    "takes all that follows into its row"
)
_NOT_UTF8 = "The row is not UTF-8"
_NOT_CSV = (
    "The row is not CSV (RFC 4180): a quoted cell ends at its closing quote, a quote inside it is "
    "doubled, a row ends in LF or CRLF; a quote that is never closed takes all that follows into "
    "its row"
)

Content = TypeVar("Content")
# the line a row starts in; what it holds, or why it cannot be read
Record = tuple[int, Content | None, str | None]


class ImportRefused(Exception):
    """The file as a whole cannot be read; no row of it was."""


class Readable(Protocol):
    """All that is asked of a file; the body of a request has no more."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: the fields it sets, or the problem for which it is refused.

    `line` is the line that the row starts in, from 1; a quoted cell may go over several.
    """

    line: int
    values: dict[str, Any] | None
    problem: str | None


def read_csv(stream: Readable, *, allow_at: bool = False) -> Iterator[Row]:
    """Return the rows of a CSV file (RFC 4180) in UTF-8, a byte order mark allowed, under a header.

    A row sets the columns that the file has. An empty cell is None, for `has_account` False.
    Columns that a customer does not have become metadata as text, empty cells left out, over what
    a `metadata` column holds. Blank lines are skipped. A millionth and first row is refused and
    ends the file. `allow_at` accepts ids that hold an @.

    Raises `ImportRefused`, before any row is read, for a header that cannot be used.
    """
    records = _csv_records(stream)
    _, names, problem = next(records, (1, None, "The file is empty"))
    if names is None:
        raise ImportRefused(f"The first row must name the columns. {problem}")
    return _rows(records, _Columns(names).read, allow_at=allow_at)


def read_ndjson(stream: Readable, *, allow_at: bool = False) -> Iterator[Row]:
    """Return the rows of a file that has one JSON object to a line; an unknown key refuses the row.

    A row sets the keys it has. Otherwise as `read_csv`.
    """
    return _rows(_json_records(stream), parse_json, allow_at=allow_at)


def _rows(
    records: Iterator[Record[Content]],
    read: Callable[[Content], dict[str, Any]],
    *,
    allow_at: bool,
) -> Iterator[Row]:
    for number, (line, content, problem) in enumerate(records, start=1):
        if number > MOST_ROWS:
            yield Row(
                line, None, f"More than {MOST_ROWS:,} rows; this one and the rest are not read"
            )
            return
        values = None
        if content is not None:
            try:
                values = _ROW.load(read(content))
            except Invalid as invalid:
                problem = str(invalid)
            else:
                id = values.get("id")
                problem = None if id is None else customer_id_problem(id, allow_at=allow_at)
        yield Row(line, None if problem else values, problem)


def import_rows(
    store: Store,
    rows: Iterator[Row],
    created_by: str,
    *,
    dry_run: bool = False,
    after_batch: Callable[[], None] = lambda: None,
) -> Imported:
    """Create and update customers by rows, 1,000 to a transaction; return what became of them.

    A connection that breaks is made anew, and the batch tried again. `after_batch` is called when
    one is committed.
    """
    imported = Imported()
    while batch := list(islice(rows, ROWS_PER_TRANSACTION)):
        good = []
        for row in batch:
            if row.values is None:
                imported.refuse(row.line, row.problem or "The row cannot be read")
            else:
                good.append((row.line, row.values))
        persistently(partial(import_batch, store, good, created_by, imported, dry_run=dry_run))
        after_batch()
    return imported


class _Columns:
    """What the header of a CSV file says about its cells."""

    def __init__(self, header: list[str]) -> None:
        names = [name.strip() for name in header]
        if "" in names:
            raise ImportRefused(f"Every column needs a name; column {names.index('') + 1} has none")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ImportRefused(f"Every column needs a name of its own; there are two '{twice}'")
        known = _ROW.names
        self.count = len(names)
        self.known = [(index, name) for index, name in enumerate(names) if name in known]
        self.unknown = [(index, name) for index, name in enumerate(names) if name not in known]
        self.says_metadata = bool(self.unknown) or "metadata" in names

    def read(self, cells: list[str]) -> dict[str, Any]:
        """Return the fields of one row, unchecked. Raises `Invalid`."""
        if len(cells) != self.count:
            message = f"The row has {len(cells):,} cells, the header has {self.count:,}"
            raise Invalid([Problem(message)])
        values: dict[str, Any] = {name: cells[index] or None for index, name in self.known}
        if "has_account" in values:
            said = values["has_account"]
            values["has_account"] = _FLAGS.get(said.strip().lower(), said) if said else False
        if self.says_metadata:
            metadata = _metadata(values.get("metadata"))
            others = {name: cells[index] for index, name in self.unknown if cells[index]}
            if others:
                values["metadata"] = (metadata or {}) | others
            elif "metadata" in values:  # else the file says nothing of metadata: it stays
                values["metadata"] = metadata
        return values


def _metadata(cell: str | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    try:
        return parse_json(cell.encode())
    except BrokenJson:
        raise Invalid([Problem(expected("record", "metadata", cell))]) from None


def _json_records(stream: Readable) -> Iterator[Record[bytes]]:
    lines = _Lines(stream)
    while True:
        line = lines.ended + 1
        piece = lines.take()
        if not piece:
            return
        if _length(piece) > LARGEST_ROW_BYTES:
            while piece and not piece.endswith(b"\n"):
                piece = lines.take()
            yield line, None, _TOO_LONG
        elif not piece.isspace():
            yield line, piece, None


def _csv_records(stream: Readable) -> Iterator[Record[list[str]]]:
    lines = _CsvLines(stream)
    reader = csv.reader(lines, strict=True)
    while True:
        line = lines.start_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None, _NOT_CSV
        except _RowTooLong:
            yield line, None, _TOO_LONG
        else:
            if lines.is_broken:
                yield line, None, _NOT_UTF8
            elif len(cells) > 1 or "".join(cells).strip():
                yield line, cells, None


class _Raw(io.RawIOBase):
    """Lends a stream the buffered, bounded `readline` of the standard library."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


class _Lines:
    """The lines of a stream, in pieces that are never much longer than a row may be."""

    def __init__(self, stream: Readable) -> None:
        self._buffer = io.BufferedReader(_Raw(stream), LARGEST_ROW_BYTES)
        self._at_start = True
        self.ended = 0

    def take(self) -> bytes:
        """Return a line with its end, or a piece of one that is too long; nothing at the end."""
        piece = self._buffer.readline(LARGEST_ROW_BYTES + len(b"\r\n") + 1)
        if self._at_start:
            self._at_start = False
            piece = piece.removeprefix(codecs.BOM_UTF8)
        if piece.endswith(b"\n"):
            self.ended += 1
        return piece


class _RowTooLong(Exception):
    """Raised through the CSV reader, which begins anew with the next row."""


class _CsvLines(_Lines):
    """Hands lines to the CSV reader, which asks for another one only inside a quoted cell."""

    def start_row(self) -> int:
        """Forget the last row; return the line that the next one starts in."""
        self._row_bytes = 0
        self.is_broken = False
        return self.ended + 1

    def __iter__(self) -> "_CsvLines":
        return self

    def __next__(self) -> str:
        piece = self.take()
        if not piece:
            raise StopIteration
        if self._row_bytes + _length(piece) > LARGEST_ROW_BYTES:
            self._skip_row(piece, in_quotes=self._row_bytes > 0)
            raise _RowTooLong
        self._row_bytes += len(piece)
        try:
            return piece.decode()
        except UnicodeDecodeError:
            self.is_broken = True
            return piece.decode(errors="replace")

    def _skip_row(self, piece: bytes, *, in_quotes: bool) -> None:
        """A row ends with the first line that has closed every quote it has opened."""
        while piece:
            in_quotes ^= piece.count(b'"') % 2 == 1
            if piece.endswith(b"\n") and not in_quotes:
                return
            piece = self.take()


def _length(line: bytes) -> int:
    return len(line.removesuffix(b"\n").removesuffix(b"\r"))
