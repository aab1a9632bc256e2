"""What a call may say of a question: every condition, change, column, label and amount that its words allow.

This is the whole of what the model chooses among: no filter can be invented. Knows nothing about tools or models.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.conversation.reading import cues
from agent.conversation.reading.calltext import change_text
from agent.conversation.reading.conditions import LIKELY, MOST_CATEGORIES, OUTRIGHT, PARTLY, Conditions, Offer, distinct
from agent.conversation.reading.quantities import Number
from agent.conversation.reading.question import Question
from agent.conversation.reading.vocabulary import ID

__all__ = ["Offer", "Offers"]

BEFORE = 0.3  # how surely the column of the answer before is named
ABOUT_COLUMNS = {"importance", "interactions", "describe"}
CHOOSE_BY_LABEL = {"count", "show", "feature_stats"}
ASKS_LABEL = {"predict", "probability", "explain", "counterfactual", "similar"}


@dataclass(frozen=True)
class Offers:
    """What may be said of one question.

    Examples
    --------
    >>> from agent.conversation.reading.names import Terms
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
        return self._found.all()

    @cached_property
    def _found(self) -> Conditions:
        return Conditions(self.question)

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

    @property
    def either(self) -> bool:
        """Whether the rows are meant that do not have all of several conditions: one of them does not hold."""
        left_out = self._found.left_out
        return self.question.repeats and len(left_out) > 1 and all(sign != "in" for _, sign, _ in left_out)

    # -- changes -----------------------------------------------------------------------------------------------------

    @cached_property
    def changes(self) -> list[Offer]:
        """Every change the question allows, and those of the answer before."""
        again = [change for call in self.question.before for change in call["args"].get("changes", [])]
        found = (
            [*self._set_numbers(), *self._set_nothing(), *self._set_categories(), *self._set_flags()]
            if cues.CHANGES.search(self.question.text)
            else []
        )
        return distinct([*found, *(_change(dict(change)) for change in again)])

    def _set_numbers(self) -> Iterator[Offer]:
        question = self.question
        for number in question.numbers:
            if number in question.rows or number in question.counts or (number.sign and not number.step):
                continue
            columns = self._found.columns_of(number)
            columns = [pair for pair in columns if pair[0].name == self._named_before(number)] or columns
            for feature, value in columns:
                for action in (number.step,) if number.step else ("increase", "decrease", "set"):
                    yield _change({"column": feature.name, "action": action, "value": value}, number.start)

    def _set_nothing(self) -> Iterator[Offer]:
        """Yield what becomes 0: "if she had no debts"."""
        supposed = cues.SUPPOSED.search(self.question.text)
        if supposed is None:
            return
        for condition in self._found.nothing():
            if min(condition.uses) > supposed.start():
                yield _change(
                    {"column": condition.value[0], "action": "set", "value": condition.value[2]}, *condition.uses
                )

    def _set_flags(self) -> Iterator[Offer]:
        """Yield what becomes 1 or 0 in a column of zeros and ones: "if it had a pool"."""
        supposed = cues.SUPPOSED.search(self.question.text)
        if supposed is None and not (self.question.has_row or self.question.before):
            return  # "those with a pool" have one
        for name in self.question.names:
            known = name.value is None and self.question.terms.yes_or_no(name.column)
            if known and (supposed is None or name.start > supposed.start()):
                yield from (_change({"column": name.column, "action": "set", "value": value}) for value in (1, 0))

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
        least = min(least, BEFORE) if self.question.repeats else least  # "and in stage 4?" asks of the column before
        offered = [name for name in strength if strength[name] >= least]
        return [Offer(name, name) for name in sorted(offered, key=lambda name: (-strength[name], at.get(name, 0)))]

    @property
    def held(self) -> frozenset[str]:
        """The columns that are named as what rows have: "the ones with a negative lag", "only the US ones"."""
        text = self.question.text
        return frozenset(
            name.column
            for name in self.question.names
            if (
                any(cue.search(text[: name.start]) for cue in (cues.HAVING, cues.AMONG))
                and not re.search(r"\b(?:their|its|his|her)\s+$", text[: name.start])
            )
            or any(cue.search(text[max(0, name.start - 15) : name.start]) for cue in (cues.NEGATIVE, cues.POSITIVE))
            or cues.ARE.match(text[name.end :])
        )

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

    @cached_property
    def towards(self) -> list[Offer]:
        """The labels an explanation may be towards, or a change to: those named."""
        schema = self.question.terms.schema
        names = [n for n in self.question.names if n.column == schema.target and n.value is not None]
        unnamed = schema.labels if cues.TOWARDS.search(self.question.text) else ()
        return distinct([Offer(label, label) for label in [str(n.value) for n in names] or unnamed])

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
            return distinct([Offer(str(n.value), n.value, frozenset({n.start})) for n in names])
        numbers = [n for n in self.question.numbers if n not in self.question.rows and n.sign in {"", "=="}]
        placed = [(self.question.value_in(n, feature), n.start) for n in numbers]
        return distinct([Offer(str(value), value, frozenset({at})) for value, at in placed if value is not None])

    def required_by(self, tool: str) -> frozenset[int]:
        """Return where the words are that a call of a tool has to account for, labels that choose its rows too."""
        if tool in ABOUT_COLUMNS:  # "does being single matter?" is about a column
            return self.required - {name.start for name in self.question.names}
        if tool not in CHOOSE_BY_LABEL:
            return self.required
        labels = [offer.uses for offer in self.conditions_for(tool) if offer.value[0] in {"label", "prediction"}]
        target = self.question.terms.schema.target
        names = [name for name in self.question.names if name.column == target and name.value is not None]
        text = self.question.text
        named = {n.start for n in names if n.strength >= OUTRIGHT - 0.05 and not cues.ABOUT_DATA.match(text[n.end :])}
        return self.required | (named & frozenset().union(*labels))

    @property
    def labels(self) -> frozenset[int]:
        """Where labels are named."""
        target = self.question.terms.schema.target
        return frozenset(name.start for name in self.question.names if name.column == target)

    @cached_property
    def required(self) -> frozenset[int]:
        """Where the words are that a call has to account for: numbers that mean something, names of categories."""
        question = self.question
        if question.expression is not None:
            return frozenset()
        said = {*(n.start for n in question.rows), *(n.start for n in question.counts), *(at for at, _ in question.ids)}
        said |= {
            n.start
            for n in question.numbers
            if (n.digits or n.sign or n.unit or n.value != 1 or question.column_of(n)) and not self._told(n)
        }
        target = question.terms.schema.target
        said |= {
            n.start for n in question.names if n.value is not None and n.column != target and n.strength >= OUTRIGHT
        }
        said |= {at for offer in self._found.nothing() for at in offer.uses}
        said |= {at for offer in self.conditions for at in offer.uses if at < 0}  # of the rows left out before
        reachable = {at for offer in [*self.conditions, *self.changes, *self.amounts] for at in offer.uses}
        return frozenset(said & reachable)

    def _told(self, number: Number) -> bool:
        """Tell whether a number may be part of a name, "store 7" of Store7, or of "those three"."""
        if number.sign or self.question.column_of(number) is not None:
            return False
        if cues.THESE.search(self.question.text[: number.start]):
            return True
        digits = str(number.value)
        return any(
            name.start <= number.start < name.end or digits in re.findall(r"\d+", f"{name.column} {name.value or ''}")
            for name in self.question.names
            if name.column != ID
        )


def _change(change: dict[str, Any], *uses: int) -> Offer:
    return Offer(change_text(change), change, frozenset(uses))
