"""The options of a multiple-choice question: read against the table, and checked before anything is chosen."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from agent.conversation.reading import cues
from agent.conversation.reading.conditions import OUTRIGHT
from agent.conversation.reading.grammar import Reader
from agent.conversation.reading.names import Terms
from agent.conversation.reading.question import Question
from agent.conversation.reading.spelling import words
from tools.errors import UserError

__all__ = ["NONE", "Finding", "Interval", "Option", "checked", "findings"]

NONE = "None of these"
FEWEST, MOST, LONGEST = 2, 20, 200
_TOGETHER = re.compile(
    r"\b(?:(?:all|none|both|neither|any|either) of (?:the|these|them)|both|all|neither)\b", re.IGNORECASE
)


class Finding(BaseModel):
    """Something about a question or its options that may mislead, and how to write it instead.

    Attributes
    ----------
    kind : str
        ``unclear`` a word that the table does not know, ``referent`` a word for rows that nothing named,
        ``overlap`` two options that can both be right, ``together`` an option about the others.
    where : str
        ``question``, or the options by their numbers from 1.
    text, rewrite : str
        What is wrong, and the mend.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["unclear", "referent", "overlap", "together"]
    where: str
    text: str
    rewrite: str


@dataclass(frozen=True)
class Interval:
    """The numbers that an option stands for.

    Attributes
    ----------
    low, high : float or None
        Its ends; None for no end.
    low_in, high_in : bool
        Whether the end itself belongs to it.
    """

    low: float | None
    high: float | None
    low_in: bool = True
    high_in: bool = True

    def __contains__(self, value: float) -> bool:
        above = self.low is None or value > self.low or (self.low_in and value == self.low)
        return above and (self.high is None or value < self.high or (self.high_in and value == self.high))

    def meets(self, other: "Interval") -> bool:
        """Tell whether some number is in both."""
        lows = [interval for interval in (self, other) if interval.low is not None]
        highs = [interval for interval in (self, other) if interval.high is not None]
        for low, high in itertools.product(lows, highs):
            gap = float(high.high or 0.0) - float(low.low or 0.0)
            if gap < 0 or (gap == 0 and not (low.low_in and high.high_in)):
                return False
        return True


@dataclass(frozen=True)
class Option:
    """One option, as a question is read.

    Examples
    --------
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> option = Option.of("40 to 60", Terms(schema))
    >>> option.interval, option.column
    (Interval(low=40.0, high=60.0, low_in=True, high_in=True), None)
    >>> Option.of("people with an age over 50", Terms(schema)).where
    [['age', '>', 50]]
    """

    text: str
    read: Question

    @classmethod
    def of(cls, text: str, terms: Terms) -> "Option":
        """Read an option."""
        return cls(text, Question(text, terms))

    @property
    def truth(self) -> bool | None:
        """What it says where it is a plain yes or no."""
        return {"yes": True, "no": False, "true": True, "false": False}.get(self.text.strip(" .!").casefold())

    @cached_property
    def label(self) -> str | None:
        """The label it names, and nothing else."""
        names = self.read.names
        found = {name.value for name in names if name.column == self.read.terms.schema.target}
        alone = all(name.column == self.read.terms.schema.target for name in names) and not self.read.numbers
        exact = [label for label in self.read.terms.schema.labels if label.casefold() == self.text.strip().casefold()]
        values = set(exact) or (found - {None} if alone else set())
        return str(values.pop()) if len(values) == 1 else None

    @cached_property
    def column(self) -> str | None:
        """The feature it names, and nothing else."""
        sure = {n.column for n in self.read.names if n.strength >= OUTRIGHT}
        alone = len(sure) == 1 and not self.read.numbers and all(n.value is None for n in self.read.names)
        column = next(iter(sure), None)
        return column if alone and column in self.read.terms.schema.by_name else None

    @cached_property
    def interval(self) -> Interval | None:
        """The numbers it stands for."""
        numbers = self.read.numbers
        if not numbers or any(n.value is not None or n.strength >= OUTRIGHT for n in self.read.names):
            return None
        signed = {number.sign: number for number in numbers}
        if len(signed) != len(numbers) or len(numbers) > 2:
            return None
        lows = [(float(n.value), sign == ">=") for sign, n in signed.items() if sign in {">", ">="}]
        highs = [(float(n.value), sign == "<=") for sign, n in signed.items() if sign in {"<", "<="}]
        if not lows and not highs and len(numbers) == 1:
            return _rounded(float(numbers[0].value), self.read.text[numbers[0].start : numbers[0].end])
        if len(lows) + len(highs) != len(numbers) or len(lows) > 1 or len(highs) > 1:
            return None
        low, low_in = lows[0] if lows else (None, True)
        high, high_in = highs[0] if highs else (None, True)
        return Interval(low, high, low_in, high_in)

    @property
    def percent(self) -> bool:
        """Whether its numbers are percentages."""
        return any(number.unit == "%" for number in self.read.numbers)

    @cached_property
    def where(self) -> Any:
        """The rows it names, as conditions; None where it names none."""
        reader = Reader(self.read, lambda _text, _options: 0, ["show"])
        calls = reader.read()
        return calls[0]["args"].get("where") if calls else None


def _rounded(value: float, written: str) -> Interval:
    """Return the numbers that are this one at the precision it is written with."""
    half = 0.5 / 10 ** len(written.partition(".")[2])
    return Interval(value - half, value + half, high_in=False)


def checked(options: Sequence[str]) -> list[str]:
    """Return options without spaces around them.

    Raises
    ------
    UserError
        If there are too few or too many, or one is empty, too long, or there twice.
    """
    stripped = [" ".join(str(option).split()) for option in options]
    if not FEWEST <= len(stripped) <= MOST:
        raise UserError(
            f"A choice has {FEWEST} to {MOST} options, not {len(stripped)}.", hint="Repeat --option for each of them."
        )
    seen: dict[tuple[str, ...], int] = {}
    for number, option in enumerate(stripped, start=1):
        if not words(option):
            raise UserError(f"Option {number} is empty.", hint="Write what it stands for, or leave it out.")
        if len(option) > LONGEST:
            raise UserError(f"Option {number} has {len(option)} characters.", hint=f"Use at most {LONGEST}.")
        signs = re.findall(r"[<>=≤≥%+-]", option)
        before = seen.setdefault((*words(option), *signs), number)
        if before != number:
            raise UserError(f"Options {before} and {number} are the same: {option[:60]!r}.", hint="Leave one out.")
    return stripped


def findings(
    question: Question, options: Sequence[Option], unread: Sequence[str] = (), *, follows: bool = True
) -> list[Finding]:
    """Return what may mislead in a question and its options, with a rewrite for each.

    Parameters
    ----------
    question : Question
    options : sequence of Option
    unread : sequence of str
        Words of the question that the table does not know.
    follows : bool
        Whether there is an answer before, that "those" may be about.
    """
    found = [*_question(question, unread, follows=follows), *_together(options)]
    for (i, one), (j, other) in itertools.combinations(enumerate(options, start=1), 2):
        rewrite = _overlap(one, other)
        if rewrite is not None:
            text = f"Options {i} and {j} can both be right."
            found.append(Finding(kind="overlap", where=f"{i}, {j}", text=text, rewrite=rewrite))
    return found


def _question(question: Question, unread: Sequence[str], *, follows: bool) -> Iterator[Finding]:
    for word in unread:
        columns = ", ".join(question.terms.schema.names[:5])
        text = f"The table does not know {word!r}."
        yield Finding(
            kind="unclear", where="question", text=text, rewrite=f"Name one of its columns, such as {columns}."
        )
    match = cues.THOSE.search(question.text)
    named = question.has_row or question.numbers or any(n.value is not None or n.column == "id" for n in question.names)
    if match is not None and not follows and not named:
        text = f"Nothing before says who {match[0]!r} stands for."
        yield Finding(kind="referent", where="question", text=text, rewrite="Name the rows, by an id or a condition.")


def _together(options: Sequence[Option]) -> Iterator[Finding]:
    for number, option in enumerate(options, start=1):
        if _TOGETHER.fullmatch(option.text.strip(" .")) or re.search(
            r"\bof (?:the above|these)\b", option.text.lower()
        ):
            text = f"Option {number} is about the other options."
            rewrite = f"Leave it out: {NONE!r} is always possible."
            yield Finding(kind="together", where=str(number), text=text, rewrite=rewrite)


def _overlap(one: Option, other: Option) -> str | None:
    """Return how to write two options that can both be right; None where they cannot."""
    first, second = one.interval, other.interval
    if first is not None and second is not None and one.percent == other.percent:
        if not first.meets(second):
            return None
        lows = [interval.low for interval in (first, second) if interval.low is not None]
        highs = [interval.high for interval in (first, second) if interval.high is not None]
        edge = f"{max(lows) if lows else min(highs):g}"
        return f"End one below {edge} and begin the other at {edge}."
    if one.label is not None and one.label == other.label:
        return f"Both mean {one.label!r}: leave one out."
    if one.column is not None and one.column == other.column:
        return f"Both mean {one.column!r}: leave one out."
    if one.where and one.where == other.where:
        return "Both mean the same rows: leave one out."
    return None
