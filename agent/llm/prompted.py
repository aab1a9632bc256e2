"""Forks for chat models of any provider, which show no probabilities: each is asked as a question.

Free text and tool calls are the wrapped model's own.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from agent.llm.engine import Usage
from agent.llm.forking import Fork, ForkingChat, Text
from tools.errors import EngineError, TallystickError

__all__ = ["PromptedChat"]

ORDERS = 3


class PromptedChat(ForkingChat):
    """A chat model without log-probabilities that can choose between texts.

    Parameters
    ----------
    inner : BaseChatModel
        The wrapped model.

    Attributes
    ----------
    fallbacks : int
        How often no answer could be read, twice in a row, and the first option (the rule's) was taken.
    """

    inner: BaseChatModel

    _fallbacks: int = PrivateAttr(default=0)

    @property
    def fallbacks(self) -> int:
        """How often the first option was taken because no answer could be read."""
        return self._fallbacks

    @property
    def _llm_type(self) -> str:
        return f"prompted-{self.inner._llm_type}"

    def describe(self) -> dict[str, str | None]:
        """Return ``model``, ``engine`` (the provider) and ``sha256`` (None)."""
        known = self.inner._get_ls_params()  # the name a provider gives for tracing
        kind = self.inner._llm_type
        return {
            "model": known.get("ls_model_name") or kind,
            "engine": known.get("ls_provider") or kind,
            "sha256": None,
        }

    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,  # noqa: ARG002 - the wrapped model has its own
        seed: int | None,  # noqa: ARG002
    ) -> Fork:
        index = self._asked(messages, prefix, options)
        return Fork(index, options[index])

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        """Ask over several orders; the share of each option, half an answer added to each."""
        votes = [0.5] * len(options)
        count = len(options)
        for turn in range(ORDERS if count > 2 else 2):
            order = [(at + turn * max(1, count // ORDERS)) % count for at in range(count)]
            votes[order[self._asked(messages, prefix, [options[at] for at in order])]] += 1
        return [math.log(vote / sum(votes)) for vote in votes]

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:
        shown = [*messages, AIMessage(prefix)] if prefix else list(messages)
        with _engine(self._llm_type):
            for chunk in self.inner.stream(shown, stop=list(text.stop) or None):
                self._count(chunk)
                yield str(chunk.text)

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        limit = (text.json_schema or {}).get("maxLength")
        question = f"The JSON so far: {prefix}\nReply with the next string only, without quotes."
        return "".join(self._write([*messages, HumanMessage(question)], "", text)).strip()[:limit]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools, final = kwargs.get("tools"), kwargs.get("final")
        if not tools:
            return super()._generate(messages, stop, run_manager, **kwargs)
        try:
            bound = self.inner.bind_tools(tools, tool_choice=kwargs.get("tool_choice") or "auto")
        except NotImplementedError:  # a model without tools of its own: the call is put together fork by fork
            return super()._generate(messages, stop, run_manager, **kwargs)
        with _engine(self._llm_type):
            message = bound.invoke(messages, stop=stop)
        self._count(message)
        if final and not message.tool_calls:
            message = AIMessage(final, usage_metadata=message.usage_metadata)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _asked(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> int:
        """Ask, once more when the answer is of no use, and give the first option when that is none either."""
        numbered = "\n".join(f"{at}. {option.strip()}" for at, option in enumerate(options, 1))
        said = f"Your answer so far: {prefix}\n" if prefix else ""
        question = f"{said}How does it go on?\n{numbered}\nReply with the number of one option and nothing else."
        for _ in range(2):
            with _engine(self._llm_type):
                answer = self.inner.invoke([*messages, HumanMessage(question)])
            self._count(answer)
            index = _read(str(answer.text), options)
            if index is not None:
                return index
        self._fallbacks += 1
        return 0

    def _count(self, message: AIMessage) -> None:
        known = message.usage_metadata
        if known:
            cached = known.get("input_token_details", {}).get("cache_read", 0)
            self._usage += Usage(known["input_tokens"], cached, known["output_tokens"])


@contextmanager
def _engine(name: str) -> Iterator[None]:
    """Turn any error of a provider into an EngineError: each has errors of its own."""
    try:
        yield
    except TallystickError:
        raise
    except Exception as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise EngineError(f"{name}: {said[0][:300]}") from error


def _read(answer: str, options: Sequence[str]) -> int | None:
    """Return the option an answer names, by its text or by its number."""
    plain = answer.strip().strip("\"'`.").strip()
    for at, option in enumerate(options):
        if plain == option.strip().strip("\"'`.").strip():
            return at
    number = re.fullmatch(r"(?:option\s*)?(\d{1,4})[.):]?(?:\s.*)?", plain, re.IGNORECASE | re.DOTALL)
    index = int(number[1]) - 1 if number else -1
    return index if 0 <= index < len(options) else None
