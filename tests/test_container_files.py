"""What can be known of Dockerfile and compose.yaml without a Docker engine."""

import ast
import fnmatch
import json
import re
from pathlib import Path

import pytest
import yaml

from service.cli import main

ROOT = Path(__file__).parents[1]
SETTINGS = {
    f"CUSTOMER_GROUPS_{name}"
    for name in (
        *("DATABASE_URL", "HOST", "PORT", "WORKERS", "ADMIN_EMAIL", "ADMIN_PASSWORD"),
        *("SECRET_KEY", "UNKNOWN_CUSTOMERS", "NATS_URL", "ALLOWED_ORIGINS", "MAX_BODY_BYTES"),
        *("LOG_FORMAT", "REQUIRE_REASON", "ALLOW_AT_IN_IDS", "ALLOW_PRIVATE_WEBHOOKS"),
    )
}


@pytest.fixture(scope="module")
def instructions():
    """The Dockerfile as (stage, instruction, rest), continued lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    found, stage = [], -1
    for line in text.replace("\\\n", "").splitlines():
        if line.strip():
            word, rest = line.split(maxsplit=1)
            stage += word == "FROM"
            found.append((stage, word, rest))
    return found


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def volumes(compose):
    return compose["volumes"]


def rests(instructions, word, *, stage):
    return [rest for at, found, rest in instructions if (at, found) == (stage, word)]


def test_the_image_is_built_from_the_lock_file(instructions):
    installs = [run for run in rests(instructions, "RUN", stage=0) if "uv sync" in run]
    copied = [name for rest in rests(instructions, "COPY", stage=0) for name in rest.split()[:-1]]

    assert {"pyproject.toml", "uv.lock", "README.md", "domain", "projections", "service"} == {
        *copied
    }
    assert all((ROOT / name).exists() for name in copied)
    assert len(installs) == 2
    assert all("--frozen" in run and "--group" not in run for run in installs)
    assert all("--extra nats" in run for run in installs)  # `customer-groups relay` runs in it


def test_uv_in_the_image_is_the_one_of_the_makefile(instructions):
    version = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())[1]

    assert any(f"uv=={version}" in run for run in rests(instructions, "RUN", stage=0))


def test_both_stages_have_one_slim_python_that_the_project_allows(instructions):
    images = [rest.split()[0] for _, word, rest in instructions if word == "FROM"]

    assert len(images) == 2
    assert len({*images}) == 1
    minor = int(re.fullmatch(r"python:3\.(\d+)-slim", images[0])[1])
    assert minor >= 11


def test_the_container_runs_as_nobody_special_and_owns_its_data(instructions):
    users = rests(instructions, "USER", stage=1)

    assert users == ["10001:10001"]
    order = [word for stage, word, _ in instructions if stage == 1]
    assert order.index("USER") > max(at for at, word in enumerate(order) if word == "RUN")
    assert order.index("USER") < order.index("CMD")
    assert rests(instructions, "VOLUME", stage=1) == ["/data"]
    assert "--owner=10001" in rests(instructions, "RUN", stage=1)[0]


def test_the_container_serves_with_sqlite_by_default(instructions):
    (env,) = rests(instructions, "ENV", stage=1)
    variables = dict(pair.split("=", 1) for pair in env.split())

    assert variables["CUSTOMER_GROUPS_HOST"] == "0.0.0.0"
    assert variables["CUSTOMER_GROUPS_DATABASE_URL"] == "sqlite:////data/customer-groups.db"
    assert rests(instructions, "EXPOSE", stage=1) == [variables["CUSTOMER_GROUPS_PORT"]]
    assert json.loads(rests(instructions, "CMD", stage=1)[0]) == ["customer-groups", "serve"]
    assert {name for name in variables if name.startswith("CUSTOMER_GROUPS_")} <= SETTINGS


def test_the_health_check_is_python_that_asks_health(instructions):
    (check,) = rests(instructions, "HEALTHCHECK", stage=1)
    python, option, program = json.loads(check[check.index("CMD") + 4 :])

    assert (python, option) == ("python", "-c")
    ast.parse(program)
    assert "/health'" in program


def test_the_build_sees_the_sources_and_nothing_else(instructions):
    patterns = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    copied = {name for rest in rests(instructions, "COPY", stage=0) for name in rest.split()[:-1]}

    assert patterns[0] == "*"
    assert allowed == copied
    for secret in (".env", ".git", ".venv", "var", "tests"):
        assert not any(fnmatch.fnmatch(secret, pattern) for pattern in allowed)


def test_compose_starts_postgresql_then_init_db_then_the_service(services):
    assert services["postgres"]["image"] == "postgres:18"
    assert services["postgres"]["healthcheck"]["test"][1] == "pg_isready"
    assert services["init-db"]["command"] == ["customer-groups", "init-db"]
    assert services["init-db"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    service = services["customer-groups"]
    assert service["depends_on"]["init-db"] == {"condition": "service_completed_successfully"}
    assert service["environment"] == services["init-db"]["environment"]
    assert "command" not in service  # the image's own


@pytest.mark.parametrize(("command", "profile"), [("deliver", "webhooks"), ("relay", "nats")])
def test_compose_sends_events_to_others_only_when_asked_to(services, command, profile):
    sender, service = services[command], services["customer-groups"]

    assert sender["command"] == ["customer-groups", command]
    assert command in main.commands
    assert sender["profiles"] == [profile]
    assert sender["depends_on"] == service["depends_on"]
    assert sender["environment"].items() >= service["environment"].items()
    assert sender["healthcheck"] == {"disable": True}  # the image's own asks what `serve` serves


def test_compose_relays_to_a_server_that_keeps_what_it_takes(services, volumes):
    broker = services["nats"]

    assert broker["profiles"] == services["relay"]["profiles"]
    assert services["relay"]["environment"]["CUSTOMER_GROUPS_NATS_URL"] == "nats://nats:4222"
    assert broker["command"] == ["--jetstream", "--store_dir=/data"]
    assert broker["volumes"] == ["nats:/data"]
    assert "nats" in volumes


def test_compose_needs_no_more_than_the_service_where_nothing_is_sent(services):
    always = {name for name, service in services.items() if "profiles" not in service}

    assert always == {"postgres", "init-db", "customer-groups"}


def test_compose_uses_only_settings_that_exist(services):
    used = {
        name
        for service in services.values()
        for name in service.get("environment", {})
        if name.startswith("CUSTOMER_GROUPS_")
    }

    assert "CUSTOMER_GROUPS_DATABASE_URL" in used
    assert used <= SETTINGS


def test_compose_holds_no_secret(services):
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET", name):
                assert value is None or value.startswith("${POSTGRES_PASSWORD:?")
    address = services["customer-groups"]["environment"]["CUSTOMER_GROUPS_DATABASE_URL"]
    assert "customer_groups:${POSTGRES_PASSWORD:?" in address


def test_compose_publishes_on_loopback_only(services):
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert published == ["127.0.0.1:8000:8000"]
