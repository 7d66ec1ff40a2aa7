"""/health: does the process live, and can it work."""

import pytest

OK = (200, "OK", "text/plain; charset=utf-8")


def said(answer):
    return answer.status_code, answer.text, answer.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/health/"])
def test_a_healthy_service_says_ok_to_anybody(anonymous, path):
    assert said(anonymous.get(path)) == OK


@pytest.fixture
def another_version(server):
    """The database as a newer program would leave it, for the length of a test."""
    change = "UPDATE property SET value = :version WHERE name = 'schema_version'"
    with server.store() as store:
        (version,) = store.read("SELECT value FROM property WHERE name = 'schema_version'")[0]
        with store.defining():
            store.execute(change, {"version": "999"})
        try:
            yield
        finally:
            with store.defining():
                store.execute(change, {"version": version})


@pytest.mark.usefixtures("another_version")
def test_a_service_is_not_ready_when_the_schema_is_not_its_own(anonymous):
    answer = anonymous.get("/health/ready")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "newer version" in answer.json()["message"]
    assert answer.headers["Retry-After"] == "1"
    assert said(anonymous.get("/health/live")) == OK
    assert said(anonymous.get("/health")) == OK


def test_a_service_is_ready_again_once_the_schema_is_its_own(anonymous):
    assert said(anonymous.get("/health/ready")) == OK
