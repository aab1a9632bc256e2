"""One thing that a sentence says, and what the assertions of a sentence that is understood say in these terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from agent.explanation.parsing.assertions import (
    Assertion,
    Effect,
    HasCategory,
    Multiple,
    Nearer,
    Number,
    Ordered,
    Predicted,
    Quantity,
    Ranked,
    Stated,
    owner_of,
)
from agent.explanation.parsing.facts import Facts

__all__ = ["STATISTICS", "Said", "amount_of", "numbered", "reached", "said_by"]

STATISTICS = {"mean", "median", "q1", "q3", "min", "max"}


@dataclass(frozen=True)
class Said:
    """One thing that a sentence says.

    Attributes
    ----------
    kind : str
        ``value``, ``direction``, ``rank``, ``amount``, ``order``, ``nearer``, ``label``, ``probability``, or ``base`` for
        what speaks before any feature does.
    feature : str
        Of which feature; empty for what is said of the answer.
    what : object
        A `Number` or a category; the sign towards the answer; a rank from 0; ``above``, ``below`` or ``equal``; a label.
    of : str
        The side among which a rank counts; what a value is compared with, or the label whose mean is farther; the label of
        a probability; ``not`` for a label that is denied.
    group : str
        The label of the rows that it is compared with.
    """

    kind: str
    feature: str
    what: Any
    of: str = ""
    group: str = ""


def said_by(assertions: Sequence[Assertion], facts: Facts) -> list[Said]:
    """Return what the assertions of a sentence that is understood say."""
    found = [one for made in assertions for one in _said(made, facts)]
    first = [made for made in assertions if isinstance(made, Ranked) and made.within and not made.negated]
    if first and len(first) == first[0].rank + 1:  # *the two strongest are age and dose*, in this order
        found += [Said("rank", owner_of(made.ref, facts.evidence), rank) for rank, made in enumerate(first)]
    return found


def _said(made: Assertion, facts: Facts) -> list[Said]:
    match made:
        case Stated(quantity=Quantity(refs=(ref,), minus=None)):
            return _stated(ref, made.number, facts)
        case HasCategory(negated=False):
            return [Said("value", owner_of(made.ref, facts.evidence), made.category)]
        case Effect(negated=False):
            return [Said("direction", owner_of(made.ref, facts.evidence), made.sign * facts.side(made.label))]
        case Ranked(negated=False, within=False) if made.rank >= 0:
            feature, side = owner_of(made.ref, facts.evidence), "" if made.side == "any" else made.side
            way = {"": [], "for": [Said("direction", feature, 1)], "against": [Said("direction", feature, -1)]}[side]
            return [Said("rank", feature, made.rank, side), *way]
        case Predicted(place=0):
            return [Said("label", "", made.label, "not" if made.negated else "")]
        case Ordered(negated=False):
            return _ordered(made.left, made.relation, made.right, facts)
        case Multiple(negated=False) if made.factor.value not in {0, 1}:
            return _ordered(made.left, "above" if made.factor.value > 1 else "below", made.right, facts)
        case Nearer(negated=False):
            return [Said("nearer", owner_of(made.value, facts.evidence), "", _group(made.far), _group(made.near))]
    return []


def _stated(ref: str, number: Number, facts: Facts) -> list[Said]:
    """Return what a number of a value, a contribution or a probability says."""
    call, *path = ref.split(".")
    tool = facts.evidence.observation(call).tool
    if tool == "probability":
        return [Said("probability", "", number, unquote(path[0]))]
    if path[-1] == "value":
        return numbered(owner_of(ref, facts.evidence), number, facts)
    if path[-1] == "contribution":
        return amount_of(owner_of(ref, facts.evidence), number)
    if path[-1] in {"below", "above"} and tool == "feature_stats":
        group = unquote(path[1]) if path[0] == "value_by_label" else ""
        relation = "above" if path[-1] == "below" else "below"
        over = reached(relation, number)
        return [Said("order", owner_of(ref, facts.evidence), relation, over, group)]
    return []


def numbered(feature: str, number: Number, facts: Facts) -> list[Said]:
    """Return what a number behind a feature says: its value, or its contribution where it can only be that.

    *Worst radius (1.06)* is the contribution where the row's value is another and the contribution is 1.06, and where
    the number is negative and no value is.
    """
    value = facts.evidence.value(facts.value(feature))
    if isinstance(value, bool | str) or value is None:
        return [Said("value", feature, number)]
    if number.value < 0 <= value:
        return amount_of(feature, number)
    size = number.model_copy(update={"value": abs(number.value)})
    known = feature in facts.entries and size.fits(abs(float(facts.evidence.value(facts.contribution(feature)))))
    return amount_of(feature, number) if known and not number.fits(float(value)) else [Said("value", feature, number)]


def reached(relation: str, number: Number) -> str:
    """Return what a value lies above or below of so many rows: all of them are those to the extreme."""
    if number.percent and number.value == 100 and number.bound == "is":
        return {"above": "max", "below": "min"}[relation]
    return "rows"


def _ordered(left: Quantity, relation: str, right: Quantity, facts: Facts) -> list[Said]:
    """Return what a comparison of a row's value says."""
    if len(left.refs) != 1 or not left.refs[0].endswith((".value", ".z_score")):
        return []
    feature = owner_of(left.refs[0], facts.evidence)
    relation = "equal" if relation in {"equal", "same"} else relation
    if left.refs[0].endswith(".z_score"):
        return [Said("order", feature, relation, "mean")]
    if right.number is not None:
        return [Said("order", feature, relation, "number")]
    last = right.refs[0].rpartition(".")[2]
    return [Said("order", feature, relation, last, _group(right.refs[0]))] if last in STATISTICS else []


def _group(ref: str) -> str:
    """Return the label whose rows a statistic is of."""
    path = ref.split(".")
    return unquote(path[2]) if path[1] == "by_label" else ""


def amount_of(feature: str, number: Number) -> list[Said]:
    """Return the size of a contribution, and its direction where the number has a sign."""
    found = [Said("amount", feature, number)]
    if number.signed and number.value:
        found.append(Said("direction", feature, 1 if number.value > 0 else -1))
    return found
