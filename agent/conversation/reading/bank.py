"""The bank of examples: questions about other tables with their calls, found by similarity to a new question.

Names and numbers are masked on both sides, so that questions are alike when they ask alike, whatever they ask about.
"""

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from agent.conversation.reading.calltext import CANNOT, head_of
from agent.conversation.reading.quantities import read_numbers
from agent.conversation.reading.question import Question
from agent.conversation.reading.spelling import WORD, near, written_out
from agent.conversation.reading.vocabulary import ID, words_of

__all__ = ["Example", "examples", "head", "masked", "masked_examples", "names", "nearest", "typical", "words"]

_ABOUT = {"<column>", "<category>", "<number>"}  # any question has some
_WORD = re.compile(r"<\w+>|[^\W_]+(?:['’][^\W_]+)*|[?+]")


@dataclass(frozen=True)
class Example:
    """A question with its calls, and the turns before it."""

    question: str
    calls: Sequence[Mapping[str, Any]]
    before: Sequence[Mapping[str, Any]] = ()


@lru_cache(maxsize=1)
def _bank() -> tuple[Any, tuple[Example, ...]]:
    """Return the retriever and the examples it finds, loaded once."""
    with warnings.catch_warnings():  # langchain-community says on import that it will not be developed further
        warnings.filterwarnings("ignore", "`langchain-community` is being sunset", DeprecationWarning)
        from langchain_community.retrievers import BM25Retriever  # noqa: PLC0415 - only where a question is asked

    found = BM25Retriever.from_texts(
        list(masked_examples()),
        metadatas=[{"at": at} for at in range(len(examples()))],
        preprocess_func=words,
    )
    return found, examples()


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """Return all examples."""
    text = files("agent.conversation.reading").joinpath("bank.jsonl").read_text(encoding="utf-8")
    return tuple(Example(**{"before": (), **json.loads(line)}) for line in text.splitlines())


@lru_cache(maxsize=1)
def masked_examples() -> tuple[str, ...]:
    """Return the questions of the bank with kinds in place of their names and numbers."""
    return tuple(map(_masked_example, examples()))


@lru_cache(maxsize=1)
def typical() -> tuple[Example, ...]:
    """Return one example of each beginning of a call: the first."""
    found: dict[str, Example] = {}
    for example in examples():
        if not example.before:
            found.setdefault(head(example), example)
    return tuple(found.values())


def nearest(question: Question, k: int, *, follows: bool = False) -> list[Example]:
    """Return the k examples most like a question, the nearest last; those with turns before only where it `follows`."""
    retriever, every = _bank()
    retriever.k = len(every)
    found = [every[document.metadata["at"]] for document in retriever.invoke(masked(question))]
    if not follows:
        found = [example for example in found if not example.before]
    return found[:k][::-1]


def head(example: Example) -> str:
    """Return how the calls of an example begin."""
    return head_of(example.calls[0]) if example.calls else CANNOT


def masked(question: Question) -> str:
    """Return a question with kinds in place of its names and numbers.

    Examples
    --------
    >>> from agent.conversation.reading.names import Terms
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> masked(Question("how many have an age over 50?", Terms(schema)))
    'how many have an <column> over <number>?'
    """
    spans = [
        (name.start, name.end, _kind(name.column, name.value, question))
        for name in question.names
        if name.strength >= 0.7
    ]
    spans += [(number.start, number.end, "<number>") for number in question.numbers]
    text, at = "", 0
    for start, end, kind in sorted(set(spans)):
        if start >= at:
            text, at = f"{text}{question.text[at:start]}{kind}", end
    return text + question.text[at:]


def _kind(column: str, value: str | None, question: Question) -> str:
    if column == ID:
        return "<row>"
    if column == question.terms.schema.target:
        return "<label>" if value is not None else "<target>"
    return "<category>" if value is not None else "<column>"


def _masked_example(example: Example) -> str:
    """Mask an example by the names in its own calls."""
    text = read_numbers(written_out(example.question))[0]
    for word, kind in sorted(set(_named(example)), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<![\w<]){re.escape(word)}(?:e?s)?(?![\w>])", kind, text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\w<.])-?\d[\d,]*(?:\.\d+)?k?", "<number>", text)


def _named(example: Example) -> Iterator[tuple[str, str]]:
    calls = [call for turn in (*example.before, {"calls": example.calls}) for call in turn["calls"]]
    for call in calls:
        args = call["args"]
        yield from _phrases(
            [args[key] for key in ("feature", "name") if key in args] + list(args.get("columns", ())), "<column>"
        )
        yield from _phrases([args[key] for key in ("label", "target") if key in args], "<label>")
        where = args.get("where") or []
        conditions = [c for group in where["any"] for c in group] if isinstance(where, Mapping) else where
        for column, _, value in conditions:
            yield from _phrases([column], "<column>")
            values = value if isinstance(value, list) else [value]
            yield from _phrases(
                [v for v in values if isinstance(v, str)],
                "<label>" if column in {"label", "prediction"} else "<category>",
            )
        for change in args.get("changes", ()):
            yield from _phrases([change["column"]], "<column>")
            yield from _phrases([change["value"]] if isinstance(change["value"], str) else [], "<category>")


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return the words of the names that the tables of the bank have: those of columns, categories and labels."""
    return frozenset(word for example in examples() for name, _ in _named(example) for word in words_of(name)) - {
        "label",
        "prediction",
    }


def _phrases(names: Sequence[str], kind: str) -> Iterator[tuple[str, str]]:
    for name in names:
        yield " ".join(words_of(name)), kind
        yield name, kind


def words(text: str) -> list[str]:
    """Return the words of a masked question that say what is asked, each also with the word before it."""
    found = [known(word) for word in _WORD.findall(text.lower()) if word not in _ABOUT]
    return found + [f"{before}_{word}" for before, word in zip(["^", *found], found, strict=False)]


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Return the words that questions are made of, names of tables aside."""
    return frozenset(word for text in masked_examples() for word in WORD.findall(text.lower()) if word.isalpha())


@lru_cache(maxsize=4096)
def known(word: str) -> str:
    """Return a word as the bank spells it, where it has a typo."""
    if len(word) < 5 or not word.isalpha() or word in vocabulary():
        return word
    return near(word, vocabulary()) or word
