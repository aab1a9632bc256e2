"""Training: it learns, it goes on to the same result, and its loss is the one that is said."""

import json
import math
import shutil

import pytest
import torch
import transformers
from langchain_core.messages import HumanMessage

from agent.llm import LocalChat
from agent.training import trainer
from agent.training.encoding import Cutter, encode
from agent.training.example import Example, Part, Turn
from agent.training.loss import batched, loss_of
from agent.training.trainer import Settings, order, train
from tools.errors import StorageError

SETTINGS = Settings(epochs=6, batch=4, learning_rate=0.02, save_every=2)
LONGER = Settings(epochs=20, batch=4, learning_rate=0.01, save_every=100)


def _example(number):
    """Return a question whose right answer depends on a word of it."""
    word, label = (("value", " above"), ("mean", " below"))[number % 2]
    options = (" above", " below")
    asked = Turn(role="user", content=f"{'the ' * (number % 5)}{word}?")
    return Example(
        kind="decision", table="a", turns=(asked,), answer=(Part(text="It is"), Part(text=label, options=options))
    )


@pytest.fixture(scope="module", name="encoded")
def _encoded(tiny):
    cutter = Cutter(tiny)
    return [encode(_example(number), cutter, 512) for number in range(12)], cutter.end


def _weights(network):
    return {name: values.detach().clone() for name, values in network.named_parameters() if "lora" in name}


def test_it_learns_and_says_so_step_by_step(tiny, encoded, tmp_path):
    """Chance at first, right in the end; a JSON line for each step."""
    examples, end = encoded

    network = train(tiny, examples, tmp_path, LONGER, end).eval()

    batch = batched(examples, {}, end)
    batch["weight"] = batch["fork"].float()
    assert float(loss_of(network, batch).detach()) < 12 * math.log(2) / 2  # chance: log 2 for each of twelve forks
    steps = [json.loads(line) for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert [step["step"] for step in steps] == list(range(1, 61))
    assert steps[-1]["loss"] < steps[0]["loss"] / 2


@pytest.mark.parametrize("killed_at", [2, 8, 16])
def test_what_was_killed_goes_on_to_the_same_result(tiny, encoded, tmp_path, monkeypatch, killed_at):
    """From the last whole checkpoint, in whichever epoch; one that was being written is thrown away."""
    examples, end = encoded
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    saved = trainer._Steps.on_save

    def on_save(self, args, state, control, **rest):
        saved(self, args, state, control, **rest)
        if state.global_step == killed_at:  # what a process leaves that is killed while it writes the next one
            shutil.copytree(whole, cut)
            shutil.copytree(whole / f"checkpoint-{killed_at}", cut / f"checkpoint-{killed_at + 1}")
            (cut / f"checkpoint-{killed_at + 1}" / trainer.WHOLE).unlink()

    monkeypatch.setattr(trainer._Steps, "on_save", on_save)
    expected = _weights(train(tiny, examples, whole, SETTINGS, end))
    monkeypatch.undo()

    found = _weights(train(tiny, examples, cut, SETTINGS, end, resume=True))

    assert not (cut / f"checkpoint-{killed_at + 1}").exists()
    assert all(torch.equal(found[name], values) for name, values in expected.items())


def test_a_folder_with_a_run_is_not_written_over(tiny, encoded, tmp_path):
    """Neither by a new run nor by one with other settings."""
    examples, end = encoded
    train(tiny, examples[:4], tmp_path, Settings(epochs=1, batch=4), end)

    with pytest.raises(StorageError, match="holds a run"):
        train(tiny, examples[:4], tmp_path, Settings(epochs=1, batch=4), end)
    with pytest.raises(StorageError, match="other settings"):
        train(tiny, examples[:4], tmp_path, Settings(epochs=2, batch=4), end, resume=True)


def test_the_loss_at_a_fork_is_that_of_the_engine(tiny, encoded):
    """Minus the log-probability of the right option, given that it is one of them, as the chat model says it."""
    examples, end = encoded
    network = transformers.AutoModelForCausalLM.from_pretrained(tiny, dtype="float32").eval()
    batch = batched(examples[:1], {}, end)
    batch["weight"] = batch["fork"].float()

    scores = LocalChat(model=str(tiny)).score(
        [HumanMessage(_example(0).turns[0].content)], "It is", [" above", " below"]
    )

    assert float(loss_of(network, batch).detach()) == pytest.approx(-scores[0], abs=1e-4)


def test_labels_and_explanations_have_weights_of_their_own(encoded):
    """A kind that counts double has twice the loss; of one batch all weights add up to their mean."""
    examples, end = encoded
    once, twice = (batched(examples[:4], {"decision": weight}, end)["weight"] for weight in (1.0, 2.0))

    assert torch.allclose(twice, 2 * once)
    assert math.isclose(float(once.sum()), 1.3, rel_tol=1e-5)


def test_every_epoch_has_every_example_once():
    """In another order, and batches of similar length."""
    lengths = [5, 50, 6, 60, 7, 70, 8, 80]
    found = order(lengths, Settings(epochs=3, batch=2))

    assert [sorted(found[at : at + 8]) for at in (0, 8, 16)] == [list(range(8))] * 3
    assert len({tuple(found[at : at + 8]) for at in (0, 8, 16)}) > 1
    for at in range(0, 24, 2):
        assert (lengths[found[at]] < 10) == (lengths[found[at + 1]] < 10)
