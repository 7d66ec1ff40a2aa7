"""`customer-groups`: every command, what it prints and how it ends."""

import base64
import json
import os
import re
import sqlite3
import stat
from dataclasses import fields
from pathlib import Path

import jwt
import pytest
import requests
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from domain.application import CustomerGroups
from projections import log
from projections.stores import open_store
from service.cli import main
from service.settings import PREFIX, InvalidSetting, Settings
from tests.api.answers import GROUPS
from tests.asking import Asking
from tests.serving import ADMIN_EMAIL, ADMIN_PASSWORD, Api, Server, signed_in, unique

COMMANDS = {
    "serve",
    "init-db",
    "rebuild",
    "verify",
    "import-customers",
    "export-customers",
    "export",
    "import",
    "replay",
    "diff",
    "create-user",
    "create-api-key",
    "deliver",
    "follow",
    "demo",
}


def run(*arguments, typed=None, **settings):
    """Run a command in this process; settings are without their prefix."""
    environment = {name: None for name in os.environ if name.startswith(PREFIX)}
    environment |= {PREFIX + name: value for name, value in settings.items()}
    return CliRunner().invoke(main, [*arguments], env=environment, input=typed)


def said(result):
    """The one sentence that a command ended with."""
    assert result.exit_code == 1, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0].removeprefix("Error: ")


# Help


def test_the_commands_are_those_of_the_issue():
    assert set(main.commands) >= COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_help_of_a_command_teaches(command):
    helped = run(command, "--help")

    assert helped.exit_code == 0
    text = helped.output.partition("Options:")[0]
    assert len(text.split()) > 15, "says what it does, when to use it, what to expect"
    for parameter in main.commands[command].params:
        described = helped.output.replace("\n", " ")
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{parameter.name} says nothing"
        else:
            assert parameter.human_readable_name.upper() in described
    assert run(command, "-h").output == helped.output


def test_the_help_as_a_whole_leads_to_a_first_look():
    helped = run("--help").output

    for word in ("customer-groups serve", "demo", "/docs", PREFIX, *COMMANDS):
        assert word in helped
    assert run("--version").output.strip()


# Settings

WRONG = [
    ("DATABASE_URL", "mysql://x/y", "sqlite:///path"),
    ("DATABASE_URL", "sqlite://shop.db", "postgresql://"),
    ("DATABASE_URL", "postgresql://host", "postgresql://user@host:5432/database"),
    ("DATABASE_URL", "groups.db", "sqlite:///path"),
    ("PORT", "0", "from 1 to 65535"),
    ("PORT", "65536", "from 1 to 65535"),
    ("PORT", "http", "a whole number"),
    ("PORT", "8000.0", "a whole number"),
    ("WORKERS", "0", "from 1 to 64"),
    ("WORKERS", "many", "a whole number"),
    ("ADMIN_EMAIL", "admin", "an e-mail address"),
    ("ADMIN_PASSWORD", "short", "8 characters or more"),
    ("SECRET_KEY", "too short a key", "32 characters or more"),
    ("UNKNOWN_CUSTOMERS", "maybe", "reject or accept"),
    ("NATS_URL", "http://127.0.0.1", "nats://127.0.0.1:4222"),
    ("ALLOWED_ORIGINS", "admin.example", "https://admin.example"),
    ("ALLOWED_ORIGINS", "https://a.example/path", "https://admin.example"),
    ("MAX_BODY_BYTES", "1", "from 1024"),
    ("MAX_BODY_BYTES", "1MiB", "a whole number"),
    ("LOG_FORMAT", "xml", "console or json"),
    ("REQUIRE_REASON", "true", "yes or no"),
    ("ALLOW_AT_IN_IDS", "1", "yes or no"),
    ("ALLOW_PRIVATE_WEBHOOKS", "true", "yes or no"),
]
ANY_TEXT = {"HOST"}


@pytest.mark.parametrize(("name", "value", "accepted"), WRONG)
def test_a_wrong_setting_stops_the_start_with_one_sentence(name, value, accepted):
    sentence = said(run("serve", **{name: value}))

    assert sentence.startswith(f"{PREFIX}{name} accepts ")
    assert accepted in sentence
    assert sentence.endswith(".")
    if name in ("ADMIN_PASSWORD", "SECRET_KEY", "DATABASE_URL", "NATS_URL"):
        assert value not in sentence, "may hold a secret"
    else:
        assert value in sentence


def test_every_setting_is_in_the_table_of_wrong_ones():
    settings = {field.name.upper() for field in fields(Settings)}

    assert {name for name, _, _ in WRONG} | ANY_TEXT == settings


@given(
    st.sampled_from([field.name.upper() for field in fields(Settings)]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)
def test_any_text_is_a_setting_or_refused_by_the_name_of_its_variable(name, text):
    try:
        Settings.from_environment({PREFIX + name: text})
    except InvalidSetting as refusal:
        assert str(refusal).startswith(f"{PREFIX}{name} accepts ")  # noqa: PT017


@pytest.mark.parametrize("command", ["serve", "init-db", "verify", "rebuild", "demo"])
def test_every_command_reads_the_settings_first(command):
    assert said(run(command, PORT="x")).startswith("CUSTOMER_GROUPS_PORT accepts")


def test_an_unknown_setting_stops_the_start_and_names_those_there_are():
    sentence = said(run("serve", PROT="8000"))

    assert sentence.startswith("CUSTOMER_GROUPS_PROT is not a setting")
    for field in fields(Settings):
        assert PREFIX + field.name.upper() in sentence


def test_an_empty_setting_counts_as_unset():
    assert Settings.from_environment({f"{PREFIX}PORT": "", f"{PREFIX}SECRET_KEY": ""}) == Settings()


def test_a_host_that_is_nowhere_stops_the_start_with_one_sentence(tmp_path):
    url = f"sqlite:///{tmp_path}/groups.db"
    sentence = said(run("serve", HOST="999.999.1.1", ADMIN_PASSWORD="x" * 9, DATABASE_URL=url))

    assert sentence.startswith("CUSTOMER_GROUPS_HOST accepts ")
    assert "999.999.1.1" in sentence


# Databases that are not as they should be


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/none/groups.db", "postgresql://postgres@127.0.0.1:1/shop"]
)
@pytest.mark.parametrize("command", ["serve", "init-db", "verify", "rebuild", "demo"])
def test_a_database_that_cannot_be_reached_is_one_sentence(command, url):
    sentence = said(run(command, DATABASE_URL=url))

    beginnings = ("cannot open", "There is no database at", "cannot reach the database")
    assert sentence.startswith(beginnings)
    assert "/proc/none/groups.db" in sentence or "postgres" in url


@pytest.mark.parametrize("command", ["verify", "rebuild", "demo", "create-api-key"])
def test_a_database_that_is_not_there_is_one_sentence_and_is_not_made(tmp_path, command):
    arguments = ["Title"] if command == "create-api-key" else []
    url = f"sqlite:///{tmp_path / 'groups.db'}"

    sentence = said(run(command, *arguments, DATABASE_URL=url))

    assert sentence == (
        f"There is no database at {tmp_path}/groups.db; `customer-groups init-db` makes one."
    )
    assert list(tmp_path.iterdir()) == []


def test_serve_on_postgresql_without_init_db_is_one_sentence(postgres):
    sentence = said(run("serve", DATABASE_URL=postgres.create_database()))

    assert sentence == "The database is empty; run `customer-groups init-db` first."


def set_property(store, name, value):
    with store.defining():
        store.execute(
            "UPDATE property SET value = :value WHERE name = :name", {"name": name, "value": value}
        )


@pytest.mark.parametrize("name", ["schema_version", "read_model.group_list"])
def test_a_database_newer_than_the_program_is_refused(own_store, database_url, name):
    set_property(own_store, name, "999")

    for command in ("serve", "init-db", "verify", "rebuild"):
        sentence = said(run(command, DATABASE_URL=database_url, ADMIN_PASSWORD="x" * 9))
        assert "made by a newer version of customer-groups" in sentence, command


def test_an_older_database_is_refused_until_init_db_has_upgraded_it(new_url):
    settings = {"DATABASE_URL": new_url, "ADMIN_PASSWORD": "x" * 9}
    run("init-db", **settings)
    store = open_store(new_url)
    Asking(CustomerGroups(store)).create_group("VIP")
    set_property(store, "read_model.group_list", "0")
    store.close()

    refused = ["verify", "demo"] + ["serve"] * new_url.startswith("postgresql")
    sentences = {said(run(command, **settings)) for command in refused}
    upgraded = run("init-db", **settings)

    assert sentences == {
        "The database is older than this program; run `customer-groups init-db` to upgrade it."
    }
    assert upgraded.output == "The database is ready.\n"
    assert "1 events to position 1: nothing wrong" in run("verify", **settings).output


# init-db and the first start


def test_init_db_prints_the_first_password_once(new_url):
    first = run("init-db", DATABASE_URL=new_url)
    again = run("init-db", DATABASE_URL=new_url)

    found = re.fullmatch(
        r"First admin: admin@localhost, password (\S{16,}) \(shown this once\)\n"
        r"The database is ready\.\n",
        first.stdout,
    )
    assert found, first.output
    assert first.stderr == ""
    assert again.output == "The database is ready.\n"


def test_a_password_that_was_given_is_never_printed(new_url):
    made = run("init-db", DATABASE_URL=new_url, ADMIN_PASSWORD="given by an operator")

    assert made.output == "The database is ready.\n"


def test_a_restored_database_has_another_log_each_time(new_url):
    run("init-db", DATABASE_URL=new_url, ADMIN_PASSWORD="given by an operator")
    store = open_store(new_url)
    ids = [log.log_id(store.read)]

    for _ in range(2):
        told = run("init-db", "--restored", DATABASE_URL=new_url)
        ids.append(log.log_id(store.read))
        assert told.output == f"The database is ready.\nIts log is now {ids[-1]}.\n"

    store.close()
    assert len(set(ids)) == 3


def test_what_is_not_there_was_not_restored(tmp_path):
    told = run("init-db", "--restored", DATABASE_URL=f"sqlite:///{tmp_path / 'groups.db'}")

    assert said(told).startswith("There is no database at ")


@pytest.fixture(scope="module")
def first_start(tmp_path_factory):
    """A service on a file that was not there, with nothing but an address and a port given."""
    directory = tmp_path_factory.mktemp("first")
    url = f"sqlite:///{directory / 'var' / 'groups.db'}"
    with Server(url, directory, ADMIN_PASSWORD="", ADMIN_EMAIL="", LOG_FORMAT="json") as server:
        found = re.search(r"First admin: (\S+), password (\S+) \(", server.output.read_text())
        assert found, server.output.read_text()
        server.admin_email, server.admin_password = found.groups()
        yield server


def test_serve_prints_its_address_and_on_the_first_start_a_password_that_works(first_start):
    printed = first_start.output.read_text()

    assert first_start.url in printed
    assert f"{first_start.url}/docs" in printed
    assert first_start.admin_email == "admin@localhost"
    assert signed_in(first_start).get("/admin/users/me").json()["user"]["email"]


def test_the_password_is_printed_once_and_only_on_standard_output(first_start, tmp_path):
    signed_in(first_start).group()
    again = Server(first_start.database_url, tmp_path, ADMIN_PASSWORD="", ADMIN_EMAIL="")

    with again:
        assert "password" not in again.output.read_text()
        again.admin_email, again.admin_password = (
            first_start.admin_email,
            first_start.admin_password,
        )
        assert signed_in(again).get("/admin/users/me").ok

    assert first_start.admin_password not in first_start.log.read_text()
    assert first_start.output.read_text().count(first_start.admin_password) == 1


def test_secrets_are_kept_in_a_file_that_only_we_read(first_start):
    database = Path(first_start.database_url.removeprefix("sqlite:///"))
    secret = database.with_name(f"{database.name}.secret")
    token = signed_in(first_start).session.headers["Authorization"].split()[1]

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    key = secret.read_text()
    assert jwt.decode(token, key, ["HS256"])["actor_type"] == "user"
    for path in (database, database.with_name(f"{database.name}-wal")):
        assert key.encode() not in path.read_bytes()
        assert first_start.admin_password.encode() not in path.read_bytes()


def test_on_postgresql_the_secret_is_a_row_made_by_init_db(postgres):
    url = postgres.create_database()
    secret = "SELECT value FROM property WHERE name = 'secret_key'"

    run("init-db", DATABASE_URL=url)
    kept = postgres.ask(secret, url.rpartition("/")[2])
    run("init-db", DATABASE_URL=url)

    assert len(kept) >= 43
    assert postgres.ask(secret, url.rpartition("/")[2]) == kept


def test_a_taken_port_is_one_sentence_that_names_the_setting(first_start, tmp_path):
    url = f"sqlite:///{tmp_path / 'groups.db'}"
    sentence = said(
        run("serve", DATABASE_URL=url, PORT=str(first_start.port), ADMIN_PASSWORD="x" * 9)
    )

    assert f"Port {first_start.port}" in sentence
    assert "CUSTOMER_GROUPS_PORT" in sentence


# The log


def test_nothing_secret_is_logged_and_json_lines_parse(first_start):
    api = signed_in(first_start)
    key = api.post("/admin/api-keys", {"title": "x", "type": "secret"}).json()["api_key"]["token"]
    cookie = api.post("/auth/session").cookies["customer_groups_session"]
    token = api.session.headers["Authorization"].split()[1]
    basic = base64.b64encode(f"{key}:".encode()).decode()
    wrong = {"email": first_start.admin_email, "password": "wrong but somebody's own"}
    customer = {"email": "adelheid@shop.example", "first_name": "Adelheid"}
    idempotent = {"Idempotency-Key": "key-of-the-caller"}

    with first_start.store() as store:  # every request fails from here on, with a traceback
        for table in ("customer", "group_list", "session", "api_key", "account"):
            store.define(f"ALTER TABLE {table} RENAME TO {table}_away")
        failed = [
            api.post("/admin/customers", customer),
            api.post(GROUPS, {"name": "VIP"}, headers=idempotent),
            requests.get(first_start.url + GROUPS, auth=(key, ""), timeout=30),
            requests.get(
                first_start.url + GROUPS,
                cookies={"customer_groups_session": cookie},
                timeout=30,
            ),
            requests.post(f"{first_start.url}/auth/user/emailpass", json=wrong, timeout=30),
        ]
        for table in ("customer", "group_list", "session", "api_key", "account"):
            store.define(f"ALTER TABLE {table}_away RENAME TO {table}")
    assert [answer.status_code for answer in failed] == [500] * 5

    logged = first_start.log.read_text()
    lines = [json.loads(line) for line in logged.splitlines()]
    errors = [line for line in lines if line["level"] == "error"]
    assert len(errors) >= 5
    for line in errors:
        assert {"time", "level", "logger", "message", "exception"} <= set(line)
        assert "no such table" in line["exception"]
    secrets = [key, cookie, token, basic, *wrong.values(), first_start.admin_password]
    for secret in [*secrets, *customer.values(), *idempotent.values()]:
        assert secret not in logged, secret


# Users and keys


def log_in(server, email, password):
    body = {"email": email, "password": password}
    return requests.post(f"{server.url}/auth/user/emailpass", json=body, timeout=30)


def cli(server, *arguments, typed=None):
    """Run a command in this process, on the database of a running service."""
    return run(*arguments, typed=typed, DATABASE_URL=server.database_url)


def test_a_created_user_may_sign_in_at_once(server):
    email = f"{unique('Eve')}@shop.example"

    made = cli(server, "create-user", email, typed="long enough\nlong enough\n")

    assert made.exit_code == 0, made.output
    assert made.output.splitlines()[-1].startswith(f"{email} may sign in (id user_")
    assert "long enough" not in made.output
    assert log_in(server, email, "long enough").status_code == 200
    assert log_in(server, email.upper(), "long enough").status_code == 200


def test_a_user_is_created_once_and_replaced_on_request(server):
    email = f"{unique('eve')}@shop.example"
    create = ("create-user", email, "--password")
    assert cli(server, *create, "first password").exit_code == 0

    again = cli(server, *create, "second password")
    assert email in said(again)
    assert "--replace" in said(again)
    assert log_in(server, email, "first password").status_code == 200

    assert cli(server, *create, "second password", "--replace").exit_code == 0
    assert log_in(server, email, "first password").status_code == 401
    assert log_in(server, email, "second password").status_code == 200


def test_a_user_needs_an_email_and_a_password_of_eight_characters(server):
    short = cli(server, "create-user", "eve@shop.example", "--password", "1234567")
    nobody = cli(server, "create-user", "eve", "--password", "12345678")

    assert said(short) == "A password has 8 characters or more."
    assert said(nobody) == "eve is not an e-mail address."


def test_a_created_key_is_printed_alone_and_may_be_used_at_once(server):
    title = unique("Nightly sync ")

    made = cli(server, "create-api-key", title)

    assert made.exit_code == 0
    assert re.fullmatch(r"sk_[0-9a-f]{64}\n", made.stdout)
    script = Api(server, None)
    script.session.auth = (made.stdout.strip(), "")
    group = script.group()
    (event,) = script.events(group["id"])
    assert event["actor"]["label"] == title


def test_a_key_needs_a_title(server):
    for title in ("", "  "):
        assert "title" in said(cli(server, "create-api-key", title)).lower()


# demo


def test_demo_makes_a_shop_once(own_store, database_url):
    first = run("demo", DATABASE_URL=database_url)
    again = run("demo", DATABASE_URL=database_url)

    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines()[-1] == "12 groups and 240 customers made."
    assert again.stdout.splitlines()[-1] == "0 groups and 0 customers made."
    assert own_store.read("SELECT living FROM group_total") == [(12,)]
    assert run("verify", DATABASE_URL=database_url).exit_code == 0
    actors = own_store.read("SELECT DISTINCT created_by FROM group_list")
    assert actors == [("cli",)], "the history shows it without a label"


def test_what_a_command_did_has_no_label_in_the_history(server):
    ran = cli(server, "demo")
    assert ran.exit_code == 0, ran.output
    api = signed_in(server)
    (press,) = api.get(GROUPS, params={"name": "Press"}).json()["customer_groups"]

    actors = [event["actor"] for event in api.events(press["id"])]

    assert actors[0] == {"type": "system", "id": "cli", "label": None}


# import-customers


@pytest.fixture
def file(tmp_path):
    """Write a file and return its path."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def import_file(database_url, *arguments):
    return run("import-customers", *arguments, DATABASE_URL=database_url)


def test_an_import_names_the_lines_it_refuses_and_ends_with_1(own_store, database_url, file):
    path = file("shop.csv", "id,email\na,\nb,nobody\nc d,\ne,\n")

    imported = import_file(database_url, path)

    assert imported.exit_code == 1
    assert re.search(
        r"^2 created, 0 updated, 0 unchanged, 2 refused in", imported.stdout, re.MULTILINE
    )
    errors = [line for line in imported.stderr.splitlines() if line.startswith("line ")]
    assert errors[0] == "line 3: Invalid email address"
    assert errors[1].startswith("line 4: A customer id has")
    assert own_store.customers_among(["a", "b", "e"]) == {"a", "e"}


def test_a_dry_run_imports_nothing(own_store, database_url, file):
    imported = import_file(database_url, file("shop.csv", "id\na\n"), "--dry-run")

    assert imported.exit_code == 0
    assert imported.stdout.startswith("1 created")
    assert imported.stdout.endswith("(dry run).\n")
    assert own_store.customers_among(["a"]) == set()


@pytest.mark.parametrize(
    ("name", "option"),
    [("shop.ndjson", []), ("shop.jsonl", []), ("shop.txt", ["--format", "ndjson"])],
)
def test_a_file_of_json_lines_is_known_by_its_ending_or_said(database_url, file, name, option):
    path = file(name, '{"id": "a"}\n{"id": "b", "x": 1}\n')

    imported = import_file(database_url, path, *option)

    assert imported.exit_code == 1
    assert imported.stdout.startswith("1 created, 0 updated, 0 unchanged, 1 refused")
    assert "line 2: Unrecognized fields: 'x'" in imported.stderr


@pytest.mark.parametrize("name", ["shop.CSV", "shop.txt"])
def test_a_csv_file_is_known_by_its_ending_or_said(database_url, file, name):
    option = [] if name.endswith("CSV") else ["--format", "csv"]

    imported = import_file(database_url, file(name, "id\na\n"), *option)

    assert imported.exit_code == 0, imported.output


def test_a_file_that_cannot_be_read_is_one_sentence(database_url, file, tmp_path):
    unusable = import_file(database_url, file("shop.csv", "id,id\na,b\n"))
    missing = import_file(database_url, str(tmp_path / "none.csv"))

    assert "two 'id'" in said(unusable)
    assert missing.exit_code == 2
    assert "none.csv" in missing.stderr


# verify and rebuild

DAMAGE = {
    "a name": "UPDATE group_list SET name = 'Vip' WHERE name = 'VIP'",
    "a count": "UPDATE group_list SET customers_count = 7 WHERE name = 'VIP'",
    "a document": "DELETE FROM group_detail",
    "a membership": "DELETE FROM membership WHERE customer_id = 'b'",
    "a total": "UPDATE group_total SET living = 3",
    "a request": "UPDATE requests SET last_position = 99",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_ends_with_1_on_damage_and_rebuild_repairs_it(own_store, database_url, damage):
    groups = Asking(CustomerGroups(own_store, accept_unknown_customers=True))
    vip = groups.create_group("VIP").group_id
    groups.change_customers(vip, add=["a", "b"])
    assert run("verify", DATABASE_URL=database_url).exit_code == 0
    with own_store.defining():
        assert own_store.execute(DAMAGE[damage], {})

    damaged = run("verify", DATABASE_URL=database_url)
    rebuilt = run("rebuild", DATABASE_URL=database_url)
    verified = run("verify", DATABASE_URL=database_url)

    assert damaged.exit_code == 1
    assert re.search(r"^(group_\w+|membership|requests): ", damaged.stdout, re.MULTILINE)
    assert damaged.stderr.endswith("The read models are not what the log says; run rebuild.\n")
    assert re.search(r"^Rebuilt from 2 events in [\d.]+ s\.$", rebuilt.stdout, re.MULTILINE)
    assert verified.exit_code == 0
    assert "2 events to position 2: nothing wrong." in verified.stdout


def test_verify_and_rebuild_run_beside_the_service(server):
    assert cli(server, "rebuild").exit_code == 0
    signed_in(server).group()

    verified = cli(server, "verify")

    assert verified.exit_code == 0, verified.output


# A database is a file somewhere


def test_serve_makes_the_folder_of_the_database(first_start):
    path = first_start.database_url.removeprefix("sqlite:///")

    assert sqlite3.connect(path).execute("SELECT count(*) FROM account").fetchone() == (1,)


def test_the_credentials_of_the_settings_are_those_of_the_first_admin(server):
    assert log_in(server, ADMIN_EMAIL, ADMIN_PASSWORD).status_code == 200
