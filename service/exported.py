"""An export of the log, read and checked: with no server and no database."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from projections import log
from projections.log import LoggedEvent
from service.auditor import (
    MALFORMED,
    Head,
    Key,
    Tree,
    Wrong,
    gaps_of,
    leaf_hash,
    read_head,
    read_key,
    subtrees_of,
)
from service.manifest import GAPS, ExportDamaged, File, read_manifest

LONGEST_LINE = 1024 * 1024


class Export:
    """The events of an export, checked on their way; manifest and tree head are read at once.

    `kept` are tree heads of the same log that an auditor has kept: the export must have what they
    stand for. One of `keys` must have signed it, where there are any; else one that it names.
    Raises `ExportDamaged`.
    """

    def __init__(
        self, directory: Path, kept: Sequence[Head] = (), keys: Sequence[Key] = ()
    ) -> None:
        self.directory = directory
        self.manifest = manifest = read_manifest(directory)
        self.head = self._head(keys)
        for head in kept:
            if head.origin != self.head.origin:
                raise ExportDamaged(f"The tree head is one of {head.origin}, not {manifest.log}.")
            if head.size > self.head.size:
                raise ExportDamaged(
                    f"The log was cut short: it had {head.size:,} events when that tree head was"
                    f" signed, now it has {self.head.size:,}."
                )
        self._kept = sorted(kept, key=lambda head: head.size)

    def _head(self, trusted: Sequence[Key]) -> Head:
        manifest = self.manifest
        try:
            keys = [read_key(key["key"]) for key in manifest.public_keys]
            head = read_head(manifest.tree_head, list(trusted or keys))
        except (Wrong, *MALFORMED) as error:
            raise ExportDamaged(f"The tree head is not signed as it should be: {error}.") from None
        if not keys:
            raise ExportDamaged("The export has no public key: nothing says who signed it.")
        if head.origin.rpartition("/")[2] != manifest.log:
            raise ExportDamaged(f"The tree head is one of {head.origin}, not {manifest.log}.")
        if not manifest.filters and head.size != manifest.events:
            raise ExportDamaged(
                f"The manifest speaks of {manifest.events:,} events, its tree head of"
                f" {head.size:,}."
            )
        return head

    def events(self) -> Iterator[LoggedEvent]:
        """Yield the events in the order of the log.

        After the last one the root of the tree is compared with the signed one.
        """
        self._tree = Tree()
        self._waiting = list(self._kept)
        self._versions: dict[str, int] = {}
        self._position, self._time = 0, b""
        gaps = gaps_of(self.directory) if self.manifest.filters else iter(())
        try:
            yield from self._all(gaps)
        except (Wrong, *MALFORMED) as error:
            raise ExportDamaged(f"{self.directory / GAPS} is damaged: {error}.") from None
        if self._tree.size != self.head.size:
            raise ExportDamaged(
                f"There are {self._tree.size:,} events, the tree head is of"
                f" {self.head.size:,}: some are missing."
            )
        self._agree(self.head)

    def again(self) -> Iterator[LoggedEvent]:
        """Yield the events of files that were checked before, if they are still the same."""
        try:
            for file in self.manifest.files:
                for line in self._lines(file):
                    yield log.parsed(line[:-1])
        except ValueError as error:
            raise ExportDamaged(f"{self.directory} was changed meanwhile: {error}.") from None

    def _all(self, gaps: Iterator[dict[str, Any]]) -> Iterator[LoggedEvent]:
        events, first = 0, None
        gap = next(gaps, None)
        self._compare()
        for file in self.manifest.files:
            for event, leaf in self._file(file):
                while gap is not None and gap["first"] == self._tree.size:
                    if first and "group" not in self.manifest.filters:
                        raise ExportDamaged(
                            f"Events after position {self._position} are left out, and nobody asked"
                            " for that."
                        )
                    self._skip(gap)
                    gap = next(gaps, None)
                self._position = event.position
                self._tree.add(leaf)
                self._compare()
                events += 1
                first = first or event.position
                yield event
        if gap is not None and gap["first"] == self._tree.size:
            self._skip(gap)
        said = self.manifest
        wanted = (said.events, said.first_position, said.last_position)
        if (events, first, self._position or None) != wanted:
            raise ExportDamaged(
                f"The manifest speaks of {said.events} events from position {said.first_position}"
                f" to {said.last_position}; there are {events}, from {first} to {self._position}."
            )

    def _skip(self, gap: dict[str, Any]) -> None:
        for subtree, leaves, _ in subtrees_of(gap, self._position):
            self._tree.add(subtree, leaves)
            self._compare()

    def _compare(self) -> None:
        """Compare the tree with the kept heads of its size."""
        while self._waiting and self._waiting[0].size <= self._tree.size:
            head = self._waiting.pop(0)
            if head.size == self._tree.size:
                self._agree(head)

    def _agree(self, head: Head) -> None:
        if head.root != self._tree.root():
            raise ExportDamaged(
                f"These are not the {head.size:,} events of the tree head of that size: up to"
                f" position {self._position} one was changed, moved, added or left out."
            )

    def _file(self, file: File) -> Iterator[tuple[LoggedEvent, bytes]]:
        """Yield the events of a file and their leaves."""
        path = self.directory / file.name
        size, events, first = 0, 0, 0
        for line in self._lines(file):
            size += len(line)
            events += 1
            try:
                event = self._event(line)
            except ValueError as error:
                raise ExportDamaged(f"{path} line {events}: {error}.") from None
            first = first or event.position
            yield event, leaf_hash(line[:-1])
        if (size, events, first, self._position) != (
            file.bytes,
            file.events,
            file.first_position,
            file.last_position,
        ):
            raise ExportDamaged(f"{path} has other events than the manifest says.")

    def _lines(self, file: File) -> Iterator[bytes]:
        """Yield the lines of a file; after the last one its SHA-256 is compared."""
        path = self.directory / file.name
        digest = sha256()
        with path.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE):
                digest.update(line)
                yield line
        if digest.hexdigest() != file.sha256:
            raise ExportDamaged(f"{path} is not as it was written: its SHA-256 is another one.")

    def _event(self, line: bytes) -> LoggedEvent:
        """Return the event of a line. Raises `ValueError`."""
        if not line.endswith(b"\n"):
            raise ValueError("a line without an end")
        event = log.stored(line[:-1], self.manifest.log)
        if event.position <= self._position:
            raise ValueError(f"position {event.position} comes after {self._position}")
        time = event.state[log.TIME]
        if time < self._time:
            raise ValueError(f"position {event.position} is earlier than the one before it")
        before = self._versions.get(event.group_id, 0)
        if event.version != before + 1 and (before or "since" not in self.manifest.filters):
            raise ValueError(
                f"position {event.position} is version {event.version} of {event.group_id},"
                f" not {before + 1}"
            )
        self._versions[event.group_id] = event.version
        self._time = time
        return event
