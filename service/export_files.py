"""The files of an export while they are written: whole, and on the disk, or no export."""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from projections import log
from projections.log import LoggedEvent
from service.manifest import File

FILE_EVENTS = 1_000_000


class Files:
    """The files of an export while they are written, each on the disk before the next begins."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.done: list[File] = []
        self._made: list[Path] = []
        self._stream: BinaryIO | None = None

    def write(self, events: list[LoggedEvent], identity: str) -> None:
        """Add the published lines of the next events."""
        while events:
            if self._stream is None:
                self._begin(events[0])
            assert self._stream is not None  # noqa: S101  # `_begin` has opened it
            now, events = events[: FILE_EVENTS - self._events], events[FILE_EVENTS - self._events :]
            lines = b"".join([log.published(event, identity) + b"\n" for event in now])
            self._stream.write(lines)
            self._digest.update(lines)
            self._bytes += len(lines)
            self._events += len(now)
            self._last = now[-1].position
            if self._events == FILE_EVENTS:
                self.end()

    def _begin(self, event: LoggedEvent) -> None:
        path = self.directory / f"events-{len(self.done) + 1:06}.ndjson"
        self._stream = path.open("xb")
        self._made.append(path)
        self._digest, self._events, self._bytes = sha256(), 0, 0
        self._first = self._last = event.position

    def end(self) -> None:
        """Bring the open file to the disk."""
        if self._stream is None:
            return
        _to_disk(self._stream)
        self._stream = None
        self.done.append(
            File(
                name=self._made[-1].name,
                events=self._events,
                bytes=self._bytes,
                first_position=self._first,
                last_position=self._last,
                sha256=self._digest.hexdigest(),
            )
        )

    def keep(self, name: str, content: bytes) -> None:
        """Write a whole file: it is there with all of its content, or not at all."""
        part = self.directory / f"{name}.part"
        self._made += [part, self.directory / name]
        with part.open("xb") as stream:
            stream.write(content)
            _to_disk(stream)
        part.rename(self.directory / name)
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        """Take away what was written."""
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
        for path in self._made:
            path.unlink(missing_ok=True)


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()
