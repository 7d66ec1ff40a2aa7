"""What somebody tries who means harm: each of these once worked."""

import json
import socket
import stat
import time
from pathlib import Path

import pytest

from tests.api.answers import GROUPS, signed_in
from tests.serving import Api, token_of, until


def sent_raw(server, text: bytes, source: str = "127.0.0.1") -> bytes:
    """The first of what a server answers to these very bytes."""
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, timeout=10, source_address=(source, 0)) as line:
        line.sendall(text)
        return line.recv(65536)


def test_a_text_that_takes_minutes_to_compose_is_refused_unread(api):
    marks = "a" + "\u0301\u0323" * 60_000
    began = time.monotonic()

    answers = [
        api.post("/admin/customers/lookup", {"values": [marks]}),
        api.post(GROUPS, {"name": marks}),
        api.post("/admin/customers", {"email": f"{marks}@shop.example"}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert time.monotonic() - began < 5  # where one of them took 13 s


def test_a_file_is_not_taken_from_a_stranger(sqlite_server):
    head = (
        b"POST /admin/customers/import HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
        b"Content-Length: 10000000000\r\n\r\nid\n"
    )

    answer = sent_raw(sqlite_server, head)

    assert answer.startswith(b"HTTP/1.1 401")


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"-1\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n"])
def test_a_body_whose_framing_makes_no_sense_is_400(sqlite_server, chunk):
    token = token_of(sqlite_server).encode()
    head = (
        b"POST /admin/customer-groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
        + token
        + b"\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )

    assert sent_raw(sqlite_server, head + chunk).startswith(b"HTTP/1.1 400")


def test_a_new_password_ends_sessions_and_keeps_older_tokens_from_living_on(start):
    server = start()
    old = Api(server, token_of(server))
    browser = signed_in(old)
    issued = time.time()
    until(lambda: time.time() > issued + 1)  # tokens are dated to the second: make this one older

    changed = server.cli(
        "create-user", server.admin_email, "--replace", "--password", "another long password"
    )

    assert changed.returncode == 0, changed.stderr
    assert browser.get(GROUPS).status_code == 401
    assert old.post("/auth/token/refresh").status_code == 401
    assert old.post("/auth/session").status_code == 401


def test_nobody_keeps_the_admin_out_from_another_address(start):
    server = start()
    guess = json.dumps({"email": server.admin_email, "password": "wrong password"}).encode()
    head = (
        b"POST /auth/user/emailpass HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(guess)
    )

    guesses = [sent_raw(server, head + guess, source="127.0.0.2")[9:12] for _ in range(11)]

    assert guesses == [b"401"] * 10 + [b"429"]
    assert token_of(server)


def test_a_link_that_would_choke_a_proxy_is_left_out(api):
    groups = [api.group()["id"], api.group()["id"]]
    strangers = [f"cusgroup_{number:026}" for number in range(200)]

    few = api.get(GROUPS, params={"limit": 1, "id[]": groups})
    many = api.get(GROUPS, params={"limit": 1, "id[]": [*groups, *strangers]})

    assert (few.json()["count"], many.json()["count"]) == (2, 2)
    assert "Link" in few.headers
    assert "Link" not in many.headers


def test_the_files_of_an_embedded_database_are_for_its_owner_alone(start, tmp_path):
    server = start()
    Api(server, token_of(server)).group()

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in Path(tmp_path).glob("groups.db*")
    }

    assert modes
    assert set(modes.values()) == {0o600}, modes
