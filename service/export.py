"""The log, or a part of it, as files that prove themselves; `service.manifest` has their format."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from domain.transcoding import rfc3339
from projections import log, merkle
from projections.log import LoggedEvent, Wanted
from projections.progress import Progress, no_progress
from projections.store import Store
from projections.tree_heads import KeptHead
from service import signing
from service.export_files import Files
from service.manifest import GAPS, MANIFEST, Manifest

BATCH = 500

Place = int | datetime
"""A position, or a time."""


class ExportRefused(Exception):
    """What was asked for cannot be exported, or not to there; the message says why."""


def export(
    store: Store,
    directory: Path,
    *,
    since: Place | None = None,
    until: Place | None = None,
    group_id: str | None = None,
    progress: Progress = no_progress,
) -> Manifest:
    """Write the log into a new or empty directory, as it was at one moment; return the manifest.

    `since` and `until` are inclusive. The manifest comes last: a directory without it is no export.
    What was written is taken away again when it cannot be finished.

    Raises `ExportRefused`, and `OSError` where the disk is full or not ours.
    """
    made = _directory(directory)
    files = Files(directory)
    try:
        head = _signed_head(store)
        with store.reading():
            part = _Part(store, head.size, since, until, group_id)
            done = 0
            for events in part.batches():
                files.write(events, part.log)
                done += len(events)
                progress(done, part.count)
            files.end()
            if part.filters:
                files.keep(GAPS, b"".join(part.gaps()))
        manifest = Manifest(
            log=part.log,
            exported_at=rfc3339(datetime.now(UTC)),
            events=done,
            first_position=files.done[0].first_position if files.done else None,
            last_position=files.done[-1].last_position if files.done else None,
            filters=part.filters,
            files=files.done,
            tree_head=head.checkpoint,
            public_keys=signing.public_keys(store.read),
        )
        files.keep(MANIFEST, manifest.text())
    except BaseException:
        files.remove()
        if made:
            with suppress(OSError):
                directory.rmdir()
        raise
    return manifest


def _signed_head(store: Store) -> KeptHead:
    """Return the tree head up to which the log is exported, whatever is appended meanwhile."""
    try:
        return signing.signed_head(store)
    except signing.CannotSign as error:
        raise ExportRefused(str(error)) from None


def _directory(directory: Path) -> bool:
    """Make the directory; return whether it was not there."""
    if directory.is_dir():
        if any(directory.iterdir()):
            raise ExportRefused(
                f"{directory} is not empty; an export begins in a new or an empty directory."
            )
        return False
    if directory.exists():
        raise ExportRefused(f"{directory} is not a directory.")
    directory.mkdir(mode=0o700, parents=True)
    return True


class _Part:
    """What was asked for of the events that a tree head of this size has."""

    def __init__(
        self,
        store: Store,
        size: int,
        since: Place | None,
        until: Place | None,
        group_id: str | None,
    ) -> None:
        self.read = store.read
        self.log = log.log_id(self.read)
        self._size = size
        end = merkle.position_of(self.read, size - 1) if size else 0
        first = 1 if since is None else since
        if isinstance(first, datetime):
            first = log.before(self.read, first) + 1
        last = end if until is None else until
        if isinstance(last, datetime):
            last = min(end, log.before(self.read, last + timedelta(microseconds=1)))
        self.filters: dict[str, Any] = {}
        for name, asked, position in (("since", since, first), ("until", until, last)):
            if asked is not None:
                self.filters[name] = position
            if asked is not None and position > end:
                raise ExportRefused(f"--{name} is beyond the end of the log, position {end}.")
        if group_id is not None:
            self.filters["group"] = group_id
        self.after, self.until, self.group_id = first - 1, last, group_id
        self.count = log.count(self.read, after=self.after, until=last, group_id=group_id)
        if group_id is not None and not log.of_group(self.read, group_id, limit=1):
            raise ExportRefused(f"There never was a group {group_id}.")
        self._runs: list[tuple[int, int]] = []

    def batches(self) -> Iterator[list[LoggedEvent]]:
        """Yield the events in order; each batch's leaves are noted for `gaps`."""
        position, wanted = self.after, Wanted(group_id=self.group_id)
        while events := log.after(self.read, position, limit=BATCH, wanted=wanted):
            position = events[-1].position
            events = [event for event in events if event.position <= self.until]
            if not events:
                return
            if self.filters:
                self._note(events)
            yield events

    def _note(self, events: list[LoggedEvent]) -> None:
        if self.group_id is None:
            first = self._number(events[0])
            self._run(first, first + len(events))
        else:
            for event in events:
                number = self._number(event)
                self._run(number, number + 1)

    def _number(self, event: LoggedEvent) -> int:
        number = merkle.number_at(self.read, event.position)
        if number is None:
            raise ExportRefused(f"The tree has no leaf for position {event.position}; run verify.")
        return number

    def _run(self, first: int, last: int) -> None:
        if self._runs and self._runs[-1][1] == first:
            first = self._runs.pop()[0]
        self._runs.append((first, last))

    def gaps(self) -> Iterator[bytes]:
        """Yield a line for each run of leaves that is left out."""
        number = 0
        for first, last in [*self._runs, (self._size, self._size)]:
            if number < first:
                yield orjson.dumps(self._gap(number, first), option=orjson.OPT_APPEND_NEWLINE)
            number = last

    def _gap(self, first: int, last: int) -> dict[str, Any]:
        subtrees, hashes, number = merkle.Subtrees(self.read), [], first
        while number < last:
            width = 1 << (last - number).bit_length() - 1
            if number:
                width = min(width, number & -number)
            hashes.append(base64.b64encode(subtrees.root(number, number + width)).decode())
            number += width
        return {"first": first, "last": last, "hashes": hashes}
