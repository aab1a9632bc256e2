"""The bank of examples: questions about other tables with their calls, found by similarity to a new question.

Names and numbers are masked on both sides, so that questions are alike when they ask alike, whatever they ask about.
"""

import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from agent.conversation.calltext import CANNOT, head_of
from agent.conversation.names import ID, words_of
from agent.conversation.quantities import read_numbers
from agent.conversation.question import Question

__all__ = ["Example", "heads", "nearest"]

NEAR = 40  # examples that say which tools are in question
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
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="langchain_community")
        from langchain_community.retrievers import BM25Retriever  # noqa: PLC0415 - only where a question is asked

    examples = _examples()
    found = BM25Retriever.from_texts(
        [_masked_example(example) for example in examples],
        metadatas=[{"at": at} for at in range(len(examples))],
        preprocess_func=_words,
    )
    return found, examples


@lru_cache(maxsize=1)
def _examples() -> tuple[Example, ...]:
    text = files("agent.conversation").joinpath("bank.jsonl").read_text(encoding="utf-8")
    return tuple(Example(**{"before": (), **json.loads(line)}) for line in text.splitlines())


def nearest(question: Question, k: int, *, follows: bool = False) -> list[Example]:
    """Return the k examples most like a question, the nearest last; those with turns before only where it `follows`."""
    retriever, examples = _bank()
    retriever.k = len(examples)
    found = [examples[document.metadata["at"]] for document in retriever.invoke(" ".join(_spelled(masked(question))))]
    if not follows:
        found = [example for example in found if not example.before]
    return found[:k][::-1]


def heads(question: Question, every: Sequence[str], *, follows: bool = False) -> list[str]:
    """Return the beginnings of calls that similar questions have, the nearest first: what a rule would choose from.

    Measures of quality are there as the question names them, and the end without an answer always.
    """
    if question.repeats:
        return [head_of(question.before[0])]
    found: Counter[str] = Counter()
    for rank, example in enumerate(reversed(nearest(question, NEAR, follows=follows))):
        found[_head(example)] += 1 / (rank + 2)  # type: ignore[assignment]
    kinds = [head for head, _ in found.most_common() if not head.startswith("score ")]
    at = next((i for i, (head, _) in enumerate(found.most_common()) if head.startswith("score ")), len(kinds))
    kinds[at:at] = [head for head in every if head.startswith("score ")]
    return [*kinds, *([] if CANNOT in kinds else [CANNOT])]


def _head(example: Example) -> str:
    return head_of(example.calls[0]) if example.calls else CANNOT


def masked(question: Question) -> str:
    """Return a question with kinds in place of its names and numbers.

    Examples
    --------
    >>> from agent.conversation.names import Terms
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> masked(Question("how many have an age over 50?", Terms(schema)))
    'how many have an <column> over <number>?'
    """
    spans = [(name.start, name.end, _kind(name.column, name.value, question)) for name in question.names if name.strength >= 0.7]
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
    text = read_numbers(example.question)[0]
    for word, kind in sorted(set(_named(example)), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<![\w<]){re.escape(word)}(?:e?s)?(?![\w>])", kind, text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\w<.])-?\d[\d,]*(?:\.\d+)?k?", "<number>", text)


def _named(example: Example) -> Iterator[tuple[str, str]]:
    calls = [call for turn in (*example.before, {"calls": example.calls}) for call in turn["calls"]]
    for call in calls:
        args = call["args"]
        yield from _phrases([args[key] for key in ("feature", "name") if key in args] + list(args.get("columns", ())), "<column>")
        yield from _phrases([args[key] for key in ("label", "target") if key in args], "<label>")
        where = args.get("where") or []
        conditions = [c for group in where["any"] for c in group] if isinstance(where, Mapping) else where
        for column, _, value in conditions:
            yield from _phrases([column], "<column>")
            values = value if isinstance(value, list) else [value]
            yield from _phrases([v for v in values if isinstance(v, str)], "<label>" if column in {"label", "prediction"} else "<category>")
        for change in args.get("changes", ()):
            yield from _phrases([change["column"]], "<column>")
            yield from _phrases([change["value"]] if isinstance(change["value"], str) else [], "<category>")


def _phrases(names: Sequence[str], kind: str) -> Iterator[tuple[str, str]]:
    for name in names:
        yield " ".join(words_of(name)), kind
        yield name, kind


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    return frozenset(word for example in _examples() for word in _words(example.question) if word.isalpha())


def _spelled(text: str) -> list[str]:
    """Return the words of a question, those with a typo as the bank spells them."""
    return [_known(word) for word in _words(text)]


@lru_cache(maxsize=4096)
def _known(word: str) -> str:
    if len(word) < 5 or word in _vocabulary() or not word.isalpha():
        return word
    near = extractOne(word, _vocabulary(), scorer=OSA.distance, score_cutoff=2 if len(word) > 7 else 1)
    return word if near is None else str(near[0])
