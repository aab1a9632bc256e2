"""Loading by specification."""

import subprocess
import sys

import pytest
from langchain_core.language_models import FakeListChatModel

import agent.llm
from agent.llm import LocalChat, PromptedChat, RuleChat, description, load
from tools.errors import ModelSpecError


def test_instances_are_wrapped_once():
    """A chat model is wrapped, unless it can choose between texts itself."""
    rule = RuleChat()

    assert load(rule) is rule
    assert isinstance(load(FakeListChatModel(responses=["1"])), PromptedChat)


def test_descriptions(engine):
    """The rule is nobody; others say what they are."""
    assert description(load("rule")) is None
    assert description(load("uniform", seed=1)) == {"model": "uniform", "engine": "uniform", "sha256": None}
    assert description(LocalChat(engine=engine)) == {"model": "toy-1", "engine": "toy", "sha256": "0" * 64}
    assert description(FakeListChatModel(responses=[]))["sha256"] is None


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("smollm2", "Did you mean 'smollm2-135m'"),
        ("zzz", "Known: 'smollm2-135m'"),
        ("openai:gpt-9", "langchain-openai"),
        ("nobody:model", "nobody"),
        ("http://user:secret#1@host/v1", "http://host:port/v1"),
        ("missing.gguf", "cannot be read"),
    ],
)
def test_what_cannot_be_loaded_is_said_with_the_mend(spec, said, tmp_path, monkeypatch):
    """Every wrong specification is one clear error."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    with pytest.raises(ModelSpecError, match=said) as caught:
        load(spec)

    assert len(str(caught.value).splitlines()) == 1


def test_a_key_that_a_provider_repeats_is_not_shown(monkeypatch):
    """A provider's error is one line without the key that was given."""

    def refuse(name, api_key):
        raise ValueError(f"{api_key} is no key\nmore")

    monkeypatch.setattr("langchain.chat_models.init_chat_model", refuse)
    with pytest.raises(ModelSpecError, match=r"^acme:m: \*\*\* is no key$") as caught:
        load("acme:m", api_key="sk-very-secret")
    assert caught.value.__cause__ is None


def test_files_that_are_no_models(tmp_path):
    """A directory has to hold a model; a file has to begin as GGUF does."""
    (tmp_path / "x.gguf").write_bytes(b"PK\x03\x04 a zip")

    with pytest.raises(ModelSpecError, match=r"there is no config\.json"):
        load(tmp_path)
    with pytest.raises(ModelSpecError, match="not a GGUF file, it begins with"):
        load(tmp_path / "x.gguf")


def test_importing_is_light():
    """Neither torch nor transformers nor the engine is imported before it is used."""
    code = "import sys, agent.llm; print(sorted({'torch', 'transformers', 'xllamacpp'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"


def test_exported_names():
    """`__all__` is sorted and complete."""
    assert agent.llm.__all__ == sorted(agent.llm.__all__)
    assert all(hasattr(agent.llm, name) for name in agent.llm.__all__)
