"""Memory worked out before a training: held against what PyTorch keeps."""

from pathlib import Path

import peft
import pytest
import torch
import transformers

from agent.training.memory import GIB, HALF, PER_HIDDEN, PER_INTERMEDIATE, PRESETS, memory_of
from agent.training.trainer import LAYERS, Settings

LLAMA_2_13B = {
    "hidden_size": 5120,
    "intermediate_size": 13824,
    "num_hidden_layers": 40,
    "vocab_size": 32000,
    "num_attention_heads": 40,
}


def _on_nothing(**config):
    """Return a network without memory."""
    with torch.device("meta"):
        return transformers.LlamaForCausalLM(transformers.LlamaConfig(**config)).to(torch.bfloat16)


@pytest.mark.parametrize("more", [{}, {"num_key_value_heads": 8, "tie_word_embeddings": True}])
def test_weights_and_adapter_are_those_of_the_real_shapes(more):
    """Llama-2-13b, built without memory: every parameter counted."""
    config = LLAMA_2_13B | more
    network = _on_nothing(**config)
    expected = network.num_parameters() * HALF
    lora = peft.LoraConfig(r=8, target_modules=LAYERS, task_type="CAUSAL_LM")
    trained, _ = peft.get_peft_model(network, lora).get_nb_trainable_parameters()

    found = memory_of(config, Settings(rank=8), 1024)

    assert found.weights == expected
    assert found.adapter == trained * 16


@pytest.mark.parametrize(("hidden", "between"), [(256, 512), (256, 1024), (512, 512)])
def test_activations_are_what_a_backward_pass_keeps(hidden, between):
    """Of one layer and token; measured on tensors that autograd saves."""
    config = transformers.LlamaConfig(
        hidden_size=hidden,
        intermediate_size=between,
        num_hidden_layers=1,
        vocab_size=64,
        num_attention_heads=4,
    )
    network = transformers.LlamaForCausalLM(config).to(torch.bfloat16)
    lora = peft.get_peft_model(network, peft.LoraConfig(r=2, target_modules=LAYERS, task_type="CAUSAL_LM"))
    weights = {values.untyped_storage().data_ptr() for values in lora.parameters()}
    kept = {}

    def keep(values):
        if values.untyped_storage().data_ptr() not in weights:
            kept[values.untyped_storage().data_ptr()] = values.untyped_storage().nbytes()
        return values

    layer, tokens = lora.get_base_model().model.layers[0], 128
    inside = torch.randn(1, tokens, hidden, dtype=torch.bfloat16, requires_grad=True)
    turned = lora.get_base_model().model.rotary_emb(inside, torch.arange(tokens)[None])
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda values: values):
        layer(inside, position_embeddings=turned)

    worked_out = (PER_HIDDEN * hidden + PER_INTERMEDIATE * between) * HALF * tokens
    assert sum(kept.values()) == pytest.approx(worked_out, rel=0.1)


@pytest.mark.parametrize("name", PRESETS)
def test_llama_2_13b_fits_with_evaluations_on_the_way(name):
    """With a tenth to spare."""
    preset = PRESETS[name]

    found = memory_of(LLAMA_2_13B, preset.of(Settings(judge_every=50)), preset.longest)

    assert found.total < 0.9 * preset.gibibytes * GIB


def test_without_the_preset_it_would_not_fit():
    """The settings are needed."""
    assert memory_of(LLAMA_2_13B, Settings(), 1024).total > 24 * GIB
    assert memory_of(LLAMA_2_13B, Settings(), 4096).total > 80 * GIB


@pytest.mark.parametrize("name", PRESETS)
def test_the_readme_says_what_is_worked_out(name):
    """The figures for Llama-2-13b."""
    preset = PRESETS[name]
    found = memory_of(LLAMA_2_13B, preset.of(Settings(judge_every=100)), preset.longest)

    assert f"{found.total / GIB:.1f} GiB" in (Path(__file__).parents[3] / "README.md").read_text()
