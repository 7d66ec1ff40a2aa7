"""The bodies of requests. Each schema is the shape of one; `load` checks it or raises `Invalid`."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validates_schema

from service.accounts import SCOPES
from service.api.eventschemas import EVENTS
from service.api.problems import Checked, refusal
from service.api.values import (
    LONGEST_TEXT,
    Email,
    Flag,
    GroupName,
    Metadata,
    OneOf,
    Position,
    SomeOf,
    Text,
    Texts,
    WebhookUrl,
)

MOST_LINKS = 10_000


class CreateGroup(Checked):
    """A group to create."""

    name = GroupName(required=True)
    metadata = Metadata("Stored as it is; left out, it is null.", load_default=None)


class UpdateGroup(Checked):
    """What to change of a group; what is left out stays."""

    name = GroupName()
    metadata = Metadata(
        'Merged at the top level: given keys replace, "" deletes a key, null clears all.'
    )


class PatchGroup(Checked):
    """An RFC 7396 merge patch of a group."""

    name = GroupName()
    metadata = Metadata("Merged at every level: null removes a key; null itself clears all.")


class RestoreGroup(Checked):
    """How to bring a deleted group back; without a name under the one it had."""

    name = GroupName()


class Undo(Checked):
    """Which request to take back."""

    request_id = Text("`X-Request-Id` of its answer, `request_id` of its events.", required=True)


class BatchLink(Checked):
    """Customers to add to a group and to remove from it, all or nothing.

    Loads to two lists without repeats, `add` and `remove`. An id that no customer can have is not
    refused here: in `add` the command does not find it, in `remove` it changes nothing.
    """

    add = Texts("Ids to add; those already there stay.", most=MOST_LINKS, load_default=list)
    remove = Texts("Ids to remove; those not there stay.", most=MOST_LINKS, load_default=list)

    what = "Customer"

    @validates_schema
    def _check_together(self, values: dict[str, list[str]], **_kwargs: Any) -> None:
        add, remove = values["add"], values["remove"]
        together = len(add) + len(remove)
        if together > MOST_LINKS:
            raise refusal(
                f"'add' and 'remove' together accept up to {MOST_LINKS:,} ids, got: {together:,}"
            )
        adding = set(add)
        for index, id in enumerate(remove):
            if id in adding:
                raise refusal(f"{self.what} {id} is in both add and remove", "remove", index)


class BatchLinkGroups(BatchLink):
    """The mirror: groups that a customer joins and leaves."""

    what = "Customer group"


class CustomerFields(Checked):
    """The fields of a customer that anyone may write; only what is given is loaded."""

    email = Email("Trimmed.", trimmed=True, nfc=True, allow_none=True, examples=["ada@example.com"])
    company_name = Text("The customer's company.", allow_none=True)
    first_name = Text("First name.", allow_none=True, examples=["Ada"])
    last_name = Text("Last name.", allow_none=True, examples=["Lovelace"])
    phone = Text("Trimmed.", trimmed=True, allow_none=True)
    metadata = Metadata("Anything else about the customer.")


class UpdateCustomer(CustomerFields):
    """What to change of a customer; what is left out stays."""

    additional_data = fields.Raw(
        allow_none=True, metadata={"description": "Accepted for Medusa's sake and ignored."}
    )

    def checked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is given, without `additional_data`."""
        values = super().checked(data)
        values.pop("additional_data", None)
        return values


class CreateCustomer(UpdateCustomer):
    """A customer to create; loads to every field, null where left out."""

    def checked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return every field, null where left out."""
        return NOTHING_SAID | super().checked(data)


class PutCustomer(CreateCustomer):
    """A customer as it is elsewhere; loads to every field, null where left out."""

    has_account = Flag("Whether the customer can sign in.", load_default=False)


class CustomerRow(CustomerFields):
    """One line of an import; only the fields it has are loaded."""

    id = Text("The customer's id.", allow_none=True)
    has_account = Flag("Whether the customer can sign in.")


class Lookup(Checked):
    """Ids or e-mail addresses to find customers by, answered in this order."""

    values = Texts(
        "Ids or e-mail addresses.",
        fewest=1,
        most=1_000,
        longest=LONGEST_TEXT,
        distinct=False,
        required=True,
    )
    group_id = Text("Says of each customer whether it is in this group.")


class MembershipCheck(Checked):
    """Asks which of these customers are in which of these groups."""

    customer_ids = Texts("Ids of customers.", most=1_000, required=True)
    group_ids = Texts("Ids of groups.", most=100, required=True)


class Login(Checked):
    """The credentials of a user."""

    email = Text("The user's e-mail address.", trimmed=True, required=True)
    password = Text("The password.", longest=1_024, secret=True, required=True)


class CreateApiKey(Checked):
    """A secret API key to make."""

    title = Text("What the key is for.", shortest=1, trimmed=True, required=True)
    type = OneOf("Only secret keys exist here.", ["secret"], required=True)
    scopes = SomeOf(
        "What the key may do; `admin` everything, `groups:write` also what `groups:read` does.",
        SCOPES,
        load_default=("admin",),
    )


class UpdateWebhook(Checked):
    """What to change of a webhook; what is left out stays."""

    url = WebhookUrl()
    types = SomeOf("Types of events to send; null sends all.", tuple(EVENTS), allow_none=True)
    group_id = Text("Sends this group's events only; null all.", shortest=1, allow_none=True)


class CreateWebhook(UpdateWebhook):
    """A webhook to make."""

    url = WebhookUrl(required=True)
    after = Position("Begins after this position; left out, with what happens from now on.")


class ResendWebhook(Checked):
    """Where in the log a webhook goes on."""

    after = Position("Sends again what came after this position.", required=True)


NOTHING_SAID = dict.fromkeys(CustomerFields().fields)
