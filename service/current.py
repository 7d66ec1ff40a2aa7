"""What a view works with: made once by `create_app`, the same for all requests of a process."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from domain.application import CustomerGroups
from projections.store import Store
from service.accounts import Accounts
from service.settings import Settings

EXTENSION = "customer_groups"


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """One process's settings, store, commands, accounts, and the key that signs tokens."""

    settings: Settings
    store: Store
    groups: CustomerGroups
    accounts: Accounts
    secret_key: str


def wiring() -> Wiring:
    """Return the wiring of the running application."""
    return cast("Wiring", current_app.extensions[EXTENSION])


def settings() -> Settings:
    """Return the settings."""
    return wiring().settings


def store() -> Store:
    """Return the store."""
    return wiring().store


def customer_groups() -> CustomerGroups:
    """Return the commands."""
    return wiring().groups


def accounts() -> Accounts:
    """Return the accounts."""
    return wiring().accounts
