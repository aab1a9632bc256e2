"""The cache folder, and the digests of files, each computed once."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.errors import StorageError
from tools.storage import write_file

__all__ = ["Progress", "digest", "home", "read_store", "sha256", "write_store"]

Progress = Callable[[int, int], None]  # of a download: bytes done and in total


def home() -> Path:
    """Return the cache folder: TALLYSTICK_HOME, or ``~/.cache/tallystick``."""
    return Path(os.environ.get("TALLYSTICK_HOME") or Path.home() / ".cache" / "tallystick")


def digest(file: Path) -> str:
    """Return the SHA-256 of a file; read again only when its time or size changed since it was last computed."""
    status, key = file.stat(), str(file.resolve())
    known = {
        name: entry for name, entry in read_store("digests").items() if isinstance(entry, list) and len(entry) == 3
    }
    if known.get(key, [])[:2] != [status.st_mtime_ns, status.st_size]:
        known[key] = [status.st_mtime_ns, status.st_size, sha256(file)]
        write_store("digests", known)
    return str(known[key][2])


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def read_store(name: str) -> dict[str, Any]:
    """Return what the cache remembers under a name; nothing where it cannot be read."""
    try:
        found = json.loads((home() / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_store(name: str, content: dict[str, Any]) -> None:
    """Remember something; a cache that cannot be written costs time, not the answer."""
    with contextlib.suppress(StorageError):
        write_file(home() / f"{name}.json", json.dumps(content, indent=1).encode())
