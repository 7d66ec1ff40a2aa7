"""The official Medusa SDK, as npm ships it, works against the service with no special case."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lacking import unavailable

SDK = Path(__file__).parents[1] / "sdk"
OLDEST_NODE = 20
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


def run(command: list[str], **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=SDK,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )


@pytest.fixture(scope="module")
def node():
    """Node with the SDK installed as the lock file says; node_modules says of which lock it is."""
    if not shutil.which("node") or not shutil.which("npm"):
        unavailable("Node is not installed: the official SDK was not tried")
    version = run(["node", "--version"]).stdout.strip()
    if int(re.sub(r"^v(\d+).*", r"\1", version)) < OLDEST_NODE:
        unavailable(f"Node {version} is too old for the official SDK, which needs {OLDEST_NODE}")
    lock = hashlib.sha256((SDK / "package-lock.json").read_bytes()).hexdigest()
    installed = SDK / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != lock:
        try:
            done = run(INSTALL, timeout=180)
        except subprocess.TimeoutExpired:
            unavailable("npm had not installed the official SDK after 180 s")
        if done.returncode:
            unavailable(f"npm could not install the official SDK:\n{done.stdout}")
        installed.write_text(lock)
    return "node"


def test_the_official_sdk_runs_its_whole_scenario(node, server):
    account = {"ADMIN_EMAIL": server.admin_email, "ADMIN_PASSWORD": server.admin_password}
    environment = {**os.environ, "BASE_URL": server.url, **account}

    done = run([node, "scenario.mjs"], env=environment, timeout=120)

    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert done.stdout.count("ok      ") == (SDK / "scenario.mjs").read_text().count("await step(")
