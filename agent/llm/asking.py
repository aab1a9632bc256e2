"""Forks asked as questions, for chat models that show no probabilities: what is asked, and how an answer is read.

Knows options and texts; knows nothing about who is asked.
"""

import math
import re
from abc import abstractmethod
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage

from agent.llm.engine import Sentence, Usage
from agent.llm.forking import Fork, ForkingChat, Text

__all__ = ["AskingChat", "fallback_notes", "first_sentence", "question", "read"]

ORDERS = 3
ASKED = 3  # a question, and twice more with what was wrong with the answer
SHOWN = 200
COMPOSED_TOKENS = 600  # some models think before they write
AS_NUMBER = "Reply with the number of one option and nothing else."


class AskingChat(ForkingChat):
    """Base of the chat models whose forks are questions with numbered options.

    A subclass says how a conversation is answered (`_reply`) and how free text is written (`_write`).

    Attributes
    ----------
    fallbacks : int
        How often no answer could be read, three times in a row, and the first option (the rule's) was taken.
    """

    @property
    def fallbacks(self) -> int:
        """How often the first option was taken because no answer could be read."""
        return self.usage.fallbacks

    @abstractmethod
    def _reply(self, messages: Sequence[BaseMessage], text: Text) -> str:
        """Return the whole answer to a conversation."""

    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,
        seed: int | None,
    ) -> Fork:
        index = self._asked(messages, prefix, options, Text(temperature, seed))
        return Fork(index, options[index])

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        """Ask over several orders; the share of each option, half an answer added to each."""
        votes = [0.5] * len(options)
        count = len(options)
        for turn in range(ORDERS if count > 2 else 2):
            order = [(at + turn * max(1, count // ORDERS)) % count for at in range(count)]
            votes[order[self._asked(messages, prefix, [options[at] for at in order], Text())]] += 1
        return [math.log(vote / sum(votes)) for vote in votes]

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        limit = (text.json_schema or {}).get("maxLength")
        asked = f"The JSON so far: {prefix}\nReply with the next string only, without quotes."
        return self._reply([*messages, HumanMessage(asked)], text).strip()[:limit]

    def compose(
        self, messages: Sequence[BaseMessage], prefix: str, form: Sentence, *, temperature: float, seed: int
    ) -> str:
        """Ask for the next sentence; whether it keeps the form is for the caller to see."""
        asked = f"Your explanation so far: {prefix}\nReply with the next sentence only, without a number before it."
        with self._lock:
            written = self._composed([*messages, HumanMessage(asked)], form, Text(temperature, seed, COMPOSED_TOKENS))
        return first_sentence(written)

    def _composed(self, messages: Sequence[BaseMessage], form: Sentence, text: Text) -> str:  # noqa: ARG002
        """Return the answer to the question for one sentence; a subclass that can constrain it does."""
        return self._reply(messages, text)

    def _asked(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str], text: Text) -> int:
        """Ask, again with what was wrong, and give the first option when no answer is one of them."""
        asked = feedback = question(prefix, options, AS_NUMBER)
        for _ in range(ASKED):
            answer = self._reply([*messages, HumanMessage(feedback)], text)
            index = read(answer, options)
            if index is not None:
                return index
            said = " ".join(answer.split())[:SHOWN]
            feedback = f"{asked}\nYou replied “{said}”: that is none of the numbers from 1 to {len(options)}."
        self._usage += Usage(fallbacks=1)
        return 0


def question(prefix: str, options: Sequence[str], how: str) -> str:
    """Return the question how an answer goes on.

    Examples
    --------
    >>> print(question("The label is", [" benign", " malignant"], AS_NUMBER))
    Your answer so far: The label is
    How does it go on?
    1. benign
    2. malignant
    Reply with the number of one option and nothing else.
    """
    numbered = [f"{at}. {option.strip()}" for at, option in enumerate(options, 1)]
    said = [f"Your answer so far: {prefix}"] if prefix else []
    return "\n".join([*said, "How does it go on?", *numbered, how])


def read(answer: str, options: Sequence[str]) -> int | None:
    """Return the option that an answer names, by its text or by its number; what was thought aloud does not count.

    Examples
    --------
    >>> read("<think>1 or 2?</think> 2. malignant", [" benign", " malignant"])
    1
    >>> read("2 things come to mind", [" benign", " malignant"])
    """
    plain, texts = _bare(answer.rpartition("</think>")[2]), [_bare(option) for option in options]
    if plain in texts:
        return texts.index(plain)
    number = re.fullmatch(r"(?:option\s*)?(\d{1,4})[.):]?(?:\s+(.*))?", plain, re.IGNORECASE | re.DOTALL)
    index = int(number[1]) - 1 if number else -1
    if number is None or not 0 <= index < len(options):
        return None
    return index if number[2] is None or _bare(number[2]).startswith(texts[index]) else None


def fallback_notes(work: Usage) -> list[str]:
    """Return what a receipt says about choices that the rule made for a language model.

    Examples
    --------
    >>> fallback_notes(Usage(fallbacks=2))
    ['Choices that the rule made because the language model named none of the options: 2.']
    """
    said = f"Choices that the rule made because the language model named none of the options: {work.fallbacks}."
    return [said] if work.fallbacks else []


def _bare(text: str) -> str:
    return text.strip().strip("\"'`.").strip()


def first_sentence(answer: str) -> str:
    """Return the first sentence of an answer, without a number before it.

    Examples
    --------
    >>> first_sentence("2. It is 0.27, above 0.2. So it speaks for ripe.")
    'It is 0.27, above 0.2.'
    """
    text = " ".join(answer.rpartition("</think>")[2].split())
    text = re.sub(r"^(?:\d{1,2}[.)]|[-*])\s+", "", text).replace("**", "")
    return re.split(r"(?<=[.!?])\s+(?=[A-Z“\"])", text, maxsplit=1)[0]
