"""The commands as the world gives them: each call is a request of its own, by somebody."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ulid import ULID

from domain.application import CustomerGroups
from domain.context import Context, context

ADMIN = "user_admin"


@contextmanager
def asking(by: str = ADMIN, request_id: str | None = None, **more: str | None) -> Iterator[str]:
    """Be in a request of `by`; gives its id. `more` is the rest of `domain.context.Context`."""
    request_id = request_id or str(ULID())
    token = context.set(Context(actor={"type": "user", "id": by}, request_id=request_id, **more))
    try:
        yield request_id
    finally:
        context.reset(token)


class Asking:
    """`CustomerGroups` of which each command is a request: `create_group("VIP", by="user_eve")`."""

    def __init__(self, application: CustomerGroups) -> None:
        self.application = application

    def __getattr__(self, name: str) -> Any:
        command = getattr(self.application, name)
        request = ("by", "request_id", "correlation_id", "traceparent", "reason")

        def ask(*arguments: Any, **named: Any) -> Any:
            about = {key: named.pop(key) for key in request if key in named}
            with asking(**about):
                return command(*arguments, **named)

        return ask
