"""From examples to an adapter that both engines run."""

import json
import shutil

import pytest
import torch
from langchain_core.messages import HumanMessage
from peft import PeftModel
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForCausalLM

from agent.commands import finetune as command
from agent.llm import LocalChat, load
from agent.llm.adapter import checked, quantized_for, read_card
from agent.training.example import Example, Part, Turn
from agent.training.finetune import finetune
from agent.training.gguf import write_gguf
from agent.training.plot import write_plot
from agent.training.trainer import Settings
from tools.errors import ModelSpecError, StorageError, UserError

SETTINGS = Settings(epochs=12, batch=4, learning_rate=0.01, save_every=10)


def _examples():
    for number in range(12):
        word, label = (("value", " above"), ("mean", " below"))[number % 2]
        asked = Turn(role="user", content=f"{'the ' * (number % 5)}{word}?")
        answer = (Part(text="It is"), Part(text=label, options=(" above", " below")))
        yield Example(kind="questions", table=f"table {number % 3}", turns=(asked,), answer=answer)


@pytest.fixture(scope="module", name="made")
def _made(tiny, tmp_path_factory):
    out = tmp_path_factory.mktemp("adapters") / "adapter"
    return finetune(_examples, tiny, out, SETTINGS, name="tiny"), out


def test_an_adapter_says_what_is_in_it(made, tiny):
    """A card for programs and one for people, every step, a plot; no path of this machine."""
    card, out = made

    assert read_card(out) == card
    assert card.examples == {"questions": 12}
    assert card.tables == ["table 0", "table 1", "table 2"]
    assert "| questions | 12 |" in (out / "README.md").read_text()
    assert (out / "steps.svg").read_text().startswith("<svg")
    assert str(tiny) not in (out / "adapter_config.json").read_text()


def test_a_model_runs_with_it_and_knows_what_it_was_trained_for(made, tiny):
    """It chooses what it learned; without the adapter it is another model."""
    _, out = made
    chat, plain = load(f"{tiny}+{out}"), LocalChat(model=str(tiny))
    said = [HumanMessage(next(_examples()).turns[0].content)]
    learned, before = (model.score(said, "It is", [" above", " below"])[0] for model in (chat, plain))
    assert chat.trained == {"questions"}
    assert plain.trained == frozenset()
    assert learned > max(before, -0.2)
    assert chat.describe()["sha256"] != plain.describe()["sha256"]


def test_both_engines_have_the_same_matrices(made, tiny, tmp_path):
    """GGUF under llama.cpp's names, queries and keys in its order of rows."""
    gguf = pytest.importorskip("gguf")
    _, out = made
    kept = {tensor.name: tensor.data for tensor in gguf.GGUFReader(out / "adapter.gguf").tensors}
    network = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny, dtype="float32"), str(out))
    own = {name: values for name, values in network.named_parameters() if "lora_" in name}

    assert len(kept) == len(own)
    values = own["base_model.model.model.layers.1.mlp.down_proj.lora_B.default.weight"].detach().numpy()
    assert torch.allclose(torch.tensor(kept["blk.1.ffn_down.weight.lora_b"]).float(), torch.tensor(values), atol=1e-3)
    queries = own["base_model.model.model.layers.0.self_attn.q_proj.lora_B.default.weight"].detach()
    turned = queries.reshape(4, 2, 4, -1).swapaxes(1, 2).reshape(queries.shape)
    assert torch.allclose(torch.tensor(kept["blk.0.attn_q.weight.lora_b"]).float(), turned, atol=1e-3)


def test_a_layer_that_llama_cpp_does_not_know_is_named(made, tiny, tmp_path):
    """Before anything is written that would not load."""
    _, out = made
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "adapter_config.json").write_bytes((out / "adapter_config.json").read_bytes())
    known = load_file(out / "adapter_model.safetensors")
    renamed = {name.replace("down_proj", "odd_proj"): values for name, values in known.items()}
    save_file(renamed, odd / "adapter_model.safetensors")

    with pytest.raises(ModelSpecError, match="odd_proj"):
        write_gguf(odd, tiny, tmp_path / "odd.gguf")


def test_nothing_to_learn_and_nothing_to_write_over(made, tiny, tmp_path):
    """A run is refused where one is, and where no example fits."""
    _, out = made

    before = (out / "examples.jsonl").read_bytes()

    with pytest.raises(StorageError, match="holds a run"):
        finetune(lambda: iter(()), tiny, out, SETTINGS, name="tiny")
    assert (out / "examples.jsonl").read_bytes() == before
    with pytest.raises(UserError, match="nothing to learn"):
        finetune(_examples, tiny, tmp_path / "other", SETTINGS, name="tiny", longest=3)


def test_a_run_goes_on_only_with_what_it_was_begun_with(made, tiny, llama2, tmp_path):
    """The base, the examples' source; and a folder that holds something else is left alone."""
    _, out = made
    for base, source, longest in ((llama2, "", 1024), (tiny, "other rows", 1024), (tiny, "", 512)):
        with pytest.raises(StorageError, match="other examples or another base"):
            finetune(_examples, base, out, SETTINGS, name="it", resume=True, source=source, longest=longest)
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(StorageError, match="something else"):
        finetune(_examples, tiny, tmp_path, SETTINGS, name="tiny")

    assert (tmp_path / "README.md").read_text() == "mine"


def test_an_adapter_of_another_model_of_the_catalog_is_refused(made, tmp_path):
    """Where it is of another size: a model may be there in two forms."""
    card, out = made
    copied = tmp_path / "adapter"
    shutil.copytree(out, copied)
    (copied / "tallystick.json").write_text(card.model_copy(update={"base": "qwen2.5-coder-1.5b"}).model_dump_json())

    with pytest.raises(ModelSpecError, match="trained for qwen"):
        load(f"smollm2-135m+{copied}")
    assert checked(copied, "somebody/else") == copied
    assert checked(copied, "qwen2.5-coder-1.5b") == copied


def test_a_base_that_was_trained_in_4_bits_runs_in_4_bits_on_a_gpu(made, tmp_path):
    """It fitted there; elsewhere it runs as it is."""
    card, out = made
    copied = tmp_path / "adapter"
    shutil.copytree(out, copied)
    settings = card.settings | {"four_bit": True}
    (copied / "tallystick.json").write_text(card.model_copy(update={"settings": settings}).model_dump_json())

    assert quantized_for(copied, "cuda") == "4bit"
    assert quantized_for(copied, "cpu") is None
    assert quantized_for(out, "cuda") is None


def test_a_folder_without_an_adapter_is_refused(tiny, tmp_path):
    """With the command that makes one."""
    with pytest.raises(ModelSpecError, match="no adapter"):
        load(f"{tiny}+{tmp_path}")


def test_a_damaged_card_is_named(tmp_path):
    """Not passed over: prompts depend on it."""
    (tmp_path / "tallystick.json").write_text(json.dumps({"trained": 5}))

    with pytest.raises(ModelSpecError, match="damaged"):
        read_card(tmp_path)


def test_a_step_that_was_cut_off_is_passed_over(tmp_path):
    """A run that was killed while it wrote a line still gets its plot."""
    steps = tmp_path / "steps.jsonl"
    steps.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')

    write_plot(steps, tmp_path / "judged.jsonl", tmp_path / "steps.svg")

    assert "loss, 1 steps" in (tmp_path / "steps.svg").read_text()


def test_the_plot_shows_loss_and_quality(tmp_path):
    """A point with its value for each evaluation."""
    (tmp_path / "steps.jsonl").write_text("".join(f'{{"step": {n}, "loss": {9 - n}}}\n' for n in range(1, 9)))
    (tmp_path / "judged.jsonl").write_text('{"step": 4, "quality": 0.75}\n{"step": 8, "quality": 0.25}\n')

    write_plot(tmp_path / "steps.jsonl", tmp_path / "judged.jsonl", tmp_path / "steps.svg")

    drawn = (tmp_path / "steps.svg").read_text()
    assert drawn.count("<circle") == 2
    assert ">0.75<" in drawn
    assert ">0.25<" in drawn


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch, tmp_path):
    """Before anything is loaded or written."""
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "peft" else object())

    with pytest.raises(UserError, match="peft") as raised:
        command.finetune([tmp_path], "smollm2-135m", tmp_path / "adapter")

    assert "tallystick[finetune]" in str(raised.value.hint)
    assert not (tmp_path / "adapter").exists()
