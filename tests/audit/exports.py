"""Exports as the tests make, read and spoil them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from service.exported import Export

HOUSE = Path(__file__).parents[2]


def lines(directory):
    """All lines of an export, without their ends."""
    files = sorted(directory.glob("events-*.ndjson"))
    return [line for file in files for line in file.read_bytes().splitlines()]


def manifest(directory):
    return json.loads((directory / "manifest.json").read_bytes())


def rewrite(directory, **changed):
    """Change what the manifest says."""
    (directory / "manifest.json").write_text(json.dumps(manifest(directory) | changed))


def replace_lines(directory, change):
    """Change the lines of an export of one file, and make the manifest agree with them."""
    path = directory / "events-000001.ndjson"
    content = b"".join(line + b"\n" for line in change(lines(directory)))
    path.write_bytes(content)
    positions = [json.loads(line)["data"]["position"] for line in content.splitlines()]
    about = {
        "events": len(positions),
        "first_position": positions[0],
        "last_position": positions[-1],
    }
    digest = hashlib.sha256(content).hexdigest()
    file = {"name": path.name, "bytes": len(content), "sha256": digest} | about
    rewrite(directory, files=[file], **about)


def checked(directory, kept=(), keys=()):
    """The events of an export in which nothing is wrong."""
    return list(Export(directory, kept, keys).events())


def kill_at(step, program, *arguments):
    """Run a program that at each step prints a line and waits for one; kill it at this step."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=HOUSE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        for number in range(step):
            if number:
                process.stdin.write(b"\n")
                process.stdin.flush()
            assert process.stdout.readline(), "it has ended already"
        process.kill()
    assert process.returncode == -9


def url_of(store):
    return f"sqlite:///{store.path}" if store.dialect == "sqlite" else store.url
