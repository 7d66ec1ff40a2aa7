"""The official Medusa SDK, as npm ships it, works against the service with no special case."""

import os
from pathlib import Path

from tests.npm import install, run

SDK = Path(__file__).parents[1] / "sdk"


def test_the_official_sdk_runs_its_whole_scenario(server):
    install(SDK, "the official SDK")
    account = {"ADMIN_EMAIL": server.admin_email, "ADMIN_PASSWORD": server.admin_password}
    environment = {**os.environ, "BASE_URL": server.url, **account}

    done = run(SDK, ["node", "scenario.mjs"], env=environment, timeout=120)

    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert done.stdout.count("ok      ") == (SDK / "scenario.mjs").read_text().count("await step(")
