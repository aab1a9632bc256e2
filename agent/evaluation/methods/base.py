"""What all methods have in common: how a row is put into a question, how a label is chosen, how words are asked for."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.observation import Observation, show_name
from tools.row_prompt import EXPERT, SHOWN, cell
from tools.schema import Row

__all__ = ["Method", "Written", "asked_why"]

LONGEST = 160  # tokens of a free answer
WHY = "Why? Explain in a few sentences which features of this row led to the answer, with their values."


@dataclass(frozen=True)
class Written:
    """What a method says of one row.

    Attributes
    ----------
    answer : str
        The label.
    probabilities : mapping of str to float
        The method's own probability of each label.
    text : str
        Why; plain text.
    question : str
        What was asked, the row included: a text that repeats it explains nothing.
    observations : sequence of Observation
        What the text may cite.
    decision : mapping, optional
        Who said what about the label.
    """

    answer: str
    probabilities: Mapping[str, float]
    text: str
    question: str
    observations: Sequence[Observation] = ()
    decision: Mapping[str, Any] | None = None


class Method(ABC):
    """A way to classify a row and say why.

    Parameters
    ----------
    bundle : Bundle
    chat : ForkingChat
        The language model.
    top : int
        How many features a text is to name.

    Attributes
    ----------
    name : str
        As in `METHODS`.
    chooses : bool
        Whether it chooses among given texts, so that chance and the rule can take the model's place.
    recipe : str
        How its model was fine-tuned; empty for the model as it comes.
    """

    name: ClassVar[str]
    chooses: ClassVar[bool] = False
    recipe: ClassVar[str] = ""

    def __init__(self, bundle: Bundle, chat: ForkingChat, top: int) -> None:
        self.bundle, self.chat, self.top = bundle, chat, top
        self.labels = bundle.schema.labels

    @abstractmethod
    def write(self, row: Row) -> Written:
        """Classify one row and say why."""

    # -- asking ------------------------------------------------------------------------------------------------------

    @property
    def system(self) -> SystemMessage:
        """What every conversation begins with."""
        return SystemMessage(EXPERT.format(labels=", ".join(map(show_name, self.labels))))

    def question(self, row: Row) -> str:
        """Return a row and what is asked about it."""
        labels = " or ".join(map(show_name, self.labels))
        return f"Here is a row: {self.described(row)}.\nWhich label does it have: {labels}?"

    def described(self, row: Row) -> str:
        """Return the most important features of a row with their values."""
        names = [entry["feature"] for entry in self.bundle.importance[:SHOWN]]
        return "; ".join(f"{show_name(name)} = {cell(row[name])}" for name in names)

    def label(self, messages: Sequence[BaseMessage]) -> tuple[str, dict[str, float]]:
        """Return the label that the model chooses as its answer, and how probable it finds each."""
        options = [f" {show_name(label)}" for label in self.labels]
        scores = self.chat.score(messages, "Label:", options)
        chosen = (
            self.chat.fork(messages, "Label:", options).index if len(set(scores)) == 1 else scores.index(max(scores))
        )
        return self.labels[chosen], {label: math.exp(s) for label, s in zip(self.labels, scores, strict=True)}

    def words(self, messages: Sequence[BaseMessage]) -> str:
        """Return what the model answers in free words."""
        return str(self.chat.invoke(list(messages), max_tokens=LONGEST, temperature=0).text).strip()

    def reasoned(self, messages: Sequence[BaseMessage], asked: str = WHY) -> Written:
        """Ask for the label, then why."""
        answer, probabilities = self.label(messages)
        said = self.words(asked_why(messages, answer, asked))
        return Written(answer, probabilities, said, f"{messages[-1].text}\n{asked}")


def asked_why(messages: Sequence[BaseMessage], answer: str, asked: str = WHY) -> list[BaseMessage]:
    """Return the conversation in which a label was given, and is asked for its reasons."""
    return [*messages, AIMessage(f"Label: {show_name(answer)}"), HumanMessage(asked)]
