"""The settings: one frozen object, read once from environment variables `CUSTOMER_GROUPS_*`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from projections.stores import InvalidAddress, open_store

PREFIX = "CUSTOMER_GROUPS_"
OF_FOLLOWERS = {PREFIX + "KEY"}
"""Not a setting of the service, but of whoever follows one."""


class InvalidSetting(Exception):
    """A variable has a value that is not accepted; the message names it and what is."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator decides. Each field is the variable of the same name in capitals."""

    database_url: str = "sqlite:///var/customer-groups.db"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    admin_email: str = "admin@localhost"
    admin_password: str | None = None
    secret_key: str | None = None
    unknown_customers: str = "reject"
    nats_url: str | None = None
    allowed_origins: tuple[str, ...] = ()
    max_body_bytes: int = 1024 * 1024
    log_format: str = "console"
    require_reason: bool = False
    allow_at_in_ids: bool = False
    allow_private_webhooks: bool = False

    @property
    def accept_unknown_customers(self) -> bool:
        """Whether customers that the directory does not know may be members."""
        return self.unknown_customers == "accept"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        Raises `InvalidSetting` with one sentence, also for an unknown variable of our prefix.
        """
        known = {PREFIX + field.name.upper(): field.name for field in fields(cls)}
        for variable in environment:
            if variable.startswith(PREFIX) and variable not in {*known, *OF_FOLLOWERS}:
                raise InvalidSetting(
                    f"{variable} is not a setting; the settings are {', '.join(known)}."
                )
        given = {
            name: READ[name](environment[variable], variable)
            for variable, name in known.items()
            if environment.get(variable)
        }
        return cls(**given)


def refuse(variable: str, value: str, accepted: str) -> InvalidSetting:
    """Return the one sentence; a value that may hold a secret is not repeated."""
    shown = "" if variable.endswith(("_URL", "_KEY", "_PASSWORD", "--nats")) else f" not {value!r}"
    return InvalidSetting(f"{variable} accepts {accepted},{shown}.".replace(",.", "."))


def _text(value: str, variable: str) -> str:
    return value


def _number(lowest: int, highest: int) -> Callable[[str, str], int]:
    def read(value: str, variable: str) -> int:
        if not re.fullmatch(r"\d{1,12}", value) or not lowest <= int(value) <= highest:
            raise refuse(variable, value, f"a whole number from {lowest} to {highest}")
        return int(value)

    return read


def _one_of(*words: str) -> Callable[[str, str], str]:
    def read(value: str, variable: str) -> str:
        if value not in words:
            raise refuse(variable, value, " or ".join(words))
        return value

    return read


def _yes(value: str, variable: str) -> bool:
    return _one_of("yes", "no")(value, variable) == "yes"


def _database_url(value: str, variable: str) -> str:
    try:
        open_store(value)
    except InvalidAddress as error:
        raise InvalidSetting(f"{variable} {error}.") from None
    return value


def _nats_url(value: str, variable: str) -> str:
    if not re.fullmatch(r"(nats|tls)://\S+", value):
        raise refuse(variable, value, "an address such as nats://127.0.0.1:4222")
    return value


def _origins(value: str, variable: str) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in value.split(","))
    for origin in origins:
        if not re.fullmatch(r"https?://[^\s/]+", origin):
            raise refuse(variable, value, "origins such as https://admin.example, comma-separated")
    return origins


def _email(value: str, variable: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise refuse(variable, value, "an e-mail address")
    return value


def _long(shortest: int) -> Callable[[str, str], str]:
    def read(value: str, variable: str) -> str:
        if len(value) < shortest:
            raise refuse(variable, value, f"{shortest} characters or more")
        return value

    return read


READ: dict[str, Callable[[str, str], Any]] = {
    "database_url": _database_url,
    "host": _text,
    "port": _number(1, 65535),
    "workers": _number(1, 64),
    "admin_email": _email,
    "admin_password": _long(8),
    "secret_key": _long(32),
    "unknown_customers": _one_of("reject", "accept"),
    "nats_url": _nats_url,
    "allowed_origins": _origins,
    "max_body_bytes": _number(1024, 64 * 1024 * 1024),
    "log_format": _one_of("console", "json"),
    "require_reason": _yes,
    "allow_at_in_ids": _yes,
    "allow_private_webhooks": _yes,
}
