"""Adapters that come with a model: each for its own task, and none for anything else."""

import json
import shutil
from pathlib import Path

import pytest

from agent.llm import LocalChat, RuleChat, adapter, load
from agent.llm.adapter import CARD, GGUF, NONE, SHIPPED, read_card, shipped
from agent.llm.catalog import CATALOG, DEFAULT

KINDS = tuple(sorted(folder.name for folder in (SHIPPED / DEFAULT).iterdir()))
PARTS = ("adapter_config.json", "adapter_model.safetensors", GGUF, CARD)


def test_the_package_holds_adapters_of_the_default_model_and_they_are_small():
    """One for each task, for both engines, with their cards; 15 MB at most."""
    folders = [shipped(DEFAULT, kind) for kind in KINDS]

    assert "questions" in KINDS
    assert [read_card(folder).trained for folder in folders] == [[kind] for kind in KINDS]
    assert all((folder / part).is_file() for folder in folders for part in PARTS)
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file()) <= 15 * 10**6
    assert {folder.name for folder in SHIPPED.iterdir()} <= set(CATALOG)


def test_no_path_of_a_machine_is_in_them():
    """They are made anywhere."""
    for file in SHIPPED.rglob("*.json"):
        assert json.loads(file.read_text()).get("base_model_name_or_path") is None
        assert str(Path.home()) not in file.read_text()


def test_other_models_are_the_same_for_every_task(tiny):
    """A model by its path, the rule, a model with an adapter that somebody named."""
    for chat in (LocalChat(model=str(tiny)), RuleChat()):
        assert chat.adapted("questions") is chat


@pytest.mark.model
def test_each_task_has_a_model_of_its_own_and_everything_else_stays(smollm):
    """The model itself knows no task; the adapted one says what it is, is kept, and its work is counted."""
    before = smollm.usage
    reader = smollm.adapted("questions")

    assert smollm.trained == frozenset()
    assert reader.trained == {"questions"}
    assert smollm.adapted("questions") is reader
    assert smollm.adapted("reasons") is smollm
    assert reader.describe()["sha256"] != smollm.describe()["sha256"]
    reader.fork([], "It is", [" one", " two"])
    assert (smollm.usage - before).forks == 1


@pytest.mark.model
def test_one_option_does_without(monkeypatch):
    """Behind the model's name."""
    monkeypatch.setenv("TALLYSTICK_LLM", f"{DEFAULT}+{NONE}")
    chat = load()

    assert chat.adapted("questions") is chat
    assert chat.trained == frozenset()
    chat.close()


def test_a_folder_of_another_kind_is_no_adapter(monkeypatch, tmp_path):
    """Only those that are there."""
    (tmp_path / DEFAULT / "prose").mkdir(parents=True)
    monkeypatch.setattr(adapter, "SHIPPED", tmp_path)

    assert shipped(DEFAULT, "prose") == tmp_path / DEFAULT / "prose"
    assert shipped(DEFAULT, "questions") is None
    shutil.rmtree(tmp_path / DEFAULT)
    assert shipped(DEFAULT, "prose") is None
