"""The cache folder: digests that are computed once."""

import hashlib

import pytest

from agent.llm import cache


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return a file; the cache is elsewhere."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    found = tmp_path / "file"
    found.write_bytes(b"content")
    return found


def test_a_file_is_read_once(file, monkeypatch):
    """The digest of an unchanged file is remembered, that of a changed one is not."""
    assert cache.digest(file) == hashlib.sha256(b"content").hexdigest()
    monkeypatch.setattr(cache, "sha256", lambda file: "read again")
    assert cache.digest(file) == hashlib.sha256(b"content").hexdigest()
    file.write_bytes(b"changed content")
    assert cache.digest(file) == "read again"


@pytest.mark.parametrize("content", ["{", "[]", '{"/": 3}', '{"/": [1, 2]}'])
def test_a_broken_memory_is_ignored(file, content):
    """A store that is not what it was costs one more reading."""
    cache.digest(file)
    (cache.home() / "digests.json").write_text(content)

    assert cache.digest(file) == hashlib.sha256(b"content").hexdigest()


def test_a_cache_that_cannot_be_written_costs_time(file, tmp_path, monkeypatch):
    """The answer is the same."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(file / "home"))

    assert cache.digest(file) == hashlib.sha256(b"content").hexdigest()
    assert cache.read_store("digests") == {}
