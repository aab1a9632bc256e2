"""Training: it learns, it goes on to the same result, and its loss is the one that is said."""

import json
import math
import shutil
from dataclasses import replace

import pytest
import torch
import transformers
from langchain_core.messages import HumanMessage
from peft import PeftModel
from safetensors.torch import load_file

from agent.llm import LocalChat
from agent.training import trainer
from agent.training.encoding import Cutter, encode
from agent.training.example import Example, Part, Turn
from agent.training.loss import batched, loss_of
from agent.training.trainer import Settings, order, train
from tools.errors import StorageError, UserError

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


def _weights(folder):
    return load_file(folder / "adapter_model.safetensors")


def test_it_learns_and_says_so_step_by_step(tiny, encoded, tmp_path):
    """Chance at first, right in the end; a JSON line for each step."""
    examples, end = encoded

    made = train(tiny, examples, tmp_path, LONGER, end)

    plain = transformers.AutoModelForCausalLM.from_pretrained(tiny, dtype="float32")
    network = PeftModel.from_pretrained(plain, str(made)).eval()
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


def test_an_adapter_goes_on_from_another(tiny, encoded, tmp_path):
    """Where nothing is learned, it stays what it was."""
    examples, end = encoded
    first = train(tiny, examples, tmp_path / "first", SETTINGS, end)

    further = train(tiny, examples, tmp_path / "further", replace(SETTINGS, start=str(first), learning_rate=0.0), end)

    assert all(torch.equal(values, _weights(first)[name]) for name, values in _weights(further).items())


def test_the_best_by_its_explanations_is_kept(tiny, encoded, tmp_path):
    """Not the last one: the loss still falls while explanations get worse; training ends when they go on doing so."""
    examples, end = encoded
    qualities = {4: 0.2, 8: 0.9, 12: 0.5, 16: 0.4, 20: 0.3, 24: 1.0}

    def judge(checkpoint):
        return {"quality": qualities[int(checkpoint.name.rpartition("-")[2])]}

    settings = Settings(epochs=8, batch=4, learning_rate=0.01, save_every=2, judge_every=4)
    best = train(tiny, examples, tmp_path, settings, end, judge=judge)

    judged = [json.loads(line) for line in (tmp_path / "judged.jsonl").read_text().splitlines()]
    losses = [json.loads(line)["loss"] for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert best == tmp_path / "best"
    assert [line["step"] for line in judged] == [4, 8, 12, 16, 20]
    assert len(losses) == 20
    last = _weights(tmp_path / "checkpoint-20")
    assert any(not torch.equal(values, last[name]) for name, values in _weights(best).items())


def test_several_processes_are_refused(tmp_path, monkeypatch):
    """Each would train an adapter of its own, and the last to write would win."""
    monkeypatch.setattr(transformers.TrainingArguments, "world_size", 2)

    with pytest.raises(UserError, match="2 processes"):
        trainer._arguments(tmp_path, Settings())


@pytest.mark.parametrize("model", ["tiny", "llama2"])
@pytest.mark.parametrize(("four_bit", "checkpointing"), [(True, False), (False, True), (True, True)])
def test_what_saves_memory_learns_too(request, tmp_path, model, four_bit, checkpointing):
    """The base in 4 bits, activations computed again, and both, as for Llama-2-13b on one GPU: the loss falls."""
    base = request.getfixturevalue(model)
    cutter = Cutter(base)
    examples = [encode(_example(number), cutter, 512) for number in range(8)]
    saving = Settings(
        epochs=10, batch=4, at_once=2, learning_rate=0.02, save_every=50, four_bit=four_bit, checkpointing=checkpointing
    )

    made = train(base, examples, tmp_path, saving, cutter.end)

    losses = [json.loads(line)["loss"] for line in (tmp_path / "steps.jsonl").read_text().splitlines()]
    assert sum(losses[-4:]) < sum(losses[:4])
    assert any(float(values.abs().max()) > 0 for name, values in _weights(made).items() if "lora_B" in name)


def test_an_evaluation_that_a_run_was_killed_before_is_made_up_for(tiny, encoded, tmp_path):
    """The same checkpoint is kept, and none is judged twice."""
    examples, end = encoded
    settings = Settings(epochs=4, batch=4, learning_rate=0.01, save_every=2, judge_every=4)
    asked = []

    def judge(checkpoint):
        asked.append(checkpoint.name)
        return {"quality": 1.0 / len(asked)}

    whole = _weights(train(tiny, examples, tmp_path / "whole", settings, end, judge=judge))
    killed = asked.copy()
    asked.clear()

    def die(checkpoint):
        if checkpoint.name == "checkpoint-8":
            raise KeyboardInterrupt
        return judge(checkpoint)

    with pytest.raises(KeyboardInterrupt):
        train(tiny, examples, tmp_path / "cut", settings, end, judge=die)
    found = _weights(train(tiny, examples, tmp_path / "cut", settings, end, resume=True, judge=judge))

    assert asked == killed == ["checkpoint-4", "checkpoint-8", "checkpoint-12"]
    assert all(torch.equal(found[name], values) for name, values in whole.items())


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
