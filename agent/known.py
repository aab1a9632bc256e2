"""The bundles this machine has used, by path and fingerprint, so that one exchanged for another does not go unnoticed.

A fingerprint is the digest of the manifest, which holds the digest of every file. Whoever can write both a bundle and
this list is not noticed here; a receipt, which records the fingerprint, still tells.
"""

import contextlib
import json
from pathlib import Path

from agent.llm.catalog import home
from tools.bundle import Bundle
from tools.errors import StorageError
from tools.storage import write_file

__all__ = ["exchanged", "remember"]

MOST = 1000


def remember(bundle: Bundle) -> None:
    """Note a saved or loaded bundle as the one at its path; a list that cannot be written only notices less."""
    known = _known()
    known.pop(str(bundle.path), None)
    known[str(bundle.path)] = bundle.sha256
    with contextlib.suppress(StorageError):
        write_file(_file(), json.dumps(dict(list(known.items())[-MOST:]), indent=1).encode())


def exchanged(bundle: Bundle) -> str | None:
    """Return what to say where another bundle was at this path before, and remember the new one."""
    before = _known().get(str(bundle.path))
    if before == bundle.sha256:
        return None
    remember(bundle)
    if before is None:
        return None
    return (
        f"{bundle.path} is not the bundle that was used here before (fingerprint {bundle.sha256[:12]}…, "
        f"was {before[:12]}…). If nobody fitted it again, do not trust it."
    )


def _file() -> Path:
    return home() / "bundles.json"


def _known() -> dict[str, str]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
        return {str(path): str(sha256) for path, sha256 in found.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
