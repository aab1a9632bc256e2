"""The directory of a bundle: written whole or not at all, every file held against a manifest before it is parsed.

The manifest names the files with size and SHA-256; its own SHA-256 is the bundle's fingerprint, which receipts record.
Knows nothing about what the files mean.
"""

import ctypes
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.errors import BundleError, StorageError

__all__ = ["BROUGHT", "canonical", "manifest", "outside_bundles", "read_files", "write_file", "write_files"]

FORMAT = 1
MANIFEST = "manifest.json"
FILES = ("report.json", "predictor.json", "rows.parquet", "schema.json", "statistics.json", "knots.parquet")
BROUGHT = "predictor.skops"
MOST_BYTES = 8 * 2**30
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


def canonical(value: Any) -> bytes:
    """Return the one JSON text of a value: keys sorted, no blanks, no NaN.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1.0}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of some files, in canonical JSON."""
    return canonical({"format": FORMAT, "files": {name: _entry(data) for name, data in files.items()}})


def write_file(path: Path, data: bytes) -> None:
    """Write one file, whole or not at all, and its folder where that is missing.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    partial = path.parent / f".{secrets.token_hex(8)}.partial"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write(partial, data)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        hint = "Free some space, or choose another folder."
        raise StorageError(f"{path}: cannot be written: {error.strerror}.", hint=hint) from error


def outside_bundles(path: Path) -> None:
    """Refuse a path inside a bundle, which would not be one any more with other things in it.

    Raises
    ------
    BundleError
        A directory above it is a bundle.
    """
    for folder in path.absolute().parents:
        if (folder / MANIFEST).is_file() and (folder / FILES[0]).is_file():
            raise BundleError(f"{path}: lies inside the bundle {folder}.", hint="Choose another folder.")


def write_files(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a bundle's directory, whole or not at all; a bundle that is there is replaced.

    Raises
    ------
    BundleError
        Something else is there.
    StorageError
        It cannot be written.
    """
    outside_bundles(path)
    partial = path.parent / f".{secrets.token_hex(8)}.partial"
    try:
        if (path.exists() or path.is_symlink()) and not _replaceable(path):
            raise BundleError(f"{path}: is there, and is no bundle.", hint="Choose another directory.")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        for name, data in {**files, MANIFEST: manifest(files)}.items():
            _write(partial / name, data)
        _swap(partial, path)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        hint = "Check the folder and the free space."
        raise StorageError(f"{str(path)[:200]}: cannot be written: {error.strerror}.", hint=hint) from error


def read_files(path: Path) -> dict[str, bytes]:
    """Return the files of a bundle, each as its manifest says.

    Raises
    ------
    BundleError
        It is no bundle, damaged, or of a newer format.
    """
    try:
        entries = _read_manifest(path)
        return {name: _read_checked(path / name, entry) for name, entry in entries.items()}
    except (OSError, UnicodeError, ValueError) as error:  # the last two: names that no file can have
        hint, reason = "Give the directory that `tallystick fit` wrote.", getattr(error, "strerror", "no such name")
        raise BundleError(f"{str(path)[:200]!a}: is no bundle: {reason}.", hint=hint) from error


def _entry(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of the manifest, its form checked; a newer format is told from damage."""
    data = _read_bounded(path / MANIFEST, 2**20)
    damaged = BundleError(f"{path / MANIFEST}: is damaged.", hint="Copy or fit the bundle again.")
    try:
        stored = json.loads(data)
        version, entries = stored["format"], dict(stored["files"])
        sizes = [entry["bytes"] for entry in entries.values()]
        whole = all(type(size) is int and size >= 0 for size in [version, *sizes]) and data == canonical(stored)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged from error
    if type(version) is int and version > FORMAT:
        hint = "Update tallystick, or fit the bundle again."
        raise BundleError(f"{path}: has format {version}, this program reads {FORMAT}.", hint=hint)
    if not whole or version != FORMAT:
        raise damaged
    present = {entry.name for entry in path.iterdir()} - {MANIFEST}
    if set(entries) - {BROUGHT} != set(FILES) or present != set(entries):
        odd = sorted(present ^ (set(entries) | set(FILES)))
        hint = "Remove what does not belong there, or copy or fit the bundle again."
        raise BundleError(f"{path}: has missing or extra files: {odd[:5]}.", hint=hint)
    return entries


def _read_bounded(path: Path, limit: int) -> bytes:
    if path.is_symlink() or (path.exists() and not path.is_file()):  # before it is opened: a pipe would wait for ever
        raise BundleError(f"{path}: is no ordinary file.", hint="Copy or fit the bundle again.")
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise BundleError(f"{path}: is larger than it should be.", hint="Copy or fit the bundle again.")
    return data


def _read_checked(path: Path, entry: dict[str, Any]) -> bytes:
    data = _read_bounded(path, min(entry["bytes"], MOST_BYTES))
    if _entry(data) != entry:
        raise BundleError(f"{path}: its digest is not the recorded one.", hint="Copy or fit the bundle again.")
    return data


def _replaceable(path: Path) -> bool:
    """Tell an empty directory, or one that holds a bundle and nothing else."""
    if not path.is_dir() or path.is_symlink():
        return False
    present = {entry.name for entry in path.iterdir()}
    return not present or (MANIFEST in present and present <= {MANIFEST, BROUGHT, *FILES})


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two directories at once, as Linux can on most file systems; tell whether that was done."""
    exchange = getattr(ctypes.CDLL(None), "renameat2", None)
    return exchange is not None and exchange(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0


def _swap(partial: Path, path: Path) -> None:
    """Put a finished directory in place of what is there, in one step where the system can exchange two names."""
    old = partial
    if not path.exists():
        partial.rename(path)
    elif not _exchanged(partial, path):
        old = partial.with_suffix(".old")
        path.rename(old)
        partial.rename(path)
    shutil.rmtree(old, ignore_errors=True)
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)
