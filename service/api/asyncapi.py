"""`/asyncapi.json`: the ways on which events reach others, as an AsyncAPI 3.0 document."""

from collections.abc import Iterable
from importlib.metadata import version
from inspect import getdoc
from typing import Any

from service.api.eventschemas import EVENTS, FORMS, TEXT, Shape, envelope, exactly
from service.api.openapi.prose import SECURITY_SCHEMES
from service.api.parameters import PARAMETERS

CLOUD_EVENT = "application/cloudevents+json"

DESCRIPTION = """\
Every change of a group is an event, kept for ever. Others follow along by the feed, the stream, a
broker or webhooks: each of them has all events in the order of their `position`, and the same
bytes for the same event, a CloudEvent 1.0 in structured mode. What was published as `.v1` never
changes; a new shape is a new type beside it. `dataschema` names the JSON Schema of `data`.
"""

SERVERS: dict[str, Any] = {
    "service": {
        "host": "{host}",
        "protocol": "http",
        "description": "This service; https where a proxy in front of it ends TLS.",
        "variables": {"host": {"default": "127.0.0.1:8000", "description": "Host and port."}},
    },
    "broker": {
        "host": "{host}",
        "protocol": "nats",
        "description": "NATS with JetStream, filled by `customer-groups relay`.",
        "variables": {"host": {"default": "127.0.0.1:4222", "description": "Host and port."}},
    },
    "receiver": {
        "host": "{host}",
        "protocol": "https",
        "description": "A receiver of webhooks, called by `customer-groups deliver`.",
        "variables": {"host": {"description": "Of the `url` of the webhook."}},
    },
}

CHANNELS: dict[str, tuple[str | None, str, str]] = {
    "feed": ("/events", "service", "Pages of the log, or all of it as lines of NDJSON."),
    "stream": (
        "/events/stream",
        "service",
        "Server-Sent Events: `id` is the position, `event` the type, `data` the CloudEvent. A"
        " comment every 15 s keeps it open. Resume with `Last-Event-ID`; a slow reader is cut off.",
    ),
    "subjects": (
        "customer-groups.events.{event}",
        "broker",
        "The subjects of the JetStream stream `CUSTOMER_GROUPS`, in which each event is once.",
    ),
    "webhook": (None, "receiver", "The URL that a webhook was made with."),
}
"""The address of each channel, its server, and what it is."""

BROKER_HEADERS: Shape = {
    "type": "object",
    "properties": {
        "Nats-Msg-Id": TEXT | {"description": "`<log>:<position>`, by which NATS drops repeats."}
    },
    "patternProperties": {"^Ce-": TEXT | {"description": "The attributes of the CloudEvent."}},
    "required": ["Nats-Msg-Id"],
}
WEBHOOK_HEADERS: Shape = {
    "type": "object",
    "description": "As Standard Webhooks has them.",
    "properties": {
        "webhook-id": TEXT | {"description": "`<log>:<position>`, whenever it is sent."},
        "webhook-timestamp": TEXT | {"description": "Of the attempt, in seconds since 1970."},
        "webhook-signature": TEXT | {"description": "`v1,` and HMAC-SHA256 in Base64."},
    },
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
}

POSITION: Shape = {"type": "integer", "minimum": 0}
CURSOR: dict[str, Shape] = {
    "log": TEXT | {"description": "The id of this log."},
    "next": POSITION | {"description": "The position to go on after."},
    "end": POSITION | {"description": "The position of the newest event."},
}
KEYS = [form.key for form in FORMS]
ANY_EVENT: Shape = {"oneOf": [{"$ref": f"#/components/schemas/{form.key}"} for form in FORMS]}

OF_THE_FEED: dict[str, Any] = {
    "question": {"summary": "A GET with the parameters of the query; a long poll with `wait`."},
    "page": {
        "summary": "A page of events, oldest first.",
        "contentType": "application/json",
        "payload": exactly(CURSOR | {"events": {"type": "array", "items": ANY_EVENT}}),
    },
    "cursor": {
        "summary": "The last line of NDJSON, after those of the events: where to go on.",
        "contentType": "application/json",
        "payload": exactly(CURSOR),
    },
}


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Customer Groups: events",
            "version": version("customer-groups"),
            "description": DESCRIPTION,
        },
        "defaultContentType": CLOUD_EVENT,
        "servers": SERVERS,
        "channels": {
            "feed": channel("feed", OF_THE_FEED | published()),
            "stream": channel("stream", published()),
            "subjects": channel("subjects", published(BROKER_HEADERS))
            | {"parameters": {"event": {"enum": list(EVENTS), "description": "The event's name."}}},
            "webhook": channel("webhook", published(WEBHOOK_HEADERS)),
        },
        "operations": {
            "readFeed": operation("receive", "feed", ["question"])
            | {"reply": answered_with("feed", ["page", "cursor", *KEYS])}
            | asked_by_get("FeedQuery"),
            "followStream": operation("send", "stream", KEYS) | asked_by_get("FollowQuery"),
            "relay": operation("send", "subjects", KEYS),
            "deliver": operation("send", "webhook", KEYS) | bound_to_http(method="POST"),
        },
        "components": {
            "schemas": {form.key: envelope(form.kind, form.data, form.name) for form in FORMS},
            "securitySchemes": {
                name: scheme | ({"type": "httpApiKey"} if scheme["type"] == "apiKey" else {})
                for name, scheme in SECURITY_SCHEMES.items()
            },
        },
    }


def ref(*steps: str) -> dict[str, str]:
    """Return a reference to a part of the document."""
    return {"$ref": "#/" + "/".join(steps)}


def channel(name: str, messages: dict[str, Any]) -> dict[str, Any]:
    """Return one of `CHANNELS`."""
    address, server, description = CHANNELS[name]
    return {
        "address": address,
        "description": description,
        "servers": [ref("servers", server)],
        "messages": messages,
    }


def published(headers: Shape | None = None) -> dict[str, Any]:
    """Return a message for each event, and for each former version of one."""
    return {
        form.key: {
            "name": f"customer-groups.{form.name}",
            "title": form.key,
            "summary": getdoc(form.kind),
            "contentType": CLOUD_EVENT,
            "payload": ref("components", "schemas", form.key),
            **({"headers": headers} if headers else {}),
        }
        for form in FORMS
    }


def operation(action: str, channel: str, messages: Iterable[str]) -> dict[str, Any]:
    """Return what this service does on a channel."""
    return {"action": action} | answered_with(channel, messages)


def answered_with(channel: str, messages: Iterable[str]) -> dict[str, Any]:
    """Return some messages of a channel."""
    return {
        "channel": ref("channels", channel),
        "messages": [ref("channels", channel, "messages", name) for name in messages],
    }


def asked_by_get(query: str) -> dict[str, Any]:
    """Return what an operation says of itself that begins with a GET of somebody known."""
    properties = {
        parameter["name"]: parameter["schema"] | {"description": parameter["description"]}
        for parameter in PARAMETERS[query]
    }
    asked = {"type": "object", "properties": properties, "additionalProperties": False}
    security = [ref("components", "securitySchemes", name) for name in SECURITY_SCHEMES]
    return {"security": security} | bound_to_http(method="GET", query=asked)


def bound_to_http(**binding: Any) -> dict[str, Any]:
    """Return how an operation is spoken in HTTP."""
    return {"bindings": {"http": {**binding, "bindingVersion": "0.3.0"}}}
