"""The names of a question: which columns, categories and labels its words mean, exactly, by a synonym, or with a typo.

Only what is found here can become part of a condition: a filter cannot be invented. Knows the schema and its data
dictionary; knows nothing about tools.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from rapidfuzz.distance import OSA

from agent.conversation.reading.vocabulary import ID, NO, ORDINARY, WORD, YES, Term, stem, terms_in, words_of
from tools.bundle import Bundle
from tools.schema import Schema

__all__ = ["Name", "Terms", "terms_of"]

# Words of any question that tables also have as categories: in capitals, ME for Maine, or beside their column.
_SMALL = frozenset(
    """
    a al an as at be by co de do go he hi i id if in is it la ma me my n no of oh ok on or pa r so to u up us w we y
    """.split()  # noqa: SIM905 - a list of this length reads better as text
)
# What announces a label that is an ordinary word or a number: "called yes", "really were 1", "as a Y".
_ANNOUNCES = (
    r"predict\w*|classif\w+|call(?:s|ed|ing)?|say(?:s|ing)?|said|labell?(?:ed)?|flag\w*|tru(?:e|ly)|real(?:ly)?|actual(?:ly)?|"
    r"(?:c[oa]mes?|turn\w*|ends?) (?:out|up) (?:as|to)|"
    r"(?:as|into|be|become|is|was|were|out as) an?|into|"
    r"(?:mak(?:e|es|ing)|turn\w*|flip\w*)\b[^,.;?!]{1,30}?\b(?:an?|into|to)"
)
_SAID = {"as", "called", "labelled", "predict", "predicted"}
_THEN = r"(?:(?:as|an?|to|be|is|was|were|are|being|the|label|class|status|really|actually|truly|that|it)\s+){0,3}"
_PLACES = r"1st|2nd|3rd|4th|5th|first|second|third|fourth|fifth"
_PLACE = re.compile(
    rf"(?<!\d[\s-])\b(?:(?P<other>{_PLACES})\s+(?:or|and)\s+)?(?P<place>{_PLACES})[\s-]+"
    r"(?!rate\b|time\b)(?P<noun>[^\W\d_]+)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s+(?:(?:is|was|were|of|at|over|under|above|below|up|to|least|most)\s+)*\d", re.IGNORECASE)
# Words of questions that also look like names: alone they mean no column.
_PLAIN = frozenset(
    """
    a all an and any are as at average be by can case cases chance class classified classifier count data did do does
    example examples feature features find for from get give good group has have high how id if in is it kind label
    labels least less list low many mean means model more most much no not of off on one or out over people person
    predict prediction predictions probability rate right row rows same show than that the their them there these they
    this those to true type under up us value values was we were what when where which who why will with work wrong yes
    you your
    """.split()  # noqa: SIM905 - a list of this length reads better as text
)
# Words of questions that are no typos of a name: "make" is not meant for "mage".
_VERBS = frozenset({"call", "come", "give", "keep", "like", "list", "look", "make", "mean", "need"}) | {
    "said", "take", "tell", "turn", "want", "would",
}  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A place in a question that names something of the table.

    Attributes
    ----------
    column : str
        The column; the target for a label, `ID` for the id.
    value : str or None
        The category or label; None for the column itself.
    start, end : int
        Where it stands.
    strength : float
        1 for the name or a synonym as written, less with a typo or for a part of a name.
    direction : str
        "higher" or "lower" where the word says so (older); else empty.
    """

    column: str
    value: str | None
    start: int
    end: int
    strength: float
    direction: str = ""


class Terms:
    """What the columns, categories and labels of a table may be called.

    Parameters
    ----------
    schema : Schema
    ranges : mapping, optional
        Least and greatest value of numeric columns: a number far outside is not meant for a column.

    Examples
    --------
    >>> from tools.schema import Feature
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(
    ...     Feature(name="MonthlyIncome", kind="numeric"),
    ...     Feature(name="sex", kind="categorical", categories=("female", "male"))))
    >>> [(name.column, name.value) for name in Terms(schema).find("montly income of women")]
    [('MonthlyIncome', None), ('sex', 'female')]
    """

    def __init__(self, schema: Schema, ranges: Mapping[str, tuple[float, float]] | None = None) -> None:
        self.schema, self._ranges = schema, dict(ranges or {})
        self._terms = list(terms_in(schema))
        self._by_length: dict[int, dict[tuple[str, ...], list[Term]]] = {}
        for term in self._terms:
            self._by_length.setdefault(len(term.words), {}).setdefault(term.words, []).append(term)

    def stays(self, word: str, before: str) -> bool:
        """Tell whether a word of a question is one of the table's, and no shorthand.

        Examples
        --------
        >>> from tools.schema import Feature
        >>> area = Feature(name="area", kind="categorical", categories=("N", "S"))
        >>> terms = Terms(Schema(target="sick", labels=("no", "yes"), features=(area,)))
        >>> terms.stays("n", "north"), terms.stays("N", "north"), terms.stays("n", "area")
        (False, True, True)
        """
        lower = word.lower()
        if lower in self._names or lower not in self._words:
            return lower in self._names
        return lower not in _SMALL or word.isupper() or self._beside(lower, before)

    def _beside(self, word: str, before: str) -> bool:
        """Tell whether a small word is a category whose column is named right before it, or a label that is said."""
        terms = [term for term in self._by_length.get(1, {}).get((word,), ()) if term.value is not None]
        said = before.lower() in _SAID and any(term.column == self.schema.target for term in terms)
        return said or any(stem(before) in words_of(term.column) for term in terms)

    def in_places(self, question: str) -> str:
        """Return a question with places as numbers where a column has such: "3rd class" is class 3.

        Examples
        --------
        >>> from tools.schema import Feature
        >>> stage = Feature(name="stage", kind="numeric")
        >>> terms = Terms(Schema(target="sick", labels=("no", "yes"), features=(stage,)))
        >>> terms.in_places("those in the third stage, or the second row")
        'those in the stage 3, or the second row'
        """

        def turned(match: re.Match[str]) -> str:
            places = [stem(place)[0] for place in (match["other"], match["place"]) if place]
            named = (stem(match["place"]), stem(match["noun"])) in self._by_length.get(2, {})
            column = self._numeric.get(stem(match["noun"]), "")
            known = column and not named and self.plausible(column, int(places[-1]))
            return f"{match['noun']} {' or '.join(places)}" if known else match[0]

        return _PLACE.sub(turned, question)

    @cached_property
    def _numeric(self) -> dict[str, str]:
        """The words that are whole names of numeric columns."""
        numeric = {feature.name for feature in self.schema.features if feature.kind == "numeric"}
        terms = [term for term in self._terms if term.column in numeric and len(term.words) == 1]
        return {term.words[0]: term.column for term in terms if term.strength == 1 and term.value is None}

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word for term in self._terms for word in term.words)

    @cached_property
    def _names(self) -> frozenset[str]:
        """Words that are more than a category."""
        return frozenset(word for term in self._terms if term.value is None for word in term.words)

    def plausible(self, column: str, value: float) -> bool:
        """Tell whether a column has values near this one."""
        low, high = self._ranges.get(column, (value, value))
        return low - (high - low) / 2 <= value <= high + (high - low) / 2

    def selects(self, column: str, sign: str, value: float) -> bool:
        """Tell whether a column has values near this one, and comparing with it chooses: no age is under 3."""
        low, high = self._ranges.get(column, (value, value))
        idle = low < high and ((sign in {">", ">="} and value <= low) or (sign in {"<", "<="} and value >= high))
        return self.plausible(column, value) and not idle

    def holds_years(self, column: str) -> bool:
        """Tell whether a column holds years, such as 1990."""
        low, high = self._ranges.get(column, (0, 0))
        return 1800 <= low <= high <= 2100 and "year" in words_of(column)

    def is_year(self, column: str, value: float) -> bool:
        """Tell whether a number may be a year of a column that holds years."""
        low, high = self._ranges.get(column, (0, 0))
        return self.holds_years(column) and low <= value <= high

    def yes_or_no(self, column: str) -> bool:
        """Tell whether a numeric column is one of zeros and ones."""
        return self._ranges.get(column) == (0, 1)

    def find(self, question: str) -> list[Name]:
        """Return the names in a question, in order; where two overlap, the longer one."""
        matches = list(WORD.finditer(question))
        words = [(stem(match[0]), match.start(), match.end()) for match in matches]
        announced = self.announced(question)
        found = list(announced)
        taken = [any(name.start <= start < name.end for name in found) for _, start, _ in words]
        shouted = question.isupper()
        for length in sorted(self._by_length, reverse=True):  # not all up to the longest: a name may have 500 words
            for at in range(len(words) - length + 1):
                part = tuple(word for word, _, _ in words[at : at + length])
                own = any(term.column == ID for term in self._by_length[length].get(part, ()))  # called "person"
                raw = matches[at][0]
                numbered = part[0] in self._numeric and _NUMBERED.match(question[matches[at].end() :])
                loud = own or bool(length == 1 and numbered) or (raw.isupper() and len(raw) > 1 and not shouted)
                if any(taken[at : at + length]) or (length == 1 and part[0] in _PLAIN - ORDINARY and not loud):
                    continue
                terms, strength = self._alike(part)
                small = length == 1 and raw.lower() in _SMALL and (raw == "I" or shouted or not raw.isupper())
                if small and not self._beside(part[0], matches[at - 1][0] if at else ""):
                    terms = [term for term in terms if term.value is None]
                if length == 1 and part[0] in _PLAIN and not loud:  # "high" may be a label, and is no column
                    terms = [replace(term, strength=0.6) for term in terms if term.value is not None]
                if not terms:
                    continue
                taken[at : at + length] = [True] * length
                start, end = words[at][1], words[at + length - 1][2]
                if any(0 < name.start - end <= 2 for name in announced):  # "status 1": the label is said, not implied
                    terms = [term for term in terms if term.column != self.schema.target or term.value is None]
                found += [Name(t.column, t.value, start, end, t.strength * strength, t.direction) for t in terms]
        return sorted(_beside_columns(found), key=lambda name: (name.start, -name.strength))

    def announced(self, question: str) -> list[Name]:
        """Return the labels that are ordinary words, letters or numbers, where a word before says that they are labels.

        Examples
        --------
        >>> terms = Terms(Schema(target="sick", labels=("0", "1"), features=()))
        >>> [name.value for name in terms.announced("how many of the 10 did you call 1 that are really 0?")]
        ['1', '0']
        """
        found = [
            Name(self.schema.target, label, match.start("label"), match.end("label"), 1.0)
            for label, pattern in self._announced
            for match in pattern.finditer(question)
        ]
        return sorted(found, key=lambda name: name.start)

    @cached_property
    def _announced(self) -> list[tuple[str, re.Pattern[str]]]:
        target = r"\s+".join(map(re.escape, re.split(r"[\s_]+", self.schema.target)))
        before = rf"(?i:\b(?:{_ANNOUNCES}|{target}\w?)\s+{_THEN}[“\"']?)"
        plain = [label for label in self.schema.labels if label.lower() in YES | NO or len(label) == 1]
        spelled = {label: re.escape(label) if len(label) == 1 else f"(?i:{re.escape(label)})" for label in plain}
        return [(label, re.compile(rf"{before}(?P<label>{word})(?![\w.]\w|\w)")) for label, word in spelled.items()]

    def _alike(self, part: tuple[str, ...]) -> tuple[list[Term], float]:
        """Return the terms that these words are, or are with a typo, and how sure that is."""
        known = self._by_length[len(part)]
        if part in known:
            return known[part], 1.0
        near = [words for words in known if _near(words, part)]
        near.sort(key=lambda words: _distance(words, part))
        return (known[near[0]], 0.8) if near else ([], 0.0)


def _beside_columns(names: list[Name]) -> list[Name]:
    """Return the names without a category of one column where another column with that category is named."""
    columns = {name.column for name in names if name.value is None and name.strength >= 0.7}
    kept = []
    for name in names:
        rivals = {other.column for other in names if other.start == name.start and other.value is not None}
        if name.value is not None and rivals & columns and name.column not in columns:
            continue
        sure = name.strength < 0.7 and name.column in columns and name.value is not None
        kept.append(replace(name, strength=0.9) if sure else name)
    return kept


def terms_of(bundle: Bundle) -> Terms:
    """Return what the columns of a bundle's table may be called, with the range of each numeric one."""
    overall = {name: part["overall"] for name, part in bundle.statistics.stored["features"].items()}
    ranges = {name: (part["min"], part["max"]) for name, part in overall.items() if part.get("min") is not None}
    return Terms(bundle.schema, ranges)


def _near(words: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return all(_close(word, other) for word, other in zip(words, part, strict=True))


@lru_cache(maxsize=65536)
def _close(word: str, other: str) -> bool:
    """Tell whether one word is the other with a typo."""
    if word == other:
        return True
    shorter = min(len(word), len(other))
    if shorter < 4 or word[0] != other[0] or {word, other} & _PLAIN or other in _VERBS or other.isdigit():
        return False
    if abs(len(word) - len(other)) <= 5 and (word.startswith(other) or other.startswith(word)):
        return True  # renters rent, travellers travelled, execs executives
    return OSA.distance(word, other, score_cutoff=2) <= (1 if shorter < 7 else 2)


def _distance(words: tuple[str, ...], part: tuple[str, ...]) -> int:
    return sum(OSA.distance(word, other) for word, other in zip(words, part, strict=True))
