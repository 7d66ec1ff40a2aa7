"""The files of the pages, read and compressed once, under a version that changes with any of them.

Whoever asks for a file by its version may keep it for ever.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from posixpath import dirname, join, normpath

from flask import Response, request

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}

START = "js/main.js"

IMPORT = re.compile(
    r"""^(?:import|export)\s(?:[^;'"()]*\sfrom\s)?\s*['"](\.[^'"]+)['"]""", re.MULTILINE
)
"""What a module imports, or exports again, before it runs."""


@dataclass(frozen=True)
class File:
    """One file, as it is sent."""

    content: bytes
    content_type: str

    @cached_property
    def compressed(self) -> bytes:
        """The content in the format of gzip."""
        return gzip.compress(self.content, compresslevel=9, mtime=0)

    def answer(self, cache_control: str) -> Response:
        """Return the file, compressed for whoever takes that."""
        takes_gzip = request.accept_encodings["gzip"] > 0
        response = Response(
            self.compressed if takes_gzip else self.content, content_type=self.content_type
        )
        if takes_gzip:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = cache_control
        return response


@dataclass(frozen=True)
class Assets:
    """All files by their path; `version` is a digest of them all."""

    files: Mapping[str, File]
    version: str

    @classmethod
    def below(cls, directory: Path) -> "Assets":
        """Read the style sheets and modules below a directory."""
        files, digest = {}, hashlib.sha256()
        for path in sorted(directory.rglob("*")):
            if path.suffix not in TYPES or not path.is_file():
                continue
            name, content = path.relative_to(directory).as_posix(), path.read_bytes()
            files[name] = file = File(content, TYPES[path.suffix])
            digest.update(b"%s\0%d\0%s" % (name.encode(), len(content), content))
            _ = file.compressed  # now, not while somebody waits
        return cls(files, digest.hexdigest()[:12])

    def imported(self, *names: str) -> list[str]:
        """Return the modules that these need before they run, themselves first, each once."""
        found, left = [], [*names]
        while left:
            at = left.pop(0)
            if at in found or at not in self.files:
                continue
            found.append(at)
            source = self.files[at].content.decode()
            left += [normpath(join(dirname(at), to)) for to in IMPORT.findall(source)]
        return found
