"""How a conversation becomes the tokens of a prompt: by the model's chat template, or by a format of its own.

Knows turns and tokens; knows nothing about LangChain or forks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from agent.llm.engine import Engine
from agent.llm.llama2 import BOS, EOS, Cut, Llama2
from tools.errors import EngineError

__all__ = ["Format", "Pieces", "format_of"]

MARK = re.compile(r"⟦(\d+)⟧")
# Files of Llama-2-chat made in 2023 carry no template: there the name has to tell.
LLAMA_2_CHAT = re.compile(r"llama-?2.*chat", re.IGNORECASE)


class Format(Protocol):
    """Writes the opening of prompts.

    Attributes
    ----------
    lead : str
        The text between the opening and an answer.
    """

    lead: str

    def opening(self, said: Sequence[Mapping[str, str]]) -> list[int]:
        """Return the tokens of turns (``role``, ``content``) up to where the answer begins."""


def format_of(engine: Engine, cut: Cut) -> Format:
    """Return the format that a model was trained on.

    Parameters
    ----------
    engine : Engine
        Who runs the model.
    cut : callable
        The engine's `tokenize`, or one that remembers.

    Raises
    ------
    EngineError
        When nothing tells the format.
    """
    if _is_llama2(engine.template, engine.model) and all(len(cut(token, special=True)) == 1 for token in (BOS, EOS)):
        return Llama2(cut)
    if not engine.template:
        raise EngineError(f"{engine.model} has no chat template.", hint="Use a chat model, not a base model.")
    return Pieces(engine.render, engine.start, cut)


def _is_llama2(template: str, name: str) -> bool:
    if not template:
        return LLAMA_2_CHAT.search(name) is not None
    return "[INST]" in template and "<<SYS>>" in template


class Pieces:
    """A chat template's own text, in which control tokens count, and contents, in which they do not.

    Parameters
    ----------
    render : callable
        The engine's `render`.
    start : sequence of int
        Tokens that open every prompt.
    cut : callable
        The engine's `tokenize`. Pieces are cut one by one: a cell that says ``<|im_start|>`` is text.
    """

    lead = ""

    def __init__(self, render: Callable[[Sequence[Mapping[str, str]]], str], start: Sequence[int], cut: Cut) -> None:
        self._render, self._start, self._cut = render, start, cut
        self._template = lru_cache(maxsize=256)(self._template_pieces)

    def opening(self, said: Sequence[Mapping[str, str]]) -> list[int]:
        """Return the tokens of turns (``role``, ``content``) up to where the answer begins."""
        tokens = list(self._start)
        for piece, content in self._template(tuple(turn["role"] for turn in said)):
            tokens += self._cut(piece, special=True)
            if content is not None:
                tokens += self._cut(said[content]["content"].strip())
        return tokens

    def _template_pieces(self, roles: tuple[str, ...]) -> list[tuple[str, int | None]]:
        """Return the chat template's own text for these roles, each piece with the number of the content after it."""
        rendered = self._render([{"role": role, "content": f"⟦{at}⟧"} for at, role in enumerate(roles)])
        *pairs, last = MARK.split(rendered)
        return [(pairs[at], int(pairs[at + 1])) for at in range(0, len(pairs), 2)] + [(last, None)]
