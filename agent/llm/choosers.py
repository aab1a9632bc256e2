"""The choosers a language model is measured against: the rule, and chance.

They run the same forks as a model and write no text of their own.
"""

import logging
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from agent.llm.forking import Fork, ForkingChat, Text
from tools.errors import EngineError

__all__ = ["RuleChat", "UniformChat", "or_by_rule"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class RuleChat(ForkingChat):
    """Always takes the first option: whoever offers them puts the rule's choice first.

    Examples
    --------
    >>> RuleChat().fork([], "The label is", [" benign", " malignant"]).option
    ' benign'
    """

    @property
    def _llm_type(self) -> str:
        return "rule"

    def describe(self) -> None:
        """Return None: no model is at work."""

    def _fork(
        self,
        messages: Sequence[BaseMessage],  # noqa: ARG002
        prefix: str,  # noqa: ARG002
        options: Sequence[str],
        temperature: float,  # noqa: ARG002
        seed: int | None,  # noqa: ARG002
    ) -> Fork:
        return Fork(0, options[0])

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:  # noqa: ARG002
        return _even(options)

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:  # noqa: ARG002
        return iter(())

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:  # noqa: ARG002
        return ""


class UniformChat(RuleChat):
    """Takes any option with the same probability; the same seed gives the same choices in the same order.

    Examples
    --------
    >>> one, other = UniformChat(seed=7), UniformChat(seed=7)
    >>> options = ["a", "b", "c"]
    >>> [one.fork([], "", options).index for _ in range(9)] == [other.fork([], "", options).index for _ in range(9)]
    True
    """

    seed: int | None = 0

    _calls: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "uniform"

    def describe(self) -> dict[str, str | None]:  # type: ignore[override]  # the rule is no model, chance is reported
        """Return ``model``, ``engine`` and ``sha256`` (None) for a receipt."""
        return {"model": "uniform", "engine": "uniform", "sha256": None}

    def _fork(
        self,
        messages: Sequence[BaseMessage],  # noqa: ARG002
        prefix: str,  # noqa: ARG002
        options: Sequence[str],
        temperature: float,  # noqa: ARG002
        seed: int | None,
    ) -> Fork:
        self._calls += 1
        index = random.Random(f"{seed} {self._calls}").randrange(len(options))  # noqa: S311 - no secret
        return Fork(index, options[index], tuple(_even(options)))


def or_by_rule(chat: ForkingChat, notes: list[str], ask: Callable[[ForkingChat], T]) -> T:
    """Ask a model; where its engine fails, do the same by rule, and note it."""
    try:
        return ask(chat)
    except EngineError as error:
        _log.warning("The language model failed, the rule takes over: %s", error)
        notes.append(f"The language model failed and the rule took over: {error.message}")
        return ask(RuleChat())


def _even(options: Sequence[str]) -> list[float]:
    return [-math.log(len(options))] * len(options)
