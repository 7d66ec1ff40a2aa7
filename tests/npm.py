"""Packages of npm that tests hold us against, installed as their lock file says."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from tests.lacking import unavailable

OLDEST_NODE = 20
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]


def run(folder: Path, command: list[str], **options) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder; gives what it printed, errors among it."""
    return subprocess.run(
        command,
        cwd=folder,
        stdin=None if "input" in options else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )


def install(folder: Path, what: str) -> Path:
    """Install the packages of a folder; `node_modules` says of which lock it is. Returns it."""
    if not shutil.which("node") or not shutil.which("npm"):
        unavailable(f"Node is not installed: {what} was not tried")
    version = run(folder, ["node", "--version"]).stdout.strip()
    if int(re.sub(r"^v(\d+).*", r"\1", version)) < OLDEST_NODE:
        unavailable(f"Node {version} is too old for {what}, which needs {OLDEST_NODE}")
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    installed = folder / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != lock:
        try:
            done = run(folder, INSTALL, timeout=180)
        except subprocess.TimeoutExpired:
            unavailable(f"npm had not installed {what} after 180 s")
        if done.returncode:
            unavailable(f"npm could not install {what}:\n{done.stdout}")
        installed.write_text(lock)
    return folder / "node_modules"
