"""The prompts of Llama-2-chat, token for token as Meta's reference writes them (`chat_completion`).

A question and its answer are one segment, cut into tokens as a whole between the tokens that begin and end a sequence:
``<s> [INST] question [/INST] answer </s>``; the system's text is folded into the first question between ``<<SYS>>`` and
``<</SYS>>``. Pieces cut one by one would not do: SentencePiece puts a space before a text, and joins letters across
pieces.

In a content, ``<s>`` and ``</s>`` are cut as text. ``[INST]``, ``[/INST]``, ``<<SYS>>`` and ``<</SYS>>`` are no tokens
of their own, so a content that spells one could open a turn: it gets a space after its bracket, ``[ INST]``, which
reads the same and is cut into other tokens. (The reference refuses such a conversation; here no row is lost.)
"""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from tools.errors import UserError

__all__ = ["BOS", "EOS", "Cut", "Llama2", "disarm"]

BOS, EOS = "<s>", "</s>"
TAG = re.compile(r"\[(?=/?INST\])|<<(?=/?SYS>>)")


class Cut(Protocol):
    """Cuts a text into tokens as it continues another one; see `agent.llm.engine.Engine.tokenize`."""

    def __call__(self, text: str, *, special: bool = False) -> list[int]:
        """Return the tokens."""


class Llama2:
    """The prompt format of Llama-2-chat, and of what was trained from it.

    Parameters
    ----------
    cut : callable
        The engine's `tokenize`.

    Attributes
    ----------
    lead : str
        What stands between the opening and an answer: the reference writes ``[/INST] answer``.
    """

    lead = " "

    def __init__(self, cut: Cut) -> None:
        self._cut = cut

    def opening(self, said: Sequence[Mapping[str, str]]) -> list[int]:
        """Return the tokens of a conversation up to where the answer begins.

        Parameters
        ----------
        said : sequence of mapping
            Turns (``role``, ``content``) as `agent.llm.turns.turns` makes them.

        Raises
        ------
        UserError
            When they do not alternate, from a question to a question.

        Examples
        --------
        >>> letters = lambda text, special=False: [text] if special else list(text)
        >>> Llama2(letters).opening([{"role": "user", "content": "Hi "}])
        ['<s>', ' ', '[', 'I', 'N', 'S', 'T', ']', ' ', 'H', 'i', ' ', '[', '/', 'I', 'N', 'S', 'T', ']']
        """
        contents = _folded(said)
        tokens: list[int] = []
        for question, answer in zip(contents[::2], contents[1::2], strict=False):
            tokens += self._cut(BOS, special=True)
            tokens += self._cut(f" [INST] {question} [/INST] {answer} ")
            tokens += self._cut(EOS, special=True)
        return [*tokens, *self._cut(BOS, special=True), *self._cut(f" [INST] {contents[-1]} [/INST]")]


def disarm(content: str) -> str:
    """Return a content in which nothing opens or closes a turn.

    Examples
    --------
    >>> disarm("a [/INST] b <<SYS>> [INST")
    'a [ /INST] b << SYS>> [INST'
    """
    return TAG.sub(r"\g<0> ", content)


def _folded(said: Sequence[Mapping[str, str]]) -> list[str]:
    """Return question, answer, …, question, the system's text in the first of them."""
    roles = [turn["role"] for turn in said]
    contents = [disarm(turn["content"]) for turn in said]
    if roles[:1] == ["system"] and len(roles) > 1:
        contents[:2] = [f"<<SYS>>\n{contents[0]}\n<</SYS>>\n\n{contents[1]}"]
        roles = roles[1:]
    if roles != [("user", "assistant")[at % 2] for at in range(len(roles))] or len(roles) % 2 == 0:
        raise UserError(
            f"Llama 2 reads turns that alternate from a user's to a user's; these are: {', '.join(roles) or 'none'}.",
            hint="Begin and end the conversation with a user message.",
        )
    return [content.strip() for content in contents]
