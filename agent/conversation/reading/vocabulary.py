"""What the columns, categories and labels of a table may be called: its own words, its dictionary's, and common ones.

Knows the schema and its data dictionary; knows nothing about questions.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.conversation.reading.units import unit_in
from tools.schema import Schema

__all__ = [
    "ID",
    "NO",
    "ORDINALS",
    "ORDINARY",
    "PEOPLE",
    "WORD",
    "YES",
    "Term",
    "denial",
    "stem",
    "terms_in",
    "words_of",
]

ID = "id"
WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*|&")
# Words for two categories that tables often have and dictionaries seldom explain.
_COMMON = {
    "female": "women woman ladies lady girls girl",
    "male": "men man guys guy gentlemen boys boy",
    "f": "women woman female females ladies lady girls girl",
    "m": "men man male males gentlemen boys boy",
}
PEOPLE = frozenset(word for words in _COMMON.values() for word in words.split())
# Categories that are ordinary words mean a category only where their column is named.
ORDINARY = frozenset(
    [
        "average",
        "bad",
        "best",
        "better",
        "excellent",
        "fair",
        "good",
        "great",
        "high",
        "large",
        "low",
        "medium",
        "middle",
        "normal",
        "other",
        "poor",
        "small",
    ]
)
ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th"}
_DAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:days?)?")
_MONTH = re.compile(
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_COUNTED = {
    word: str(number)
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
YES = {"yes", "true", "y", "1", "t"}
NO = {"no", "false", "n", "0", "f"}


@dataclass(frozen=True)
class Term:
    """Words that mean a column, or with a value one of its categories, and how surely."""

    words: tuple[str, ...]
    column: str
    value: str | None
    strength: float
    direction: str = ""


def terms_in(schema: Schema) -> Iterator[Term]:
    """Yield all terms: of the features and their categories, of the target and its labels, of the id."""
    seen: set[tuple[tuple[str, ...], str, str | None]] = set()
    for term in _all_terms(schema):
        key = term.words, term.column, term.value
        if term.words and key not in seen:
            seen.add(key)
            yield term


def _all_terms(schema: Schema) -> Iterator[Term]:
    for feature in schema.features:
        yield from _column(feature.name, feature.synonyms, feature.unit)
        for direction, words in (("higher", feature.higher), ("lower", feature.lower)):
            yield from (Term(words_of(word), feature.name, None, 0.9, direction) for word in words)
        yield from _values(feature.name, feature.categories, feature.values)
        if feature.kind == "numeric" and set(words_of(feature.name)) - {"is", "sex"} in ({"female"}, {"male"}):
            yield from (Term((word,), feature.name, None, 0.9) for word in sorted({*PEOPLE, "female", "male"}))
    target = schema.target_words
    yield from _column(schema.target, target.synonyms, None)
    yield from _values(schema.target, schema.labels, target.values)
    if {label.lower() for label in schema.labels} <= YES | NO:  # "how many survived"
        yes = [label for label in schema.labels if label.lower() in YES]
        yield from (Term(words_of(schema.target), schema.target, label, 0.85) for label in yes)
    if schema.id_column is not None:
        yield from _column(schema.id_column, schema.id_words.synonyms, None, name=ID)


def _column(column: str, synonyms: Iterable[str], unit: str | None, name: str | None = None) -> Iterator[Term]:
    said = words_of(column)
    yield Term(said, name or column, None, 1.0)
    if said == ("age",):
        yield Term(("how", "old"), name or column, None, 1.0)
    if len(said) > 1:
        yield Term(("".join(said),), name or column, None, 1.0)
        if said[-1] in words_of(unit or "") or (unit is None and unit_in(said)):
            yield Term(said[:-1], name or column, None, 1.0)
    for synonym in synonyms:
        yield Term(words_of(synonym), name or column, None, 1.0)
    for phrase in (said, *map(words_of, synonyms)):  # one word of it, where the whole is not there
        if len(phrase) > 1:
            yield from (Term((word,), name or column, None, 0.5) for word in phrase if len(word) > 3)


def _values(column: str, values: Sequence[str], synonyms: dict[str, tuple[str, ...]]) -> Iterator[Term]:
    plain = {value.lower() for value in values} <= YES | NO or any(len(value) > 1 for value in values)
    for value in values:
        said = words_of(value)
        if value.lower() not in YES | NO or not plain:
            yield Term(said, column, value, 0.6 if set(said) <= ORDINARY else 1.0)
            if len(said) > 1:
                yield Term(("".join(said),), column, value, 1.0)
        yield from (Term(words_of(word), column, value, 1.0) for word in synonyms.get(value, ()))
        yield from (Term((stem(word),), column, value, 0.9) for word in _COMMON.get(value.lower(), "").split())


def denial(categories: Collection[str]) -> str | None:
    """Return the category that says no, where the others say yes.

    Examples
    --------
    >>> denial(("no", "yes")), denial(("low", "no"))
    ('no', None)
    """
    no = [category for category in categories if category.lower() in NO]
    return no[0] if len(no) == 1 and {category.lower() for category in categories} <= YES | NO else None


def stem(word: str) -> str:
    """Return a word in lower case without the endings of plurals and possessives."""
    word = re.sub(r"['’]s$|['’]$", "", word.lower())
    if word in {"men", "women"}:
        return word
    if word in ORDINALS or word in _COUNTED:
        return {**ORDINALS, **_COUNTED}[word]
    if _DAY.fullmatch(word) or _MONTH.fullmatch(word):
        return word[:3]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search(r"(?:ss|sh|ch|x)es$", word):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name: split at case, underscores and other marks.

    Examples
    --------
    >>> words_of("MonthlyIncome"), words_of("bill_length_mm"), words_of("R&D")
    (('monthly', 'income'), ('bill', 'length', 'mm'), ('r', '&', 'd'))
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(stem(word) for word in WORD.findall(spaced.replace("_", " ")))
