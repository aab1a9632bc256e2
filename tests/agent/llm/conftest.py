"""An engine without weights: one token per character, probabilities from a digest of the prompt's end."""
# ruff: noqa: S311 - chance in tests is no secret

import hashlib
import math
import random
from collections.abc import Iterator, Sequence

import pytest

from agent.llm.engine import Usage


class ToyEngine:
    """Deterministic, remembers every prompt, and knows one control token: ``<|user|>``-like words are 1."""

    name, model, sha256, context = "toy", "toy-1", "0" * 64, 2000
    start, end = [0], 2

    def __init__(self, written: str = "hello") -> None:
        self.usage = Usage()
        self.prompts: list[list[int]] = []
        self.closed = False
        self.written = written
        self.schemas: list[object] = []

    def render(self, messages):
        """Write each turn after its role."""
        return "".join(f"<|{m['role']}|>{m['content']}\n" for m in messages) + "<|assistant|>"

    def tokenize(self, text, *, special=False):
        """Cut a text into characters."""
        if special:
            for role in ("system", "user", "assistant"):
                text = text.replace(f"<|{role}|>", "\x01")
        return [ord(letter) for letter in text]

    def next_token(self, prompt: Sequence[int], allowed: Sequence[int]) -> list[float]:
        """Return probabilities that depend on the last nine tokens."""
        self.prompts.append(list(prompt))
        self.usage += Usage(prompt_tokens=len(prompt), generated_tokens=1)
        seed = hashlib.sha256(repr(prompt[-9:]).encode()).digest()
        weights = [random.Random(seed + str(token).encode()).random() + 1e-3 for token in allowed]
        return [math.log(weight / sum(weights)) for weight in weights]

    def generate(
        self, prompt, *, max_tokens, temperature, seed, stop, json_schema=None, sentence=None
    ) -> Iterator[str]:
        """Write the given text letter by letter, or a short JSON string."""
        self.prompts.append(list(prompt))
        self.schemas.append(json_schema)
        for letter in ('"free"' if json_schema else self.written)[:max_tokens]:
            self.usage += Usage(generated_tokens=1)
            yield letter

    def close(self):
        """Remember that it was closed."""
        self.closed = True


@pytest.fixture
def engine() -> ToyEngine:
    """Return a fresh toy engine."""
    return ToyEngine()
