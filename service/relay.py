"""The relay's side of NATS: the stream, and how an event becomes a message at its own place in it.

The broker is the truth about how far it is: the last message of the stream says after which
position to go on. A message is taken only at its own place in the stream and only right behind its
predecessor. So nothing that is lost, repeated or published by somebody else at the same time can
make a gap or another order, and many may be under way at once.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

STREAM = "CUSTOMER_GROUPS"
SUBJECT = "customer-groups.events"

CONFIG = StreamConfig(
    name=STREAM,
    description="Every event of Customer Groups, in order; published by `customer-groups relay`",
    subjects=[f"{SUBJECT}.>"],
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    duplicate_window=120,
    deny_delete=True,
    deny_purge=True,
)
"""The stream as it is made when there is none; an operator may have made it with replicas."""

ACK_SECONDS = 10.0

WRONG_SEQUENCE, WRONG_MESSAGE_ID = 10071, 10070
"""Codes of JetStream."""


class RelayStopped(Exception):
    """It must not or cannot go on; the message is for the operator."""


class BrokerAway(Exception):
    """NATS cannot be reached, or does not do what it is asked to right now."""


class Fenced(Exception):
    """Somebody else has published in the meantime."""


class Cursor(NamedTuple):
    """The end of the stream: its last sequence and, of the event there, position and id.

    The id is known only of what was published since the cursor was read: an idle broker forgets it.
    """

    sequence: int
    position: int
    message_id: str | None = None


class Line(NamedTuple):
    """An event in its published form."""

    position: int
    topic: str
    time: datetime
    body: bytes


class Last(NamedTuple):
    """The last message of the stream: its sequence, its id and its body."""

    sequence: int
    message_id: str
    body: bytes


class Broker:
    """A connection to NATS and the stream there; when the connection breaks, this is over.

    It counts the answers itself: the library loses those that say no to `publish_async`.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stream: JetStreamContext = client.jetstream(timeout=ACK_SECONDS)
        self._inbox = client.new_inbox()
        self._batch = 0
        self._unanswered = 0
        self._outcome: asyncio.Future[None] | None = None

    async def listen(self) -> None:
        """Hear the answers to what will be published."""
        await self._client.subscribe(f"{self._inbox}.*.*", cb=self._answered)

    def check(self) -> None:
        """Raise the library's error when the connection is gone."""
        if not self._client.is_connected:
            raise nats.errors.ConnectionClosedError

    async def lost(self) -> None:
        """Give up waiting for answers."""
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_exception(nats.errors.ConnectionClosedError())

    async def last(self) -> Last | None:
        """Return the last message of the stream, None when it never had one; make the stream.

        Raises `RelayStopped` when the stream cannot tell where it stands.
        """
        try:
            info = await self._stream.stream_info(STREAM)
        except NotFoundError:
            info = await self._stream.add_stream(CONFIG)
        config = info.config
        if (
            config.subjects != CONFIG.subjects
            or config.retention != RetentionPolicy.LIMITS
            or config.max_age
        ):
            raise RelayStopped(
                f"The stream {STREAM} must have the subject {SUBJECT}.> and no other, keep"
                " messages by limits and have no maximal age: its last message is the cursor."
            )
        if not info.state.last_seq:
            return None
        try:
            message = await self._stream.get_msg(STREAM, info.state.last_seq)
        except NotFoundError:
            raise RelayStopped(
                f"The stream {STREAM} has lost its last message, which says where it stands."
                " Remove the stream to publish the log from its beginning."
            ) from None
        message_id = (message.headers or {}).get("Nats-Msg-Id", "")
        return Last(info.state.last_seq, message_id, message.data or b"")

    async def publish(self, log_id: str, lines: Sequence[Line], cursor: Cursor) -> Cursor:
        """Append events behind the cursor. When this raises, any number of them may be there.

        Raises `Fenced`, `RelayStopped`, and the library's errors.
        """
        self._batch += 1
        self._unanswered = len(lines)
        outcome = self._outcome = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(ACK_SECONDS):
                for line in lines:
                    sequence, message_id = cursor.sequence + 1, f"{log_id}:{line.position}"
                    await self._client.publish(
                        f"{SUBJECT}.{line.topic}",
                        line.body,
                        reply=f"{self._inbox}.{self._batch}.{sequence}",
                        headers=headers(line, message_id, cursor),
                    )
                    cursor = Cursor(sequence, line.position, message_id)
                await outcome
        except nats.errors.MaxPayloadError:
            raise RelayStopped(
                f"NATS takes no message as long as the event at position {line.position}, of"
                f" {len(line.body)} bytes; raise its max_payload."
            ) from None
        finally:
            if not outcome.cancel() and not outcome.cancelled():
                outcome.exception()  # it may have come before anybody waited for it
        return cursor

    async def _answered(self, message: Msg) -> None:
        """Take in an answer; the subject says to what."""
        batch, sequence = map(int, message.subject.split(".")[-2:])
        outcome = self._outcome
        if batch != self._batch or outcome is None or outcome.done():
            return
        answer = orjson.loads(message.data or b"{}")
        error = answer.get("error", {})
        self._unanswered -= 1
        if error.get("err_code") in (WRONG_SEQUENCE, WRONG_MESSAGE_ID):
            outcome.set_exception(Fenced())
        elif error or not answer:
            said = error.get("description", f"there is no stream for {SUBJECT}")
            outcome.set_exception(nats.errors.Error(said))
        elif answer.get("duplicate") or answer["seq"] != sequence:
            outcome.set_exception(Fenced())
        elif not self._unanswered:
            outcome.set_result(None)


def headers(line: Line, message_id: str, cursor: Cursor) -> dict[str, str]:
    """Return the headers of a message: what it is, in CloudEvents' words, and its one place.

    The content type says that the body is the whole event, the attributes besides are for those
    who route without reading it. The id of the message before is asked for as well as its
    sequence: a stranger's message among those under way would otherwise stand in for it.
    """
    attributes = orjson.loads(line.body.partition(b',"data":')[0] + b"}")
    fence = {
        "Nats-Msg-Id": message_id,
        "Nats-Expected-Stream": STREAM,
        "Nats-Expected-Last-Sequence": str(cursor.sequence),
    }
    if cursor.message_id is not None:
        fence["Nats-Expected-Last-Msg-Id"] = cursor.message_id
    described = {f"Ce-{name.capitalize()}": value for name, value in attributes.items()}
    return fence | {"Content-Type": "application/cloudevents+json"} | described


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Broker]:
    """Connect to one of the servers, comma-separated. All that the library raises is `BrokerAway`.

    The library does not reconnect: it would send again, behind our back, what is no longer true.
    """
    servers = url.split(",")
    client = Client()
    broker = Broker(client)
    causes: list[Exception] = []

    async def note(error: Exception) -> None:
        causes.append(error)

    try:
        await client.connect(
            servers,
            name="customer-groups relay",
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=5,
            ping_interval=20,
            error_cb=note,
            closed_cb=broker.lost,
        )
        await broker.listen()
        yield broker
    except (nats.errors.Error, OSError) as error:
        places = ", ".join(urlsplit(server).netloc.rpartition("@")[2] for server in servers)
        is_vague = isinstance(error, nats.errors.NoServersError | nats.errors.ConnectionClosedError)
        cause = causes[-1] if causes and is_vague else error
        said = str(cause) or type(cause).__name__
        raise BrokerAway(f"cannot publish to NATS at {places}: {said}") from error
    finally:
        await client.close()
