"""The conditions on rows that the words of a question allow: rows by id, numbers, categories, labels.

What is not here cannot be chosen: no filter can be invented. Knows nothing about tools or models.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.conversation.reading import cues
from agent.conversation.reading.calltext import condition_text
from agent.conversation.reading.names import Name
from agent.conversation.reading.quantities import Number
from agent.conversation.reading.question import Question
from agent.conversation.reading.vocabulary import denial, words_of
from tools.schema import Feature

__all__ = ["LIKELY", "MOST_CATEGORIES", "OUTRIGHT", "PARTLY", "Conditions", "Offer", "distinct"]

SIGNS = ("==", ">", ">=", "<", "<=")
INVERSE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}
MOST_CATEGORIES = 12  # of a column that is named without one of them
OUTRIGHT, LIKELY, PARTLY = 0.9, 0.8, 0.5  # how surely a column is named


@dataclass(frozen=True)
class Offer:
    """Something that may be said next.

    Attributes
    ----------
    text : str
        As `calltext` writes it.
    value : Any
        What it stands for.
    uses : frozenset of int
        Where in the question the words are that it accounts for.
    """

    text: str
    value: Any
    uses: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Conditions:
    """Every condition that one question allows.

    Parameters
    ----------
    question : Question
    """

    question: Question

    def all(self) -> list[Offer]:
        """Return them, those that the question names outright first."""
        named = self._rows(), self._numbers(), self._without(), self._categories(), self._labels(), self._others()
        meant = self._opposites(), self._flags(), self._unsaid(), self._strangers(), self._kept()
        return distinct([offer for part in (*named, *meant) for offer in part])

    def _rows(self) -> Iterator[Offer]:
        question, column = self.question, self.question.terms.schema.id_column or "row"
        rows = [*question.rows, *(n for n in question.numbers if n not in question.rows and question.is_row(n))]
        called: dict[int | float, list[int]] = {}
        for number in rows:
            called.setdefault(number.value, []).append(number.start)
        if len(called) > 1:
            yield _condition([column, "in", list(called)], *(number.start for number in rows))
        for value, starts in called.items():
            yield _condition([column, "==", value], *starts)
        if len(question.ids) > 1:
            names = [question.text[start:end] for start, end in question.ids]
            yield _condition([column, "in", names], *(start for start, _ in question.ids))
        for start, end in question.ids:
            yield _condition([column, "==", question.text[start:end]], start)

    def _strangers(self) -> Iterator[Offer]:
        """Yield rows by numbers that may mean something else: "the weight of 83", and one that no row is called by."""
        question, column = self.question, self.question.terms.schema.id_column or "row"
        for number in question.numbers:
            strange = question.alone(number) and not question.is_row(number)
            free = number not in [*question.rows, *question.counts] and (strange or question.of_row(number))
            if free or question.shows_row(number):
                yield _condition([column, "==", number.value], number.start)

    def _numbers(self) -> Iterator[Offer]:
        question = self.question
        for number in question.numbers:
            if number in question.rows or number in question.counts or (number.step and not number.sign):
                continue
            alone = not number.unit and question.column_of(number) is None
            features = question.terms.schema.features if alone else ()
            years = [feature for feature in features if question.terms.is_year(feature.name, number.value)]
            for feature in years:
                for sign in ("==", *(sign for sign in self._signs(number) if sign != "==")):
                    yield _condition([feature.name, sign, number.value], number.start)
            columns = () if years or question.is_row(number) else self.columns_of(number)
            if question.is_row(number) and cues.AGED.search(question.text[: number.start]):  # "and are 27"
                columns = [pair for pair in self.columns_of(number) if _is_age(pair[0])]
            for feature, value in columns:
                for sign in self._signs(number):
                    yield _condition([feature.name, sign, value], number.start)
        yield from self._listed_numbers()

    def _listed_numbers(self) -> Iterator[Offer]:
        """Yield the numbers of one column that stand side by side: "job level 1 or 2"."""
        question = self.question
        plain = [n for n in question.numbers if n.sign in {"", "=="} and n not in [*question.rows, *question.counts]]
        runs: list[list[Number]] = []
        for number in plain:
            follows = runs and cues.LISTED.fullmatch(question.text[runs[-1][-1].end : number.start])
            runs[-1].append(number) if follows else runs.append([number])
        for run in (run for run in runs if len(run) > 1):
            for feature, _ in self.columns_of(run[0]):
                values = [question.value_in(number, feature) for number in run]
                if None not in values:
                    yield _condition([feature.name, "in", values], *(number.start for number in run))

    def _signs(self, number: Number) -> tuple[str, ...]:
        """Return the comparisons the words around a number allow."""
        if number.sign and number.sign != "==":
            return (number.sign,)
        denied = cues.DENIED.search(self.question.text[max(0, number.start - 30) : number.start])
        if number.sign:
            return ("!=", "==") if denied else ("==",)
        return ("!=", *SIGNS) if denied else SIGNS

    def columns_of(self, number: Number) -> list[tuple[Feature, int | float]]:
        """Return the numeric columns a number may belong to, with it in their units: the one beside it, else all.

        Of all, those named come first; a column whose values are far from the number is out where another one is not.
        """
        terms, beside = self.question.terms, self.question.column_of(number)
        numeric = [(f, self.question.value_in(number, f)) for f in terms.schema.features if f.kind == "numeric"]
        found = [(feature, value) for feature, value in numeric if value is not None]
        found = found or [(feature, number.value) for feature, _ in numeric if not feature.unit]  # it may have any
        if beside is not None:
            return [(feature, value) for feature, value in found if feature.name == beside]
        if number.decade:
            found = [pair for pair in found if _is_age(pair[0])] or found
        named: dict[str, float] = {}
        for name in self.question.names:
            if name.value is None:  # of "petal length" both words are petal's
                named[name.column] = named.get(name.column, 0.0) + name.strength
        if number.step in {"", "set"}:
            sure = [pair for pair in found if named.get(pair[0].name, 0.0) >= OUTRIGHT]
            found = (
                [pair for pair in found if pair in sure or terms.selects(pair[0].name, number.sign, pair[1])]
                or [(f, value) for f, value in found if terms.plausible(f.name, value)]
                or ([] if self.question.alone(number) else found)
            )
        return sorted(found, key=lambda pair: (-named.get(pair[0].name, 0.0), not _is_age(pair[0])))  # "over 50"

    def nothing(self) -> Iterator[Offer]:
        """Yield the conditions of "no kids", "without a promotion": a number that is 0, a category that is no."""
        for name in self.question.names:
            feature = self.question.terms.schema.by_name.get(name.column)
            before = self.question.text[max(0, name.start - 25) : name.start]
            if feature is None or name.value is not None or not cues.NONE_OF.search(before):
                continue
            if feature.kind == "numeric":
                yield _condition([feature.name, "==", 0], name.start)
            elif (no := denial(feature.categories)) is not None:
                yield _condition([feature.name, "==", no], name.start)

    def _without(self) -> Iterator[Offer]:
        """Yield those of `nothing` that choose rows: what one row would not have is a change."""
        question, supposed = self.question, cues.SUPPOSED.search(self.question.text)
        for offer in self.nothing():
            known = question.before or question.has_row
            if not (known and supposed is not None and supposed.start() < min(offer.uses)):
                yield offer

    def _flags(self) -> Iterator[Offer]:
        """Yield the conditions of "with a pool", where a column of zeros and ones tells it."""
        for _, feature in self._plain_numbers():
            if self.question.terms.yes_or_no(feature.name):
                yield from (_condition([feature.name, "==", value]) for value in (1, 0))

    def _unsaid(self) -> Iterator[Offer]:
        """Yield what is said of a column's numbers without one: "with a negative lag", "mails with links"."""
        used = {self.question.column_of(number) for number in self.question.numbers}
        for name, feature in self._plain_numbers():
            if name.strength < OUTRIGHT or feature.name in used:
                continue
            around = self.question.text[max(0, name.start - 15) : name.end + 25]
            for words, sign in ((cues.NEGATIVE, "<"), (cues.POSITIVE, ">")):
                if words.search(around):
                    yield _condition([feature.name, sign, 0])
            if cues.HAVING.search(self.question.text[: name.start]):
                yield _condition([feature.name, ">", 0])

    def _kept(self) -> Iterator[Offer]:
        """Yield the conditions of the answer before: a question that follows may keep some of them."""
        for call in () if self.left_out else self.question.before:
            where = call["args"].get("where") or []
            for condition in where if isinstance(where, list) else ():
                yield _condition(list(condition))

    def _plain_numbers(self) -> Iterator[tuple[Name, Feature]]:
        """Yield the numeric columns that are named, with the names."""
        for name in self.question.names:
            feature = self.question.terms.schema.by_name.get(name.column)
            if feature is not None and feature.kind == "numeric":
                yield name, feature

    def _categories(self) -> Iterator[Offer]:
        question, schema = self.question, self.question.terms.schema
        named: dict[str, list[Name]] = {}
        for name in question.names:
            if name.value is not None and name.column != schema.target and not self._supposed(name):
                named.setdefault(name.column, []).append(name)
        for column, names in named.items():
            values = list(dict.fromkeys(str(name.value) for name in names))
            listed = len(values) > 1 and not self._set_against(names)
            if listed:
                yield _condition([column, "in", values], *(name.start for name in names))
            for name in names if not (listed and self._in_a_row(names)) else ():
                uses = [other.start for other in names if other.value == name.value]
                yield from (_condition([column, sign, name.value], *uses) for sign in self._equal_or_not(name))
        for name in question.names:
            feature = schema.by_name.get(name.column)
            if feature is None or name.value is not None or name.column in named or name.strength < PARTLY:
                continue
            if len(feature.categories) <= MOST_CATEGORIES:
                yield from (_condition([name.column, "==", value]) for value in feature.categories)

    def _opposites(self) -> Iterator[Offer]:
        """Yield the other one of two categories where one is denied: "who are not married" may be the single ones."""
        for name in self.question.names if cues.DENIED.search(self.question.text) else ():
            feature = self.question.terms.schema.by_name.get(name.column)
            if feature is not None and name.value is not None and len(feature.categories) == 2:
                other = next(category for category in feature.categories if category != name.value)
                yield _condition([name.column, "==", other], name.start)

    def _equal_or_not(self, name: Name) -> tuple[str, ...]:
        if cues.DENIED_HERE.search(self.question.text[: name.start]):
            return "!=", "=="
        return ("==", "!=") if cues.DENIED.search(self.question.text) else ("==",)

    def _in_a_row(self, names: Sequence[Name]) -> bool:
        """Tell whether some categories stand side by side: "Dream or Biscoe"."""
        text = self.question.text
        spots = sorted({(name.start, name.end) for name in names})
        between = [text[end:start] for (_, end), (start, _) in itertools.pairwise(spots)]
        apart = cues.DENIED.search(text) or cues.SEPARATELY.search(text)
        return not apart and all(cues.LISTED.fullmatch(part) for part in between)

    def _set_against(self, names: Sequence[Name]) -> bool:
        """Tell whether the last of some categories is set against the others: "women than men"."""
        text = self.question.text
        between = text[names[0].end : names[-1].start]
        return bool(cues.AGAINST.search(between) or re.search(r"\b(?:compar\w+|differ\w*)\b", text, re.IGNORECASE))

    def _supposed(self, name: Name) -> bool:
        """Tell whether a category is what a row would have, if: then it selects no rows."""
        question = self.question
        start = next((m.start() for m in cues.SUPPOSED.finditer(question.text) if m.start() < name.start), None)
        if start is None:
            return False
        same = [n for n in question.names if n.column == name.column and n.start < start]
        elsewhere = any(n.value not in (None, name.value) for n in same)
        return elsewhere or bool(question.before) or question.has_row

    def _labels(self) -> Iterator[Offer]:
        schema, text = self.question.terms.schema, self.question.text
        names = [name for name in self.question.names if name.column == schema.target]
        named = [name for name in names if name.value is not None] or names
        denied = bool(cues.DENIED.search(text))
        listed = list(dict.fromkeys(str(name.value) for name in named if name.value is not None))
        if len(listed) > 1 and self._in_a_row(named) and not self._set_against(named):
            for column in self.sides(named[0]):
                yield _condition([column, "in", listed], *(name.start for name in named))
        for name in named:
            unnamed = list(schema.labels) if len(schema.labels) == 2 else []  # of more, which one has to be said
            values = unnamed if name.value is None else [name.value]
            if denied and len(schema.labels) == 2:
                values += [label for label in schema.labels if label not in values]
            for column in self.sides(name):
                for value in values:
                    yield _condition([column, "==", value], name.start)
                    if denied and len(schema.labels) > 2:
                        yield _condition([column, "!=", value], name.start)

    def sides(self, name: Name) -> tuple[str, ...]:
        """Return whether a label is what rows are, or what is said of them: by the last word that tells, else both."""
        before = cues.TURNS.split(self.question.text[max(0, name.start - 45) : name.start])[-1]
        said, true = ([m.end() for m in cue.finditer(before)] for cue in (cues.SAYING, cues.TRULY))
        if said and (not true or said[-1] > true[-1]):
            return ("prediction",)
        if true:
            return ("label",)
        return ("prediction", "label") if cues.SAID.search(self.question.text) else ("label", "prediction")

    def _others(self) -> Iterator[Offer]:
        """Yield what is left when the conditions of the answer before are turned round: "and the others?".

        Where the question asks for nothing else, each has to be said: it has a place of its own, before the question.
        """
        turned: list[list[Any]] = []
        for column, sign, value in self.left_out:
            turned += [[column, "!=", part] for part in value] if sign == "in" else [[column, INVERSE[sign], value]]
        for number, condition in enumerate(turned, start=1):
            yield _condition(condition, *([-number] if self.question.repeats else []))

    @property
    def left_out(self) -> list[Any]:
        """The conditions of the answer before, where the question is about the rows that they left out."""
        if not cues.OTHERS.search(self.question.text):
            return []
        wheres = [call["args"].get("where") or [] for call in self.question.before]
        return [condition for where in wheres if not isinstance(where, Mapping) for condition in where]


def distinct(offers: Sequence[Offer]) -> list[Offer]:
    """Return each text once, as it is offered first."""
    found: dict[str, Offer] = {}
    for offer in offers:
        found.setdefault(offer.text, offer)
    return list(found.values())


def _is_age(feature: Feature) -> bool:
    return "age" in words_of(feature.name) or (feature.unit or "").startswith("year")


def _condition(condition: list[Any], *uses: int) -> Offer:
    return Offer(condition_text(condition), condition, frozenset(uses))
