"""Chromium: where it is, and `python -m tests.admin.browser`, with which `make test` gets it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome")
"""Chromium without what stands around its pages is quicker, so it comes first."""

INSTALL_SECONDS = 180

FLAGS = [
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""A browser that asks nobody but the service."""

if hasattr(os, "geteuid") and os.geteuid() == 0:
    FLAGS.append("--no-sandbox")  # Chromium refuses to start as root with it


def on_path() -> str | None:
    """Return the machine's own Chromium, None where it has none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def executable(playwright: Playwright) -> str | None:
    """Return the machine's Chromium or else Playwright's if it is installed and starts."""
    own = playwright.chromium.executable_path
    return on_path() or (own if Path(own).exists() and starts(own) else None)


def starts(path: str) -> bool:
    """Whether the program finds the libraries it needs."""
    return attempt(path, "--version", seconds=30)


def attempt(*command: str, seconds: float = INSTALL_SECONDS) -> bool:
    """Run a command and return whether it succeeded in time; the last it said, if it did not."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return False
    if done.returncode:
        print(done.stdout[-400:], file=sys.stderr)
    return done.returncode == 0


def install() -> None:
    """Install Chromium if the machine has none and lets us; the tests say so if it does not.

    Where it takes one command, also its quicker kind beside a Chromium that is there.
    """
    if shutil.which(SHELL):
        return
    by_apt = os.geteuid() == 0 and shutil.which("apt-get")
    with sync_playwright() as playwright:
        if not on_path() and executable(playwright):
            return
        print("The browser tests want Chromium's headless shell; installing it", flush=True)
        if by_apt and apt_install(SHELL, seconds=60):
            return
        if executable(playwright):
            return
        attempt(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium")
        if executable(playwright):
            return
    if by_apt:
        attempt("apt-get", "update", "-qq")
        apt_install(SHELL) or apt_install("chromium")


def apt_install(package: str, seconds: float = INSTALL_SECONDS) -> bool:
    """Install a package of Debian and return whether that succeeded."""
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    options = ["-qq", "--yes", "--no-install-recommends"]
    return attempt("apt-get", "install", *options, package, seconds=seconds)


if __name__ == "__main__":
    install()
