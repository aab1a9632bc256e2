"""A chat model that plays a script, for tests and for documentation: no weights, no network."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from agent.llm.forking import Fork, ForkingChat, Text
from tools.errors import EngineError

__all__ = ["ScriptedChat", "Shown"]

Pick = Callable[[Sequence[BaseMessage], str, Sequence[str]], int]


@dataclass(frozen=True)
class Shown:
    """What the model was shown once: the messages, and for a fork the answer so far and the options."""

    messages: tuple[BaseMessage, ...]
    prefix: str = ""
    options: tuple[str, ...] = ()


class ScriptedChat(ForkingChat):
    """Gives the answers of a script, one after another.

    Parameters
    ----------
    answers : sequence
        An `AIMessage` (text, or a tool call) is an answer as it stands; a text is a plain answer, or at a fork the
        option that reads so; a callable ``(messages, prefix, options) -> index`` picks at a fork. With tools bound and
        a callable next, the call is put together fork by fork.

    Attributes
    ----------
    history : list of Shown
        Everything the model was shown.

    Raises
    ------
    EngineError
        When the script has run out, or its next answer does not fit what was asked.

    Examples
    --------
    >>> model = ScriptedChat(answers=["Hello.", " benign"])
    >>> model.invoke("Hi").content
    'Hello.'
    >>> model.fork([], "The label is", [" malignant", " benign"]).index
    1
    >>> len(model.history)
    2
    """

    answers: Sequence[Any] = ()

    _next: int = PrivateAttr(default=0)
    _history: list[Shown] = PrivateAttr(default_factory=list)

    @property
    def history(self) -> list[Shown]:
        """Everything the model was shown."""
        return self._history

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _take(self, shown: Shown) -> Any:
        self._history.append(shown)
        if self._next >= len(self.answers):
            asked = f"a choice between {list(shown.options)}" if shown.options else "an answer"
            raise EngineError(f"The script has run out after {self._next} answers; {asked} was asked for.")
        self._next += 1
        return self.answers[self._next - 1]

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if kwargs.get("tools") and callable(self._upcoming()):
            return super()._generate(messages, stop, run_manager, **kwargs)
        answer = self._take(Shown(tuple(messages)))
        if isinstance(answer, str):
            answer = AIMessage(answer)
        if not isinstance(answer, AIMessage):
            raise EngineError(f"The script gives {answer!r} where an answer was asked for.")
        return ChatResult(generations=[ChatGeneration(message=answer.model_copy())])

    def _upcoming(self) -> Any:
        return self.answers[self._next] if self._next < len(self.answers) else None

    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,  # noqa: ARG002
        seed: int | None,  # noqa: ARG002
    ) -> Fork:
        answer = self._take(Shown(tuple(messages), prefix, tuple(options)))
        if callable(answer):
            index = answer(messages, prefix, options)
        else:
            index = next((at for at, option in enumerate(options) if _reads(option, answer)), -1)
        if not isinstance(index, int) or not 0 <= index < len(options):
            raise EngineError(f"The script gives {answer!r}, which is none of {list(options)}.")
        return Fork(index, options[index])

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        chosen = self._fork(messages, prefix, options, 0.0, None).index
        rest = 0.01 / (len(options) - 1)
        return [math.log(0.99 if at == chosen else rest) for at in range(len(options))]

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:  # noqa: ARG002
        answer = self._take(Shown(tuple(messages), prefix))
        yield str(answer.text) if isinstance(answer, AIMessage) else str(answer)

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        return "".join(self._write(messages, prefix, text))


def _reads(option: str, answer: object) -> bool:
    """Return whether an option is the scripted text, or the JSON of it with what stands around it."""
    return option == answer or option.strip(" ,]}") == answer or option.strip(" ,]}") == json.dumps(answer)
