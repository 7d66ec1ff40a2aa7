"""How an event's state is written in the log: JSON of a fixed shape, so that it can be spliced.

`{"timestamp":"2026-11-22T04:28:36.211482Z", <the event's own fields>, "actor":...,
"request_id":..., "correlation_id":..., "traceparent":..., "reason":...}`. The first 43 bytes are
always the time. From version 2 of an event on, `"class_version":2,` comes right behind it.
"""

from datetime import UTC, datetime
from typing import Any

import orjson
from eventsourcing.persistence import Transcoder

ENVELOPE = ("actor", "request_id", "correlation_id", "traceparent", "reason")


class EventTranscoder(Transcoder):
    """JSON by orjson: faster than the library's own, and times as plain RFC 3339 text."""

    def encode(self, obj: Any) -> bytes:
        """Return the state of an event as JSON, its time first and its envelope last."""
        state = {"timestamp": rfc3339(obj["timestamp"])}
        if "class_version" in obj:
            state["class_version"] = obj["class_version"]
        state |= {
            key: value
            for key, value in obj.items()
            if key not in ENVELOPE and key not in ("timestamp", "originator_topic")
        }
        state |= {key: obj[key] for key in ENVELOPE}
        return orjson.dumps(state)

    def decode(self, data: bytes) -> Any:
        """Return the state of an event as it was encoded."""
        state = orjson.loads(data)
        state["timestamp"] = datetime.fromisoformat(state["timestamp"])
        return state


def rfc3339(time: datetime) -> str:
    """Return the time in UTC with microseconds, always 27 characters."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
