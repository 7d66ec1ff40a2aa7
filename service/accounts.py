"""Users, API keys and sessions: their tables, hashing and revocation. Nobody joins these tables.

Passwords are hashed with argon2, which is slow on purpose. API keys and session cookies are 256
random bits, which nobody can guess from their SHA-256, so that is how they are kept and found.
"""

import hashlib
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import argon2
import orjson
from ulid import ULID

from domain.context import decided_at
from projections.documents import folded, moment, shown
from projections.store import Store, StoreUnavailable

SCHEMA = (
    """
    CREATE TABLE account (
      id TEXT PRIMARY KEY, email TEXT NOT NULL, email_folded TEXT NOT NULL,
      password_hash TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX account_email ON account (email_folded)",
    """
    CREATE TABLE api_key (
      id TEXT PRIMARY KEY, token_hash TEXT NOT NULL, redacted TEXT NOT NULL, title TEXT NOT NULL,
      created_by TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
      last_used_at BIGINT, revoked_by TEXT, revoked_at TEXT, scopes TEXT NOT NULL DEFAULT 'admin'
    )
    """,
    "CREATE UNIQUE INDEX api_key_token ON api_key (token_hash)",
    """
    CREATE TABLE session (
      token_hash TEXT PRIMARY KEY, user_id TEXT NOT NULL, claims TEXT NOT NULL,
      expires_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE login_failure (
      email_hash TEXT PRIMARY KEY, failures BIGINT NOT NULL, first_at BIGINT NOT NULL
    )
    """,
)
"""Times are the API's own text, or seconds since 1970 where they are compared.

`scopes` are words, separated by blanks.
"""

MIGRATIONS: Mapping[int, Sequence[str]] = {
    2: ("ALTER TABLE api_key ADD COLUMN scopes TEXT NOT NULL DEFAULT 'admin'",)
}
"""The statements that bring older tables to each version of the schema."""

SCOPES = ("groups:read", "groups:write", "events:read", "admin")
"""What a key may do; `admin` everything, `groups:write` also what `groups:read` does."""

SESSION_SECONDS = 10 * 60 * 60

LOGIN_FAILURES = 10
LOGIN_WINDOW_SECONDS = 5 * 60
"""So many wrong passwords for one e-mail from one address within so long, and no more is tried."""

LAST_USED_SECONDS = 60
"""A key's last use is noted at most this often: it would make every read a write."""

KEY = (
    "id, redacted, title, created_by, created_at, updated_at, last_used_at, revoked_by, revoked_at,"
    " scopes"
)


class TooManyLogins(Exception):
    """Too many wrong passwords; `retry_after_seconds` says when to try again."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("Too many wrong passwords for this e-mail; try again later")
        self.retry_after_seconds = retry_after_seconds


class LivingKey(NamedTuple):
    """A key that is not revoked, and what it may do."""

    id: str
    scopes: tuple[str, ...]


class EmailInUse(Exception):
    """A user of this e-mail exists already."""


@dataclass(frozen=True)
class User:
    """Who may sign in; `created_at` and `updated_at` as the API shows them."""

    id: str
    email: str
    created_at: str
    updated_at: str


def _hash_of_nothing(hasher: argon2.PasswordHasher) -> str:
    """Return a hash that no known password has, as slow to compare as any of the hasher's own."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${costs}${salt}${digest}"


class Accounts:
    """The accounts of one database."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._hasher = argon2.PasswordHasher()
        self._nobody = _hash_of_nothing(self._hasher)

    # -- users -------------------------------------------------------------------------------

    def create_user(self, email: str, password: str, *, replace: bool = False) -> User:
        """Create a user, or give an existing one a new password, which ends its sessions.

        Raises `EmailInUse`.
        """
        hashed = self._hasher.hash(password)
        with self.store.deciding():
            now = moment(decided_at.get())
            user = self.user_by_email(email)
            if user is not None and not replace:
                raise EmailInUse(f"A user with the e-mail {email} exists")
            self.store.write(
                "INSERT INTO account VALUES (:id, :email, :folded, :hash, :now, :now)"
                " ON CONFLICT (email_folded) DO UPDATE"
                " SET password_hash = excluded.password_hash, updated_at = excluded.updated_at",
                id=user.id if user else f"user_{ULID.from_datetime(decided_at.get())}",
                email=email,
                folded=folded(email),
                hash=hashed,
                now=now,
            )
            made = self.user_by_email(email)
            if user is not None:
                self.store.write("DELETE FROM session WHERE user_id = :id", id=user.id)
        if made is None:
            raise StoreUnavailable("the user was not stored")
        return made

    def user(self, user_id: str) -> User | None:
        """Return the user of this id."""
        rows = self.store.read(
            "SELECT id, email, created_at, updated_at FROM account WHERE id = :id", id=user_id
        )
        return User(*rows[0]) if rows else None

    def user_by_email(self, email: str) -> User | None:
        """Return the user of this e-mail, in any case."""
        rows = self.store.read(
            "SELECT id, email, created_at, updated_at FROM account WHERE email_folded = :email",
            email=folded(email),
        )
        return User(*rows[0]) if rows else None

    def has_users(self) -> bool:
        """Whether anybody can sign in."""
        return bool(self.store.read("SELECT 1 FROM account LIMIT 1"))

    def login(self, email: str, password: str, address: str) -> User | None:
        """Return the user if the password is right; as slow for an unknown e-mail.

        Wrong passwords count by e-mail and network address, so that nobody can keep the user out
        from elsewhere. Raises `TooManyLogins`.
        """
        email_hash = _hash(f"{folded(email)} {address}")
        self._refuse_too_many(email_hash)
        rows = self.store.read(
            "SELECT id, password_hash FROM account WHERE email_folded = :email",
            email=folded(email),
        )
        try:
            self._hasher.verify(rows[0][1] if rows else self._nobody, password)
        except argon2.exceptions.VerifyMismatchError:
            self._count_failure(email_hash)
            return None
        if not rows:
            return None
        if self.store.read("SELECT 1 FROM login_failure WHERE email_hash = :id", id=email_hash):
            self._note("DELETE FROM login_failure WHERE email_hash = :id", id=email_hash)
        return self.user(rows[0][0])

    def _refuse_too_many(self, email_hash: str) -> None:
        rows = self.store.read(
            "SELECT failures, first_at FROM login_failure WHERE email_hash = :id", id=email_hash
        )
        if rows and rows[0][0] >= LOGIN_FAILURES:
            left = rows[0][1] + LOGIN_WINDOW_SECONDS - int(time.time())
            if left > 0:
                raise TooManyLogins(left)

    def _count_failure(self, email_hash: str) -> None:
        now = int(time.time())
        self._note(
            "DELETE FROM login_failure WHERE first_at <= :oldest", oldest=now - LOGIN_WINDOW_SECONDS
        )
        self._note(
            "INSERT INTO login_failure VALUES (:id, 1, :now) ON CONFLICT (email_hash)"
            " DO UPDATE SET failures = login_failure.failures + 1",
            id=email_hash,
            now=now,
        )

    def _note(self, statement: str, **parameters: Any) -> None:
        """Write what is good to know: a replica or a full disk must not keep anyone out."""
        with suppress(StoreUnavailable), self.store.deciding():
            self.store.write(statement, **parameters)

    # -- API keys ----------------------------------------------------------------------------

    def create_key(
        self, title: str, created_by: str, scopes: Sequence[str] = ("admin",)
    ) -> tuple[dict[str, Any], str]:
        """Make a secret key; return it as the API shows it, and the token, which is shown once."""
        token = f"sk_{secrets.token_hex(32)}"
        with self.store.deciding():
            now = moment(decided_at.get())
            key_id = f"apk_{ULID.from_datetime(decided_at.get())}"
            self.store.write(
                "INSERT INTO api_key VALUES"
                " (:id, :hash, :redacted, :title, :by, :now, :now, NULL, NULL, NULL, :scopes)",
                id=key_id,
                hash=_hash(token),
                redacted=f"{token[:6]}***{token[-3:]}",
                title=title,
                by=created_by,
                now=now,
                scopes=" ".join(sorted(set(scopes), key=SCOPES.index)),
            )
        key = self.key(key_id)
        return key or {}, token

    def key(self, key_id: str) -> dict[str, Any] | None:
        """Return a key as the API shows it, revoked or not."""
        rows = self.store.read(f"SELECT {KEY} FROM api_key WHERE id = :id", id=key_id)
        return _key(rows[0]) if rows else None

    def keys(self, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Return a page of all keys, oldest first, and how many there are."""
        rows = self.store.read(
            f"SELECT {KEY} FROM api_key ORDER BY id LIMIT :limit OFFSET :offset",
            limit=limit,
            offset=offset,
        )
        count = self.store.read("SELECT count(*) FROM api_key")[0][0]
        return [_key(row) for row in rows], count

    def revoke_key(self, key_id: str, revoked_by: str) -> dict[str, Any] | None:
        """Revoke a key for good; a revoked one stays as it is. None for an unknown one."""
        with self.store.deciding():
            self.store.write(
                "UPDATE api_key SET revoked_by = :by, revoked_at = :now, updated_at = :now"
                " WHERE id = :id AND revoked_at IS NULL",
                by=revoked_by,
                now=moment(decided_at.get()),
                id=key_id,
            )
        return self.key(key_id)

    def key_of_token(self, token: str) -> LivingKey | None:
        """Return the living key that this token is, and note that it was used."""
        rows = self.store.read(
            "SELECT id, last_used_at, scopes FROM api_key"
            " WHERE token_hash = :hash AND revoked_at IS NULL",
            hash=_hash(token),
        )
        if not rows:
            return None
        key_id, last_used_at, scopes = rows[0]
        now = int(time.time())
        if now - (last_used_at or 0) >= LAST_USED_SECONDS:
            self._note("UPDATE api_key SET last_used_at = :now WHERE id = :id", now=now, id=key_id)
        return LivingKey(key_id, tuple(scopes.split()))

    def labels(self, actor_ids: set[str]) -> dict[str, str]:
        """Return what people call these actors: a user's e-mail, a key's title."""
        ids = sorted(actor_ids)
        rows = self.store.read(
            "SELECT a.id, a.email FROM each(:ids) JOIN account a ON a.id = each.value"
            " UNION ALL"
            " SELECT k.id, k.title FROM each(:ids) JOIN api_key k ON k.id = each.value",
            ids=ids,
        )
        return dict(rows)

    # -- sessions ----------------------------------------------------------------------------

    def open_session(self, claims: Mapping[str, Any]) -> str:
        """Keep who signed in for 10 hours; return the cookie's value, of which a hash is kept."""
        token = secrets.token_urlsafe(32)
        now = int(time.time())
        with self.store.deciding():
            self.store.write("DELETE FROM session WHERE expires_at <= :now", now=now)
            self.store.write(
                "INSERT INTO session VALUES (:hash, :user, :claims, :expires)",
                hash=_hash(token),
                user=claims["actor_id"],
                claims=orjson.dumps(claims).decode(),
                expires=now + SESSION_SECONDS,
            )
        return token

    def session(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a session that has not ended."""
        rows = self.store.read(
            "SELECT claims FROM session WHERE token_hash = :hash AND expires_at > :now",
            hash=_hash(token),
            now=int(time.time()),
        )
        return orjson.loads(rows[0][0]) if rows else None

    def close_session(self, token: str) -> None:
        """End a session."""
        with self.store.deciding():
            self.store.write("DELETE FROM session WHERE token_hash = :hash", hash=_hash(token))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: tuple[Any, ...]) -> dict[str, Any]:
    id, redacted, title, created_by, created_at, updated_at, last_used, *rest = row
    revoked_by, revoked_at, scopes = rest
    return {
        "id": id,
        "token": "",
        "redacted": redacted,
        "title": title,
        "type": "secret",
        "last_used_at": None if last_used is None else shown(last_used * 1000),
        "created_by": created_by,
        "revoked_by": revoked_by,
        "revoked_at": revoked_at,
        "created_at": created_at,
        "updated_at": updated_at,
        "deleted_at": None,
        "scopes": scopes.split(),
    }
