"""Sending a request to an address that somebody else has chosen, without being led astray.

Only public addresses are connected to, and the one that was checked: the name is looked up once,
so nobody can answer differently the second time. Redirects are not followed. Everything has an end.
"""

import http.client
import io
import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

LONGEST_URL = 2048
LONGEST_ERROR = 200
EXCERPT_BYTES = 4096

RESOLVE_SECONDS = 5.0
"""How long the name of a new webhook may take to be looked up."""

PORTS = {"http": 80, "https": 443}

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]")
_PLAIN = re.compile(r"[!-\[\]^-~]+")  # visible ASCII but the backslash, which some read as a slash
_UNSHOWN = re.compile(r"[^ -~\xa1-\uffff]+")

Sockaddr = tuple[Any, ...]


class AddressRefused(Exception):
    """A name that does not resolve, or resolves to where nothing is to be sent."""


class Answered(NamedTuple):
    """What came of a request: `error` is None for 2xx; `retry_after` are the seconds asked for."""

    status: int | None
    error: str | None
    duration_ms: int
    retry_after: float | None = None


@dataclass(frozen=True)
class Ends:
    """When a request is given up: as a whole, and when nothing moves."""

    at: float
    step_seconds: float

    def left(self) -> float:
        """Return how many seconds the next step may take. Raises `TimeoutError`."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return min(left, self.step_seconds)


def url_problem(url: str) -> str | None:
    """Return what a URL must be, unless it is that."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "an address such as https://shop.example/hook"
    if parts.scheme not in PORTS or not parts.hostname or not _PLAIN.fullmatch(url):
        return "an address such as https://shop.example/hook, in ASCII"
    if "@" in parts.netloc:
        return "an address without a user or password: deliveries are signed"
    host = parts.netloc.removesuffix(":") if port is None else parts.netloc.rpartition(":")[0]
    if not _HOST.fullmatch(host) or port == 0 or "#" in url:
        return "an address such as https://shop.example/hook, without a fragment"
    return None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, in whatever it may be wrapped."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved
    if ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    if ip.sixtofour is not None:
        return is_public(str(ip.sixtofour))
    # neither mapped, Teredo, unique local, link-local nor multicast
    return ip in _GLOBAL_UNICAST and ip.is_global and ip.teredo is None


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def addresses(parts: SplitResult, seconds: float, *, allow_private: bool) -> list[Sockaddr]:
    """Return where to connect to. Raises `AddressRefused` when any of it is not public."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    found: queue.SimpleQueue[list[Sockaddr] | None] = queue.SimpleQueue()

    def look_up() -> None:  # in a thread, because it cannot be told when to give up
        answer = None
        with suppress(OSError, UnicodeError):
            answer = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.put(answer)

    threading.Thread(target=look_up, name="lookup", daemon=True).start()
    try:
        resolved = found.get(timeout=seconds)
    except queue.Empty:
        resolved = None
    if not resolved:
        raise AddressRefused(f"{host} does not resolve to an address")
    if not allow_private and not all(is_public(str(entry[4][0])) for entry in resolved):
        raise AddressRefused(f"{host} is not a public address")
    return resolved


def refuse_private(url: str) -> None:
    """Raise `AddressRefused` unless the URL leads to public addresses, today."""
    addresses(urlsplit(url), RESOLVE_SECONDS, allow_private=False)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow_private: bool,
    step_seconds: float,
    total_seconds: float,
) -> Answered:
    """Post a body and return what came of it; never raises, and takes no longer than `total`."""
    began = time.monotonic()
    ends = Ends(began + total_seconds, step_seconds)
    status, error, retry_after = None, None, None
    try:
        parts = urlsplit(url)
        found = addresses(parts, ends.left(), allow_private=allow_private)
        with _connected(parts, found, ends) as connection:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, body, dict(headers))
            response = connection.getresponse()
            status = response.status
            if not 200 <= status < 300:
                retry_after = _retry_after(response.headers.get("Retry-After"))
                error = f"answered {status} {response.reason}".strip()
                if 300 <= status < 400:
                    error += ", redirects are not followed"
                else:
                    excerpt = ""
                    with suppress(OSError, http.client.HTTPException):
                        excerpt = response.read1(EXCERPT_BYTES).decode(errors="replace")
                    error = f"{error}: {excerpt}" if excerpt else error
    except TimeoutError:
        error = f"no answer in {time.monotonic() - began:.1f} s"
    except (OSError, http.client.HTTPException, ValueError, AddressRefused) as problem:
        error = f"{type(problem).__name__}: {problem}"
    if error is not None:
        error = _UNSHOWN.sub(" ", error)[:LONGEST_ERROR]
    return Answered(status, error, round((time.monotonic() - began) * 1000), retry_after)


@contextmanager
def _connected(
    parts: SplitResult, found: list[Sockaddr], ends: Ends
) -> Iterator[http.client.HTTPConnection]:
    """Connect to one of the addresses; `Host` and the certificate's name are the URL's."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    opened = _opened(found, ends)
    try:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            opened.settimeout(ends.left())
            opened = _tls().wrap_socket(opened, server_hostname=host)
        connection = kind(host, port)
        connection.sock = Bounded(opened, ends)
        yield connection
    finally:
        opened.close()


def _opened(found: list[Sockaddr], ends: Ends) -> socket.socket:
    problem: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(ends.left())
            opened.connect(address)
        except OSError as error:
            opened.close()
            problem = error
        else:
            return opened
    raise problem


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class Bounded:
    """What `http.client` takes for a socket; one that drips is given up in time too."""

    def __init__(self, opened: socket.socket, ends: Ends) -> None:
        self._socket = opened
        self._ends = ends

    def sendall(self, data: bytes) -> None:
        """Send everything. Raises `TimeoutError`."""
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._ends.left())
            view = view[self._socket.send(view) :]

    def receive(self, buffer: memoryview) -> int:
        """Read what is there. Raises `TimeoutError`."""
        self._socket.settimeout(self._ends.left())
        return self._socket.recv_into(buffer)

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        """Return what to read the answer from."""
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Leave it open: `http.client` closes before the body of a last answer was read."""


class _Incoming(io.RawIOBase):
    def __init__(self, bounded: Bounded) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.receive(buffer)


def _retry_after(text: str | None) -> float | None:
    """Return the seconds that a header asks for, in either of its forms."""
    if not text:
        return None
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return float(text)
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    return None
