"""Choices written down as examples: the loop runs as ever, and a teacher stands in for the model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, SystemMessage
from pydantic import Field, PrivateAttr

from agent.llm.forking import Fork, ForkingChat, Text
from agent.llm.turns import describe_tools
from agent.llm.turns import turns as turns_of
from agent.training.example import Example, Kind, Part, Turn

__all__ = ["Recorder"]

UNLIKELY = -100.0  # log-probability of what the teacher does not take
Teacher = Callable[[str, Sequence[str]], int]


class Recorder(ForkingChat):
    """Asks a teacher at every choice and remembers what was asked.

    Parameters
    ----------
    teacher : callable
        ``teacher(answer so far, options) -> index``.
    write : callable, optional
        ``write(answer so far) -> text`` for a sentence in free words.

    Examples
    --------
    >>> recorder = Recorder(teacher=lambda text, options: 1)
    >>> recorder.fork([], "It is", [" ill", " well"]).option
    ' well'
    >>> [example.text for example in recorder.examples("decision", "a table")]
    ['It is well']
    """

    teacher: Teacher = Field(default=lambda _, __: 0, exclude=True)
    write: Callable[[str], str] = Field(default=lambda _: "", exclude=True)

    _conversations: dict[tuple[tuple[str, str], ...], list[Part]] = PrivateAttr(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "teacher"

    def examples(self, kind: Kind | Callable[[Any], str], table: str) -> Iterator[Example]:
        """Yield what was recorded, a conversation each, and forget it; the kind may depend on the turns."""
        kept, self._conversations = self._conversations, {}
        for said, answer in kept.items():
            turns = [{"role": role, "content": content} for role, content in said]
            found: Any = kind(turns) if callable(kind) else kind
            yield Example(kind=found, table=table, turns=tuple(Turn(**turn) for turn in turns), answer=tuple(answer))

    def _with_tools(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Sequence[BaseMessage]:
        return [*messages, SystemMessage(describe_tools(tools))]  # as a local model is shown them

    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,  # noqa: ARG002 - a teacher has none
        seed: int | None,  # noqa: ARG002
    ) -> Fork:
        index = self.teacher(prefix, options)
        self._note(messages, prefix, Part(text=options[index], options=tuple(options)))
        return Fork(index, options[index])

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        index = self.teacher(prefix, options)
        self._note(messages, prefix, Part(text=options[index], options=tuple(options)))
        return [0.0 if at == index else UNLIKELY for at in range(len(options))]

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:  # noqa: ARG002
        written = self.write(prefix)
        self._note(messages, prefix, Part(text=f" {written}" if prefix else written, written=True))
        return iter([written])

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:  # noqa: ARG002
        return ""

    def _note(self, messages: Sequence[BaseMessage], prefix: str, part: Part) -> None:
        """Add a part to the answer of a conversation, with what was given before it."""
        key = tuple((str(turn["role"]), str(turn["content"])) for turn in turns_of(messages))
        answer = self._conversations.setdefault(key, [])
        known = "".join(one.text for one in answer)
        if not prefix.startswith(known):  # another answer to the same conversation
            answer.clear()
            known = ""
        if prefix[len(known) :]:
            answer.append(Part(text=prefix[len(known) :]))
        answer.append(part)
