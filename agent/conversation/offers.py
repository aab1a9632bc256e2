"""What a call may say of a question: every condition, change, column, label and amount that its words allow.

This is the whole of what the model chooses among: no filter can be invented. Knows nothing about tools or models.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.conversation import cues
from agent.conversation.calltext import change_text, condition_text
from agent.conversation.names import Name, words_of
from agent.conversation.quantities import Number
from agent.conversation.question import Question
from tools.schema import Feature

__all__ = ["Offer", "Offers"]

SIGNS = ("==", ">", ">=", "<", "<=")
INVERSE = {"==": "!=", "!=": "==", ">": "<=", "<=": ">", "<": ">=", ">=": "<"}
MOST_CATEGORIES = 12  # of a column that is named without one of them
OUTRIGHT, LIKELY, PARTLY, BEFORE = 0.9, 0.8, 0.5, 0.3  # how surely a column is named
CHOOSE_BY_LABEL = {"count", "show", "feature_stats"}
ASKS_LABEL = {"predict", "probability", "explain", "counterfactual", "similar"}


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
class Offers:
    """What may be said of one question.

    Examples
    --------
    >>> from agent.conversation.names import Terms
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> [offer.text for offer in Offers(Question("who is over 50, why row 7?", Terms(schema))).conditions]
    ['row == 7', 'age > 50']
    """

    question: Question

    # -- conditions --------------------------------------------------------------------------------------------------

    @cached_property
    def conditions(self) -> list[Offer]:
        """Every condition the question allows, those it names outright first."""
        named = self._rows(), self._numbers(), self._nothing(), self._categories(), self._labels(), self._others()
        parts = *named, self._strangers()
        return _distinct([offer for part in parts for offer in part])

    def conditions_for(self, tool: str) -> list[Offer]:
        """Return the conditions that make sense for a tool: what it asks for is no condition.

        A prediction or a chance among the rows that have a label is asked for in so many words ("really", "predicted").
        """
        question = self.question
        barred = {{"predict": "prediction", "labels": "label"}.get(tool, "")}
        if tool in ASKS_LABEL:
            barred |= set() if cues.TRULY.search(question.text) else {"label"}
            barred |= set() if cues.PREDICTED.search(question.text) else {"prediction"}
        if tool in {*ASKS_LABEL, "labels"} and question.has_row:  # a row has its label without being chosen by it
            barred |= {"label", "prediction"}
        one = [question.terms.schema.id_column or "row", "=="] if tool == "count" else None  # there is one such row
        return [each for each in self.conditions if each.value[0] not in barred and each.value[:2] != one]

    def _rows(self) -> Iterator[Offer]:
        question, column = self.question, self.question.terms.schema.id_column or "row"
        rows = [*question.rows, *(n for n in question.numbers if n not in question.rows and question.is_row(n))]
        if len(rows) > 1:
            yield _condition([column, "in", [number.value for number in rows]], *(number.start for number in rows))
        for number in rows:
            yield _condition([column, "==", number.value], number.start)
        if len(question.ids) > 1:
            names = [question.text[start:end] for start, end in question.ids]
            yield _condition([column, "in", names], *(start for start, _ in question.ids))
        for start, end in question.ids:
            yield _condition([column, "==", question.text[start:end]], start)

    def _strangers(self) -> Iterator[Offer]:
        """Yield rows by numbers that no row is called by: the tool says so."""
        question, column = self.question, self.question.terms.schema.id_column or "row"
        for number in question.numbers:
            if number not in question.rows and question.alone(number) and not question.is_row(number):
                yield _condition([column, "==", number.value], number.start)

    def _numbers(self) -> Iterator[Offer]:
        question = self.question
        for number in question.numbers:
            if (
                number in question.rows
                or number in question.counts
                or question.is_row(number)
                or (number.step and not number.sign)
            ):
                continue
            for feature, value in self._columns_of(number):
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
            for feature, _ in self._columns_of(run[0]):
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

    def _columns_of(self, number: Number) -> list[tuple[Feature, int | float]]:
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
        named = {name.column: name.strength for name in self.question.names if name.value is None}
        if number.step in {"", "set"}:
            sure = [pair for pair in found if named.get(pair[0].name, 0.0) >= OUTRIGHT]
            found = (
                [pair for pair in found if pair in sure or terms.selects(pair[0].name, number.sign, pair[1])]
                or [(f, value) for f, value in found if terms.plausible(f.name, value)]
                or ([] if self.question.alone(number) else found)
            )
        return sorted(found, key=lambda pair: (-named.get(pair[0].name, 0.0), not _is_age(pair[0])))  # "over 50"

    def _nothing(self) -> Iterator[Offer]:
        """Yield the conditions of "no kids", "without a promotion": a number that is 0."""
        for name in self.question.names:
            feature = self.question.terms.schema.by_name.get(name.column)
            before = self.question.text[max(0, name.start - 20) : name.start]
            if feature is not None and feature.kind == "numeric" and cues.NONE_OF.search(before):
                yield _condition([feature.name, "==", 0], name.start)
            elif feature is not None and self.question.terms.yes_or_no(feature.name):
                yield from (_condition([feature.name, "==", value]) for value in (1, 0))

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
        return elsewhere or bool(question.rows or question.before) or any(map(question.is_row, question.numbers))

    def _labels(self) -> Iterator[Offer]:
        schema, text = self.question.terms.schema, self.question.text
        names = [name for name in self.question.names if name.column == schema.target]
        named = [name for name in names if name.value is not None] or names
        denied = bool(cues.DENIED.search(text))
        listed = list(dict.fromkeys(str(name.value) for name in named if name.value is not None))
        if len(listed) > 1 and self._in_a_row(named) and not self._set_against(named):
            for column in self._sides(named[0]):
                yield _condition([column, "in", listed], *(name.start for name in named))
        for name in named:
            values = list(schema.labels) if name.value is None else [name.value]
            if denied and len(schema.labels) == 2:
                values += [label for label in schema.labels if label not in values]
            for column in self._sides(name):
                for value in values:
                    yield _condition([column, "==", value], name.start)
                    if denied and len(schema.labels) > 2:
                        yield _condition([column, "!=", value], name.start)

    def _sides(self, name: Name) -> tuple[str, ...]:
        """Return whether a label is what rows are, or what is said of them: by the last word that tells, else both."""
        before = cues.TURNS.split(self.question.text[max(0, name.start - 45) : name.start])[-1]
        said, true = ([m.end() for m in cue.finditer(before)] for cue in (cues.SAYING, cues.TRULY))
        if said and (not true or said[-1] > true[-1]):
            return ("prediction",)
        if true:
            return ("label",)
        return ("prediction", "label") if cues.SAID.search(self.question.text) else ("label", "prediction")

    def _others(self) -> Iterator[Offer]:
        """Yield what is left when the conditions of the answer before are turned round: "and the others?"."""
        if not cues.OTHERS.search(self.question.text):
            return
        for call in self.question.before:
            where = call["args"].get("where") or []
            for column, sign, value in [] if isinstance(where, Mapping) else where:
                if sign in INVERSE:
                    yield _condition([column, INVERSE[sign], value])
                elif sign == "in":
                    yield from (_condition([column, "!=", part]) for part in value)

    # -- changes -----------------------------------------------------------------------------------------------------

    @cached_property
    def changes(self) -> list[Offer]:
        """Every change the question allows, and those of the answer before."""
        again = [change for call in self.question.before for change in call["args"].get("changes", [])]
        found = [*self._set_numbers(), *self._set_categories()] if cues.CHANGES.search(self.question.text) else []
        return _distinct([*found, *(_change(dict(change)) for change in again)])

    def _set_numbers(self) -> Iterator[Offer]:
        question = self.question
        for number in question.numbers:
            if number in question.rows or number in question.counts or (number.sign and not number.step):
                continue
            columns = self._columns_of(number)
            columns = [pair for pair in columns if pair[0].name == self._named_before(number)] or columns
            for feature, value in columns:
                for action in (number.step,) if number.step else ("increase", "decrease", "set"):
                    yield _change({"column": feature.name, "action": action, "value": value}, number.start)

    def _named_before(self, number: Number) -> str | None:
        """Return the one column that is named between the number before and this one."""
        earlier = [other.end for other in self.question.numbers if other.end <= number.start]
        names = {n.column for n in self.question.names if max(earlier, default=0) <= n.start < number.start}
        following = [other.start for other in self.question.numbers if other.start > number.start]
        until = min(following, default=len(self.question.text))
        after = any(number.end <= n.start < until for n in self.question.names)
        return names.pop() if len(names) == 1 and not after else None

    def _set_categories(self) -> Iterator[Offer]:
        supposed = cues.SUPPOSED.search(self.question.text)
        begins = supposed.start() if supposed is not None else 0
        for name in self.question.names:
            if name.start < begins:  # "the Dream males if": which rows
                continue
            feature = self.question.terms.schema.by_name.get(name.column)
            if feature is None or not feature.categories:
                continue
            values = [value for value in feature.categories if value != name.value]
            if name.value is not None:
                values = [name.value, *values] if len(values) == 1 else [name.value]
            uses = (name.start,) if name.value is not None else ()
            for value in values[:MOST_CATEGORIES]:
                yield _change({"column": name.column, "action": "set", "value": value}, *uses)

    # -- other arguments ---------------------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[Offer]:
        """The columns and the target, those the question names first; no others where it names one outright."""
        strength, at = self._strengths()
        best = max(strength.values())
        least = PARTLY if best >= LIKELY else best / 2
        offered = [name for name in strength if strength[name] >= least]
        return [Offer(name, name) for name in sorted(offered, key=lambda name: (-strength[name], at.get(name, 0)))]

    @property
    def shown(self) -> list[Offer]:
        """The columns to show: all that the question names and does not choose rows by."""
        chosen = {name.column for name in self.question.names if name.value is not None}
        named = [
            n.column for n in self.question.names if n.value is None and n.strength >= OUTRIGHT and not n.direction
        ]
        twice = [column for column in named if named.count(column) > 1]  # shown, and chosen by
        wanted = {*self.question.named, *twice} & set(self.question.terms.schema.by_name) - chosen
        columns = [column for column in dict.fromkeys(named) if column in wanted]
        return [Offer(") (".join(columns), columns)] if columns else []

    @property
    def names_column(self) -> bool:
        """Whether the question means some column: it may ask about that."""
        return max(self._strengths()[0].values()) > 0

    def _strengths(self) -> tuple[dict[str, float], dict[str, int]]:
        """Return how surely each column is named, and where: by its name, a category, a unit, or the answer before."""
        question, schema = self.question, self.question.terms.schema
        strength, at = dict.fromkeys((*schema.names, schema.target), 0.0), {}
        for name in question.names:
            value = name.strength * (1.0 if name.value is None else 0.4)
            if value > strength.get(name.column, 1.0):
                strength[name.column], at[name.column] = value, name.start
        for number in question.numbers:
            for feature in schema.features if number.unit else ():
                if feature.kind == "numeric" and feature.unit and question.value_in(number, feature) is not None:
                    strength[feature.name] = max(strength[feature.name], PARTLY)
        for call in question.before:
            for key in ("feature", "name"):
                if (column := call["args"].get(key)) in strength:
                    strength[column] = max(strength[column], BEFORE)
        return strength, at

    def labels_for(self, tool: str) -> list[Offer]:
        """Return the labels an explanation may be towards, or a change to: those named, and not as what was said."""
        schema = self.question.terms.schema
        names = [n for n in self.question.names if n.column == schema.target and n.value is not None]
        named = [str(n.value) for n in names if self.asks_label(tool) or "label" in self._sides(n)]
        if not names and cues.TOWARDS.search(self.question.text):
            named = list(schema.labels)
        return _distinct([Offer(label, label) for label in named])

    def asks_label(self, tool: str) -> bool:
        """Whether a label that is named is what an explanation is towards, or a change to, and nothing else."""
        text = self.question.text
        return tool == "counterfactual" or bool(cues.TOWARDS.search(text) or cues.DENIED.search(text))

    @cached_property
    def amounts(self) -> list[Offer]:
        """The counts on offer."""
        return [Offer(str(n.value), n.value, frozenset({n.start})) for n in self.question.counts]

    def values(self, column: str) -> list[Offer]:
        """Return the values of a column that a question may ask to place: numbers not compared, categories."""
        feature = self.question.terms.schema.by_name.get(column)
        if feature is None:
            return []
        if feature.categories:
            names = [n for n in self.question.names if n.column == column and n.value is not None]
            return _distinct([Offer(str(n.value), n.value, frozenset({n.start})) for n in names])
        numbers = [n for n in self.question.numbers if n not in self.question.rows and n.sign in {"", "=="}]
        placed = [(self.question.value_in(n, feature), n.start) for n in numbers]
        return _distinct([Offer(str(value), value, frozenset({at})) for value, at in placed if value is not None])

    def required_by(self, tool: str) -> frozenset[int]:
        """Return where the words are that a call of a tool has to account for, labels that choose its rows too."""
        if tool not in CHOOSE_BY_LABEL:
            return self.required
        labels = [offer.uses for offer in self.conditions_for(tool) if offer.value[0] in {"label", "prediction"}]
        target = self.question.terms.schema.target
        names = [name for name in self.question.names if name.column == target and name.value is not None]
        named = {name.start for name in names if name.strength >= OUTRIGHT}
        return self.required | (named & frozenset().union(*labels))

    @cached_property
    def required(self) -> frozenset[int]:
        """Where the words are that a call has to account for: numbers that mean something, names of categories."""
        question = self.question
        if question.expression is not None:
            return frozenset()
        said = {*(n.start for n in question.rows), *(n.start for n in question.counts), *(at for at, _ in question.ids)}
        said |= {
            n.start for n in question.numbers if n.digits or n.sign or n.unit or n.value != 1 or question.column_of(n)
        }
        target = question.terms.schema.target
        said |= {
            n.start for n in question.names if n.value is not None and n.column != target and n.strength >= OUTRIGHT
        }
        reachable = {at for offer in [*self.conditions, *self.changes, *self.amounts] for at in offer.uses}
        return frozenset(said & reachable)


def _is_age(feature: Feature) -> bool:
    return "age" in words_of(feature.name) or (feature.unit or "").startswith("year")


def _condition(condition: list[Any], *uses: int) -> Offer:
    return Offer(condition_text(condition), condition, frozenset(uses))


def _change(change: dict[str, Any], *uses: int) -> Offer:
    return Offer(change_text(change), change, frozenset(uses))


def _distinct(offers: Sequence[Offer]) -> list[Offer]:
    found: dict[str, Offer] = {}
    for offer in offers:
        found.setdefault(offer.text, offer)
    return list(found.values())
