"""Where the tests of the API ask, and what they read in an answer."""

import re
from typing import Any

import requests

from tests.serving import Api, unique

GROUPS = "/admin/customer-groups"
CUSTOMERS = "/admin/customers"

NO_GROUP = "cusgroup_" + "0" * 26
NO_CUSTOMER = "cus_" + "0" * 26

GROUP_KEYS = ["id", "name", "created_by", "created_at", "updated_at", "deleted_at", "metadata"]
CUSTOMER_KEYS = [
    *("id", "company_name", "first_name", "last_name", "email", "phone", "metadata"),
    *("has_account", "created_by", "created_at", "updated_at", "deleted_at"),
]

ULID = "[0-9A-HJKMNP-TV-Z]{26}"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

Refusal = tuple[int, str, str]


def refusal(answer: requests.Response) -> Refusal:
    """Return status, type and message of an answer that refuses."""
    body = answer.json()
    return answer.status_code, body["type"], body["message"]


def invalid(message: str) -> Refusal:
    """Return what a request of the wrong shape is answered."""
    return 400, "invalid_data", f"Invalid request: {message}"


def group_of(answer: requests.Response) -> dict[str, Any]:
    """Return the group in an answer."""
    assert answer.status_code == 200, answer.text
    return answer.json()["customer_group"]


def customer_of(answer: requests.Response) -> dict[str, Any]:
    """Return the customer in an answer."""
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["customer"]


def listed(answer: requests.Response) -> list[dict[str, Any]]:
    """Return the groups or customers of a list, whatever else it says."""
    assert answer.status_code == 200, answer.text
    return next(iter(answer.json().values()))


def ids(answer: requests.Response) -> list[str]:
    """Return the ids in a list, in its order."""
    return [item["id"] for item in listed(answer)]


def members(api: Api, group_id: str) -> set[str]:
    """Return the ids of a group's members, of whom there are few."""
    return set(ids(api.get(f"{GROUPS}/{group_id}/customers?limit=1000")))


def events(api: Api, group_id: str) -> list[dict[str, Any]]:
    """Return the events of a group, newest first."""
    answer = api.get(f"{GROUPS}/{group_id}/history?limit=1000")
    assert answer.status_code == 200, answer.text
    return answer.json()["events"]


def signed_in(api: Api) -> Api:
    """Return the same API for a browser: with the session cookie, and no token."""
    browser = Api(api.server, None)
    answer = api.post("/auth/session")
    assert answer.status_code == 200, answer.text
    browser.session.cookies.update(answer.cookies)
    api.session.cookies.clear()
    return browser


def keyed(api: Api) -> tuple[dict[str, Any], str]:
    """Return a new API key and its token."""
    answer = api.post("/admin/api-keys", {"title": unique("key"), "type": "secret"})
    assert answer.status_code == 200, answer.text
    key = answer.json()["api_key"]
    return key, key["token"]
