"""`GET /events` as those who follow a service over the network ask for it, with stdlib alone."""

import base64
import http.client
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

PAGE = 500
WAIT_SECONDS = 30
PATIENCE_SECONDS = WAIT_SECONDS + 15.0
LONGEST_RETRY_AFTER_SECONDS = 60.0


class FollowStopped(Exception):
    """It cannot go on by itself; the message says why, and what to do."""


class Away(Exception):
    """The service did not answer, or not now."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Place(NamedTuple):
    """How far somebody has come: a position, and in which log, None before the first answer."""

    log: str | None
    position: int


class Page(NamedTuple):
    """Events as (position, published line), and the place that they lead to."""

    events: list[tuple[int, bytes]]
    reached: Place


class Feed:
    """`GET /events` of a service, for whoever has a key. Redirects are not followed: the key."""

    def __init__(self, url: str, key: str, wanted: Sequence[tuple[str, str]] = ()) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or "@" in url or parts.query:
            raise FollowStopped("--url accepts an address such as https://groups.example:8000.")
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        self._connection = kinds[parts.scheme](host, port, timeout=PATIENCE_SECONDS)
        self._path = parts.path.rstrip("/") + "/events?"
        credentials = base64.b64encode(f"{key}:".encode()).decode()
        self._headers = {"Authorization": f"Basic {credentials}", "Accept": "application/json"}
        self._wanted = [*wanted, ("limit", str(PAGE))]

    def page(self, place: Place) -> Page:
        """Return what comes after a place, or after 30 s that nothing has come.

        A place of which the log is not known yet gets it at once.
        Raises `Away` when it is worth another attempt, else `FollowStopped`.
        """
        asked = [("after", str(place.position)), *self._wanted]
        if place.log is not None:
            asked += [("log", place.log), ("wait", str(WAIT_SECONDS))]
        try:
            self._connection.request("GET", self._path + urlencode(asked), headers=self._headers)
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as problem:
            self._connection.close()
            raise Away(f"{type(problem).__name__}: {problem}") from None
        status = response.status
        if status == 200:
            try:
                return page_of(body)
            except (ValueError, LookupError, TypeError):
                raise Away("the answer is not a page of events") from None
        if status >= 500 or status in (408, 429):
            after = response.headers.get("Retry-After", "")
            seconds = float(after) if after.isascii() and after.isdigit() else 0.0
            raise Away(f"the service answered {status}", min(seconds, LONGEST_RETRY_AFTER_SECONDS))
        raise FollowStopped(sentence(status, body, place))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def page_of(body: bytes) -> Page:
    """Return a page, of each event the very bytes that the service has sent."""
    text = body.decode()
    whole = json.loads(text)
    events, decoder, label = [], json.JSONDecoder(), '"events":['
    start = text.index(label) + len(label)
    for event in whole["events"]:
        _, end = decoder.raw_decode(text, start)
        events.append((int(event["data"]["position"]), text[start:end].encode()))
        start = end + 1  # the comma
    return Page(events, Place(str(whole["log"]), int(whole["next"])))


def sentence(status: int, body: bytes, place: Place) -> str:
    """Return why a service that answered so will not answer otherwise."""
    said: Any = None
    with suppress(ValueError, LookupError, TypeError):
        said = json.loads(body)["message"]
    if status == 401:
        return "The service does not know the key in CUSTOMER_GROUPS_KEY."
    if status == 403:
        return f"The key in CUSTOMER_GROUPS_KEY may not read events: {said or status}."
    if status == 409:
        where = f"position {place.position}" + (f" of {place.log}" if place.log else "")
        return f"The service cannot go on after {where}: {said or status}."
    return f"The service answered {status}, is --url its address? {said or ''}".rstrip()
