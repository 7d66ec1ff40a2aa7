"""The refusals: well-formed commands the domain says no to.

`code` is public and never changes. Nothing in here knows HTTP: `service/errors.py` holds the one
table that turns a refusal into a status and a body.
"""

from collections.abc import Sequence


class Refused(Exception):
    """A well-formed command the domain says no to; nothing was changed."""

    code = "refused"


class GroupNotFound(Refused):
    """No living group has this id."""

    code = "group-not-found"

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Customer group with id: {group_id} not found")
        self.group_id = group_id


class CustomerNotFound(Refused):
    """The directory knows no customer of this id."""

    code = "customer-not-found"

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"Customer with id: {customer_id} not found")
        self.customer_id = customer_id


class NameTaken(Refused):
    """Another living group has this name."""

    code = "name-taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"Customer group with name: {name}, already exists.")
        self.name = name


class EmailTaken(Refused):
    """Another customer has this e-mail and the same `has_account`."""

    code = "email-taken"

    def __init__(self, email: str, has_account: bool) -> None:
        account = str(has_account).lower()
        super().__init__(f"Customer with email: {email}, has_account: {account}, already exists.")
        self.email = email


class VersionMismatch(Refused):
    """The caller decided on another version of the group than the newest one."""

    code = "version-mismatch"

    def __init__(self, group_id: str, expected: int, current: int) -> None:
        super().__init__(
            f"Customer group {group_id} is at version {current}, not at version {expected}"
        )
        self.group_id = group_id
        self.expected = expected
        self.current = current


class GroupNotDeleted(Refused):
    """Only a deleted group can be restored."""

    code = "group-not-deleted"

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Customer group with id: {group_id} is not deleted")
        self.group_id = group_id


class MetadataTooLarge(Refused):
    """The metadata would outgrow its bounds; `problem` says which."""

    code = "metadata-too-large"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class RequestNotFound(Refused):
    """No request of this id recorded anything."""

    code = "request-not-found"

    def __init__(self, request_id: str) -> None:
        super().__init__(f"Request with id: {request_id} not found: it has changed no group")
        self.request_id = request_id


class ErasureIsFinal(Refused):
    """The request deleted a customer, who is not brought back."""

    code = "erasure-is-final"

    def __init__(self, request_id: str, customer_id: str) -> None:
        super().__init__(
            f"Request {request_id} deleted the customer {customer_id}; that cannot be undone"
        )
        self.request_id = request_id
        self.customer_id = customer_id


class UndoConflict(Refused):
    """Later events changed what the request had changed; `positions` are theirs, newest first."""

    code = "undo-conflict"

    def __init__(self, request_id: str, positions: Sequence[int]) -> None:
        super().__init__(
            f"Request {request_id} cannot be undone, since later events changed the same;"
            f" at position {', '.join(map(str, positions))}"
        )
        self.request_id = request_id
        self.positions = positions
