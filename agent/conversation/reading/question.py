"""One question, read against a table: its text, what its numbers are, and what its words ask for.

What a call may say of it is for `offers.py`. Knows nothing about tools or models.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent.conversation.reading import cues
from agent.conversation.reading.arithmetic import expression_in
from agent.conversation.reading.asks import Asks
from agent.conversation.reading.names import Name, Terms
from agent.conversation.reading.quantities import NEAR, Number, read_numbers
from agent.conversation.reading.spelling import written_out
from agent.conversation.reading.units import UNITS, converted, period, unit_in
from agent.conversation.reading.vocabulary import ID, words_of
from tools.schema import Feature

__all__ = ["Question"]

MOST_COUNTED, MOST_WORDS = 1000, 10


@dataclass(frozen=True)
class Question(Asks):
    """A question with what its words mean.

    Parameters
    ----------
    asked : str
        In anybody's own words.
    terms : Terms
        What the table's columns may be called.
    is_id : callable
        ``is_id(text) -> bool`` tells whether a row is called so.
    before : sequence of mapping
        The calls of the answer before.

    Attributes
    ----------
    text : str
        The question with shorthand written out and number words in digits.
    numbers : list of Number
        In order.

    Examples
    --------
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> question = Question("top three reasons 4 row 7 n how sure r u", Terms(schema))
    >>> question.text, [n.value for n in question.counts], [n.value for n in question.rows], question.clauses
    ('top 3 reasons 4 row 7 and how sure are you', [3], [7], 2)
    """

    asked: str
    terms: Terms
    is_id: Callable[[str], bool] = str.isdigit
    before: Sequence[Mapping[str, Any]] = ()
    text: str = field(init=False)
    numbers: list[Number] = field(init=False)

    def __post_init__(self) -> None:
        written = written_out(" ".join(self.asked.split()), self.terms.stays)
        text, numbers = read_numbers(self.terms.in_places(written))
        object.__setattr__(self, "text", text)
        labels = [(name.start, name.end) for name in self.terms.announced(text)]
        outside = [n for n in numbers if not any(start <= n.start < end for start, end in [*self.ids, *labels])]
        object.__setattr__(self, "numbers", outside)
        object.__setattr__(self, "numbers", [number for number in outside if not self._means_for(number)])

    @cached_property
    def names(self) -> list[Name]:
        """What its words name, outside of the ids it spells out."""
        found = [n for n in self.terms.find(self.text) if not self._ages(n)]
        return [n for n in found if not any(n.start < end and at < n.end for at, end in self.ids)]

    def _ages(self, name: Name) -> bool:
        """Tell whether a name is only the unit of an age: "15 years older", "8 years" where years begin in 1990."""
        number = re.search(r"(\d+)[\s-]*$", self.text[: name.start])
        unit = re.fullmatch(r"years?", self.text[name.start : name.end], re.IGNORECASE)
        if number is None or unit is None:
            return False
        no_year = self.terms.holds_years(name.column) and not self.terms.is_year(name.column, float(number[1]))
        return no_year or _AGED.match(self.text[name.start :]) is not None

    @cached_property
    def ids(self) -> list[tuple[int, int]]:
        """Where ids of rows stand that are no plain numbers: the longest ones, of at most `MOST_WORDS` words."""
        words = [match.span() for match in re.finditer(r"\S+", self.text)]
        found: list[tuple[int, int]] = []
        for length in range(min(MOST_WORDS, len(words)), 0, -1):
            for (start, _), (_, end) in zip(words, words[length - 1 :], strict=False):
                span = self._id_within(start, end)
                if span is not None and not any(span[0] < last and first < span[1] for first, last in found):
                    found.append(span)
        return sorted(found)

    def _id_within(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where an id stands that fills a span but for marks around it."""
        whole = self.text[start:end]
        bare = whole.strip("?!.,;:'\"()")
        for text in (whole, bare):
            if self.is_id(text) and not _ORDINARY.fullmatch(text):
                at = start + whole.index(text)
                return at, at + len(text)
        return None

    # -- what its numbers are ----------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> list[Number]:
        """The numbers that are ids: "patient 7", and those that follow in a list."""
        found: list[Number] = []
        for number in self.numbers:
            if number.sign or number.unit:
                continue
            before = self._before(number)
            named = any(self._names_row(name, number) for name in self.names)
            listed = found and _LISTED.fullmatch(self.text[found[-1].end : number.start])
            if named or listed or cues.ID_WORD.search(before) or self._does(number):
                found.append(number)
        return found

    def _does(self, number: Number) -> bool:
        """Tell whether a number is the id of a row that does or has something: "if 640 made 50k", "150's age"."""
        after = self.text[number.end :]
        owns = cues.OWNS.match(after) and not number.decade
        does = cues.DOES.match(after) and cues.SUPPOSED.search(self.text[: number.start])
        free = self.column_of(number) is None or _THE_OF.search(self.text[: number.start])
        return bool((owns or does) and free) and number.digits and self.is_id(str(number.value))

    def _names_row(self, name: Name, number: Number) -> bool:
        between = self.text[name.end : number.start].strip(" #.:")
        return name.column == ID and name.end <= number.start and between in {"", "no", "number", "nr", "id"}

    @cached_property
    def counts(self) -> list[Number]:
        """The numbers that say how many of something are wanted: "top 3", "5 rows"."""
        found = [number for number in self.numbers if number not in self.rows and self._counts(number)]
        single = cues.SINGLE.search(self.text)
        return found if found or single is None else [Number(1, single.start(), single.end(), digits=False)]

    @cached_property
    def counted(self) -> frozenset[int]:
        """Where the words are that say how many are wanted."""
        return frozenset(number.start for number in self.counts)

    def _counts(self, number: Number) -> bool:
        ids = [n for n in self.names if n.column == ID and 0 <= n.start - number.end <= 20]
        ids = [n for n in ids if not re.search(r"[\d,;?]", self.text[number.end : n.start])]
        whole = isinstance(number.value, int) and 0 < number.value <= MOST_COUNTED
        beside = any(n.start - number.end <= 1 for n in ids)  # "12 weeks", where rows are weeks, "the age of 4 men"
        beside = beside and not any(n.end + 1 == number.start for n in self.names)  # "store 3 purchases"
        of_column = (number.unit or not beside) and self.column_of(number) is not None
        if not whole or of_column or (number.unit and not beside):
            return False
        if number.sign:
            parts = number.sign == "<=" and _PARTS.match(self.text[number.end :]) is not None
            return parts or self._limits(number, ids)
        if cues.ENOUGH.match(self.text[number.end :]) or self._lists(number) or self._of_parts(number):
            return True
        many = [name for name in ids if _MANY.search(self.text[name.start : name.end])]
        plural = any(not re.match(r"\s*(?:#|no\.?)?\s*\d", self.text[name.end :]) for name in many)
        return bool(cues.COUNTED_BEFORE.search(self._before(number)) or plural)

    def _of_parts(self, number: Number) -> bool:
        """Tell whether a number counts rows or reasons: "3 examples", and not the 4 of "4 row 7"."""
        match = cues.COUNTED.match(self.text[number.end :])
        rest = "" if match is None else self.text[number.end + match.end() :]
        return match is not None and not re.match(r"\s*#?(?![24]\s+[a-z#\d])\d", rest, re.IGNORECASE)

    def _limits(self, number: Number, ids: Sequence[Name]) -> bool:
        """Tell whether a number says how many rows to list at most: "up to 8 babies", "…, max 6"."""
        limit, after = cues.LIMIT.search(self._before(number)), self.text[number.end :]
        ends = bool(ids) or re.match(r"\s*(?:please\b|[,.;?!)]|$)", after) is not None
        return limit is not None and ends and cues.LISTING.search(self.text[: limit.start()]) is not None

    def _lists(self, number: Number) -> bool:
        """Tell whether a number stands before a group that is to be listed: "show 7 dogs", "10 containers"."""
        group = any(n.value is not None and 0 <= n.start - number.end <= 1 for n in self.names)
        asked = cues.LISTING.search(self.text[: number.start]) or not self.text[: number.start].strip()
        return group and bool(asked)

    def _before(self, number: Number) -> str:
        return self.text[max(0, number.start - NEAR) : number.start]

    def _means_for(self, number: Number) -> bool:
        """Tell whether a 4 or a 2 is short for "for" or "to": nothing beside it makes it a number."""
        if (
            number.value not in {2, 4}
            or number.digits
            or number.sign
            or number.unit
            or not re.search(rf"\b{number.value}\b", self.asked)
            or cues.MORE_OF.match(self.text[number.end :])
        ):
            return False
        before, after = self.text[: number.start], self.text[number.end :]
        if self._before_row(number):
            return True
        listed = _LIST_END.search(before) and not re.match(r"\s+\d", after)
        if listed or any(self._names_row(name, number) for name in self.names):
            return False
        if cues.FOR_AFTER.search(before) or self._between_names(number) or (number.value == 2 and _TO.match(after)):
            return True
        if cues.SUMMARY.search(before) and _WHOM.match(after):
            return True
        if self.column_of(number) is not None or cues.ID_WORD.search(before):
            return False
        if _ARTICLE.match(after) and not _HAVING.search(before):
            return True
        counted = number in self.rows or self._counts(number) or _HAVING.search(self.text[: number.start])
        return not counted and not any(
            0 <= name.start - number.end <= 1 and self._fits(name, number) for name in self.names
        )

    def _before_row(self, number: Number) -> bool:
        """Tell whether a number stands before a row and its id: "like 2 session 618"."""
        ids = [n for n in self.names if n.column == ID and 0 <= n.start - number.end <= 1]
        after = [n for n in self.numbers if n.start > number.end and not (n.sign or n.unit)][:1]
        return any(re.fullmatch(r"\s*(?:#|no\.?)?\s*", self.text[i.end : n.start]) for i in ids for n in after)

    def _between_names(self, number: Number) -> bool:
        """Tell whether a number stands between a column and a category: "median tenure 4 managers"."""
        before = any(0 <= number.start - n.end <= 1 and n.value is None and n.column != ID for n in self.names)
        after = [n for n in self.names if 0 <= n.start - number.end <= 1]
        return before and any(n.value is not None or n.column == ID for n in after)

    def alone(self, number: Number) -> bool:
        """Tell whether a number stands without a unit, a comparison or a column of its own."""
        plain = (
            isinstance(number.value, int)
            and number.digits
            and not self.text[number.end : number.end + 1].isalpha()
            and self.text[number.start : number.end] == str(number.value)
        )
        plain = plain and not (number.sign or number.unit) and number.step in {"", "set"}
        return plain and number not in self.counts and self.column_of(number) is None

    def of_row(self, number: Number) -> bool:
        """Tell whether a number may be the id of the row that a column is asked of: "the weight of 83"."""
        said = self.text[number.start : number.end] == str(number.value) and not (number.sign or number.unit)
        asked = self.text[: number.start].endswith((" of ", " for ")) and not self.supposes
        return said and asked and self.is_id(str(number.value))

    def shows_row(self, number: Number) -> bool:
        """Tell whether a number that seems to count rows may be the id of one: "show 101"."""
        ends = not re.search(r"\w", self.text[number.end :])
        shown = re.search(r"\b(?:show|list|display|print|fetch|see)\s+$", self.text[: number.start], re.IGNORECASE)
        return bool(shown) and number in self.counts and number.digits and ends and self.is_id(str(number.value))

    def is_row(self, number: Number) -> bool:
        """Tell whether a number that stands alone is the id of a row."""
        return self.alone(number) and self.is_id(str(number.value))

    def value_in(self, number: Number, feature: Feature) -> int | float | None:
        """Return a number in the unit of a column, or None where it is in a unit of another kind."""
        words = words_of(feature.name)
        about = f"{' '.join(words)} {feature.description or ''} {feature.unit or ''}"
        return converted(number.value, number.unit, feature.unit or unit_in(words), number.per, period(about))

    def column_of(self, number: Number) -> str | None:
        """Return the numeric column that is named right beside a number, if one is."""
        starts = [-1, *(other.start for other in self.numbers), len(self.text)]
        since, until = starts[bisect_left(starts, number.start) - 1], starts[bisect_left(starts, number.end)]
        names = [n for n in self.names if since < n.end and n.start <= until and self._fits(n, number)]
        names = [n for n in names if not self.text[n.start :].lower().startswith("how ")]  # "how old is 12"
        before = [n for n in names if n.end <= number.start]
        between = self.text[before[-1].end : number.start] if before else ""
        after = [n for n in names if n.start >= number.end]
        beside = bool(after) and self._glued_after(number, after[0])
        if before and _glued(between, 6, cues.GLUE) and not (beside and _JOINT.search(between)):
            return _one_of(before[-1], names)
        if beside:
            return _one_of(after[0], names)
        shared = self._lower_end(number)
        return self.column_of(shared) if shared is not None else None

    def _glued_after(self, number: Number, name: Name) -> bool:
        """Tell whether a number belongs to the column after it; "or" joins only words such as older."""
        between = self.text[number.end : name.start]
        return _glued(between, 3, cues.GLUE_AFTER) and not (_JOINT.search(between) and not name.direction)

    def _fits(self, name: Name, number: Number) -> bool:
        """Tell whether a name is that of a numeric column in whose unit a number may be."""
        feature = self.terms.schema.by_name.get(name.column)
        named = feature is not None and feature.kind == "numeric" and name.value is None and name.strength >= 0.7
        if self.terms.yes_or_no(name.column) and number.value not in {0, 1}:
            return False
        if not self.terms.plausible(name.column, number.value) and self._is_year(number):
            return False
        return named and feature is not None and self.value_in(number, feature) is not None

    def _is_year(self, number: Number) -> bool:
        return any(self.terms.is_year(feature.name, number.value) for feature in self.terms.schema.features)

    def _lower_end(self, number: Number) -> Number | None:
        """Return the lower end of a range whose upper end a number is: the column is named beside that one."""
        at = self.numbers.index(number) if number.sign == "<=" else 0
        if at and self.numbers[at - 1].sign == ">=":
            between = self.text[self.numbers[at - 1].end : number.start]
            return self.numbers[at - 1] if len(between.split()) <= 2 else None
        return None

    @cached_property
    def expression(self) -> str | None:
        """The arithmetic in the question, if there is any."""
        return expression_in(self.text, alone=not self.names)

    # -- what its words ask for --------------------------------------------------------------------------------------

    @cached_property
    def named(self) -> list[str]:
        """The features it names outright, and not as the column of a number."""
        used = {self.column_of(number) for number in self.numbers if number not in self.rows}
        sure = [n.column for n in self.names if n.value is None and n.strength >= 0.9 and not n.direction]
        return [column for column in dict.fromkeys(sure) if column in self.terms.schema.by_name and column not in used]

    @property
    def metrics_before(self) -> list[str]:
        """The measures of quality in the answer before: "and for men?" asks for the same."""
        return [call["args"]["metric"] for call in self.before if "metric" in call["args"]]

    @property
    def has_row(self) -> bool:
        """Whether it is about rows by their ids."""
        return bool(self.rows or self.ids or any(map(self.is_row, self.numbers)))

    @cached_property
    def repeats(self) -> bool:
        """Whether it asks the question before again, of other rows: there is nothing in it but names and numbers."""
        spans = {(n.start, n.end) for n in self.names if n.strength >= 0.7} | {(n.start, n.end) for n in self.numbers}
        if not self.before or not (spans or cues.AGAIN.match(self.text)) or self.before[0]["tool"] == "calculate":
            return False
        rest, at = "", 0
        for start, end in sorted(spans):
            rest, at = rest + self.text[at : max(start, at)], max(end, at)
        words = _LETTERS.findall(cues.AGAIN.sub("", rest + self.text[at:], count=1).lower())
        known = cues.GLUE | cues.FILLERS | {word for name in self.names for word in words_of(name.column)}
        return all(word in known for word in words)


_ORDINARY = re.compile(r"[a-z]+|\d+|")  # such an id is a word like any other, or a number
_TO = re.compile(r"\s+(?:be|become|get|make|change|see|know|have|go)\b", re.IGNORECASE)  # a 2 before these is "to"
_ARTICLE = re.compile(r"\s+(?:an?|the|those|these|all|my|our)\s", re.IGNORECASE)  # "4 a pine": for a pine
_LIST_END = re.compile(r"\d\s*(?:,|,?\s*\b(?:or|and)\b|&)\s*$", re.IGNORECASE)
_WHOM = re.compile(r"\s+(?:an?|people|those|them|what|who|whoever|the|all|my|our|these)\b", re.IGNORECASE)
_AGED = re.compile(r"[\s-]*(?:years?|yrs?|yo)[\s-]+(?:olds?|older|younger|of age)\b", re.IGNORECASE)
_THE_OF = re.compile(r"\bthe\s+(?:\w+\s+){1,3}of\s+$", re.IGNORECASE)  # "if the pay of 12 were"
_PARTS = re.compile(r"\s+(?:[a-z-]+\s+)?(?:reasons?|factors?|features?|drivers?|causes?)\b", re.IGNORECASE)
_MANY = re.compile(r"s$|men$|people$|children$", re.IGNORECASE)
_HAVING = re.compile(r"\b(?:with|has|have|had|of|is|are|at|only|just|level|exactly|by)\s*$", re.IGNORECASE)
_JOINT = re.compile(r"[,;]|\b(?:and|or|but)\b", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:,|and|&|or|,\s*and|vs\.?|versus)?\s*(?:#|row|no\.?)?\s*", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")


def _glued(between: str, most: int, glue: Collection[str]) -> bool:
    """Tell whether the words between a column and a number hold them together."""
    words = _LETTERS.findall(between.lower())
    return (
        len(words) <= most and not re.search(r"[;?]", between) and all(word in glue or word in UNITS for word in words)
    )


def _one_of(name: Name, names: Sequence[Name]) -> str | None:
    """Return the name's column, or None where the same words name another one too."""
    return name.column if sum(other.start == name.start for other in names) == 1 else None
