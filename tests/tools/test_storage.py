"""The directory of a bundle: whole or not at all, and nothing that is not in its manifest."""

import errno
import json
import os
import shutil
import signal
import sys

import pytest

from tools import storage
from tools.errors import BundleError, StorageError
from tools.storage import BROUGHT, FILES, canonical, manifest, read_files, write_files

CONTENT = {name: name.encode() for name in FILES}


@pytest.fixture(name="saved")
def _saved(tmp_path):
    path = tmp_path / "bundle"
    write_files(path, CONTENT)
    return path


def test_what_is_written_is_read(saved, tmp_path):
    """Files come back as they were, with the skops file where there is one."""
    assert read_files(saved) == CONTENT
    write_files(tmp_path / "other", {**CONTENT, BROUGHT: b"x"})
    assert read_files(tmp_path / "other")[BROUGHT] == b"x"


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.mkdir"])
def test_a_full_disk_leaves_the_old_bundle(saved, monkeypatch, call):
    """When the disk is full, nothing half-written stays, and the bundle that was there is whole."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(StorageError, match=r"cannot be written: No space left on device. Check the folder"):
        write_files(saved, {**CONTENT, "report.json": b"new"})
    monkeypatch.undo()

    assert read_files(saved) == CONTENT
    assert [entry.name for entry in saved.parent.iterdir()] == ["bundle"]


def _killed_at(moment, write):
    """Run `write` in a child process that kills itself at the n-th step of the module; tell whether it got there."""
    child = os.fork()
    if child == 0:
        left = moment

        def count(frame, *_):
            nonlocal left
            if frame.f_code.co_filename == storage.__file__:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return count
            return None

        sys.settrace(count)
        write()
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("old", [None, CONTENT], ids=["fresh", "replaced"])
def test_a_killed_writer_leaves_all_or_nothing(tmp_path, old):
    """Killed at any of some two hundred moments, it leaves the old bundle, the new one, or none where none was."""
    new = {**CONTENT, "report.json": b"new", BROUGHT: b"x"}
    path, moments, seen = tmp_path / "bundle", 0, set()
    while True:
        if old is not None:
            write_files(path, old)
        if not _killed_at(moments, lambda: write_files(path, new)):
            break
        found = read_files(path) if path.exists() else None
        assert found in (old, new)
        seen.add(found == new)
        shutil.rmtree(path, ignore_errors=True)
        moments += 1

    assert moments >= 100
    assert seen == {False, True}
    assert read_files(path) == new


def test_without_an_exchange_of_names_the_old_bundle_steps_aside(saved, monkeypatch):
    """On other systems two renames do."""
    monkeypatch.setattr(storage, "_exchanged", lambda *_: False)
    write_files(saved, {**CONTENT, "report.json": b"new"})

    assert read_files(saved)["report.json"] == b"new"
    assert [entry.name for entry in saved.parent.iterdir()] == ["bundle"]


def test_places_that_are_taken(saved, tmp_path):
    """Other files, links, the root and impossible names are refused and left alone."""
    (tmp_path / "link").symlink_to(saved)
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path, tmp_path / "link", tmp_path / "broken", tmp_path / "file", tmp_path.parents[-1]):
        with pytest.raises(BundleError, match=r"is there, and is no bundle. Choose another directory"):
            write_files(path, CONTENT)
    for path in (tmp_path / "file" / "bundle", tmp_path / ("x" * 300)):
        with pytest.raises(StorageError, match="cannot be written"):
            write_files(path, CONTENT)

    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_directory_is_used(tmp_path):
    """A directory made beforehand is no obstacle."""
    (tmp_path / "bundle").mkdir()
    write_files(tmp_path / "bundle", CONTENT)

    assert read_files(tmp_path / "bundle") == CONTENT


def test_swapped_and_cut_files_are_found(saved):
    """Two files with each other's names, or one cut short, are not what the manifest says."""
    (saved / "rows.parquet").write_bytes(b"rows.par")
    with pytest.raises(BundleError, match=r"rows.parquet: its digest is not the recorded one"):
        read_files(saved)
    (saved / "rows.parquet").write_bytes(CONTENT["rows.parquet"])
    (saved / "report.json").write_bytes(CONTENT["schema.json"])
    (saved / "schema.json").write_bytes(CONTENT["report.json"])
    with pytest.raises(BundleError, match=r"report.json: its digest is not the recorded one"):
        read_files(saved)


@pytest.mark.parametrize("name", ["rows.parquet", "manifest.json"])
@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_only_ordinary_files_are_opened(saved, tmp_path, name, kind):
    """A link, a directory or a pipe in place of a file is refused at once."""
    (saved / name).rename(tmp_path / "elsewhere")
    match kind:
        case "link":
            (saved / name).symlink_to(tmp_path / "elsewhere")
        case "directory":
            (saved / name).mkdir()
        case "pipe":
            os.mkfifo(saved / name)

    with pytest.raises(BundleError, match=f"{name}: is no ordinary file"):
        read_files(saved)


def edited(**changes):
    """Return a manifest with other contents, in canonical form."""
    return canonical(json.loads(manifest(CONTENT)) | changes)


def entries(**changes):
    """Return the entries of a manifest, some changed."""
    return json.loads(manifest(CONTENT))["files"] | changes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "manifest.json: is damaged"),
        (b"[]", "manifest.json: is damaged"),
        (b"[" * 100_000, "manifest.json: is damaged"),
        (b" " * 2**21, "manifest.json: is larger than it should be"),
        (manifest(CONTENT) + b"\n", "manifest.json: is damaged"),
        (manifest(CONTENT).decode().encode("utf-16"), "manifest.json: is damaged"),
        (edited(format="1"), "manifest.json: is damaged"),
        (edited(format=True), "manifest.json: is damaged"),
        (edited(format=1.0), "manifest.json: is damaged"),
        (edited(format=2, new="field"), "has format 2, this program reads 1. Update tallystick"),
        (edited(files=["rows.parquet"]), "manifest.json: is damaged"),
        (edited(files=entries(**{"rows.parquet": {"bytes": -5, "sha256": ""}})), "manifest.json: is damaged"),
        (edited(files=entries(**{"rows.parquet": {"bytes": 12, "sha256": ""}})), "rows.parquet: its digest"),
        (edited(files=entries(**{"../x": {"bytes": 1, "sha256": ""}})), r"missing or extra files: \['../x'\]"),
        (
            edited(files=entries(**{"model.pkl": {"bytes": 1, "sha256": ""}})),
            r"missing or extra files: \['model.pkl'\]",
        ),
        (edited(files={}), "has missing or extra files"),
    ],
    ids=range(16),
)
def test_manifests_that_are_not_ours(saved, content, message):
    """A manifest of another form, version or with other names is refused before any file is opened."""
    (saved / "manifest.json").write_bytes(content)

    with pytest.raises(BundleError, match=message):
        read_files(saved)


def test_what_is_no_bundle(tmp_path):
    """A file, an empty directory and a name too long are no bundles."""
    (tmp_path / "file").write_text("a,b")
    for path in (tmp_path, tmp_path / "file", tmp_path / "none", tmp_path / ("x" * 300)):
        with pytest.raises(BundleError, match=r"is no bundle: .*\. Give the directory that `tallystick fit` wrote"):
            read_files(path)
