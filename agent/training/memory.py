"""How much memory fine-tuning takes, worked out before it begins: weights, adapter, activations, logits, evaluation.

For LoRA on a Llama-shaped model, trained by `trainer.py`. What is counted, in bytes: quantized weights take 4.127 bits
(QLoRA with double quantization, Dettmers et al. 2023, arXiv 2305.14314), and what is not quantized beside them 4 bytes;
trained numbers take 16 bytes (weight, gradient and Adam's two moments in float32); with checkpointing each layer keeps
its input, and one layer at a time all that its backward pass needs (Chen et al. 2016, arXiv 1604.06174). Evaluations
on the way hold the weights a second time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from agent.training.trainer import Settings

__all__ = ["PRESETS", "Memory", "Preset", "memory_of"]

GIB = 2**30
QUANTIZED = 4.127 / 8  # bytes
TRAINED = 16
PLACES = 192  # of an example at which the vocabulary's logits are computed: an explanation's words
LOGITS = 3 * 4  # the logits, their softmax and its gradient in float32
RESERVED = GIB  # CUDA's context and kernels
# What a layer's backward pass needs of a token, in hidden and in intermediate sizes: measured, see the tests.
PER_HIDDEN, PER_INTERMEDIATE = 20.5, 5.0
HALF = 2


@dataclass(frozen=True)
class Memory:
    """Memory by what it is for, bytes.

    Attributes
    ----------
    weights, adapter, activations, logits, evaluation, reserved : float
    """

    weights: float
    adapter: float
    activations: float
    logits: float
    evaluation: float
    reserved: float = RESERVED

    @property
    def total(self) -> float:
        """All of it."""
        return float(sum(getattr(self, part.name) for part in fields(self)))

    def __str__(self) -> str:
        """Say it in GiB."""
        listed = ", ".join(f"{part.name} {getattr(self, part.name) / GIB:.1f}" for part in fields(self))
        return f"{self.total / GIB:.1f} GiB ({listed})"


@dataclass(frozen=True)
class Preset:
    """Settings that fit a GPU.

    Attributes
    ----------
    gibibytes : int
        Of the GPU.
    longest : int
        Tokens of an example.
    four_bit : bool
    at_once : int
        Examples in memory.
    """

    gibibytes: int
    longest: int
    four_bit: bool
    at_once: int

    def of(self, settings: Settings) -> Settings:
        """Return settings that fit."""
        return replace(settings, four_bit=self.four_bit, at_once=self.at_once, checkpointing=True)


PRESETS = {
    "24gb": Preset(24, 2048, four_bit=True, at_once=2),
    "80gb": Preset(80, 4096, four_bit=False, at_once=4),
}
"""For Llama-2-13b and models of its size."""


def memory_of(config: Mapping[str, Any], settings: Settings, longest: int) -> Memory:
    """Work out the memory of a training.

    Parameters
    ----------
    config : mapping
        The model's ``config.json``.
    settings : Settings
    longest : int
        Tokens of an example.

    Examples
    --------
    >>> llama_2_13b = {"hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "vocab_size": 32000,
    ...                "num_attention_heads": 40}
    >>> print(memory_of(llama_2_13b, PRESETS["24gb"].of(Settings()), PRESETS["24gb"].longest))
    11.8 GiB (weights 7.3, adapter 0.5, activations 2.9, logits 0.1, evaluation 0.0, reserved 1.0)
    """
    hidden, between = int(config["hidden_size"]), int(config["intermediate_size"])
    layers, vocabulary, heads = (int(config[k]) for k in ("num_hidden_layers", "vocab_size", "num_attention_heads"))
    size = int(config.get("head_dim") or hidden // heads)
    keys = size * int(config.get("num_key_value_heads") or heads)
    shapes = [(hidden, size * heads), (hidden, keys), (hidden, keys), (size * heads, hidden)]
    shapes += [(hidden, between), (hidden, between), (between, hidden)]
    linear = layers * sum(a * b for a, b in shapes)
    other = (1 if config.get("tie_word_embeddings") else 2) * vocabulary * hidden + (2 * layers + 1) * hidden
    trained = layers * settings.rank * sum(a + b for a, b in shapes)
    weights = linear * QUANTIZED + other * 2 * HALF if settings.four_bit else (linear + other) * HALF
    tokens = settings.at_once * longest
    layer = tokens * (PER_HIDDEN * hidden + PER_INTERMEDIATE * between) * HALF
    kept = layers * tokens * hidden * HALF + layer if settings.checkpointing else layers * layer
    logits = settings.at_once * min(longest, PLACES) * vocabulary * LOGITS
    return Memory(weights, trained * TRAINED, kept, logits, weights if settings.judge_every else 0.0)
