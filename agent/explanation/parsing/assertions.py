"""What a sentence in free words asserts: typed statements over facts, each with a rule that computes whether it is true.

The claims of the strict grammar are true because they are made from facts; these are read from words, so that each has
to say how far a word such as *well above* or *nearly* reaches. The borders are constants at the top of this file.
"""

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.explanation.evidence import Evidence
from agent.explanation.parsing.facts import Facts
from tools.errors import ToolError

__all__ = [
    "Assertion",
    "Bound",
    "Certain",
    "Count",
    "Degree",
    "Effect",
    "HasCategory",
    "Level",
    "Multiple",
    "Nearer",
    "Number",
    "Ordered",
    "Predicted",
    "Quantity",
    "Ranked",
    "Sized",
    "Stated",
    "Within",
    "facts_of",
    "owner_of",
    "settle",
]

Bound = Literal["is", "exactly", "about", "nearly", "just over", "over", "under", "least", "most"]
Degree = Literal["", "slightly", "well"]
Relation = Literal["above", "below", "equal", "same"]

EXACT = 2e-4  # relative: how far *exactly* and *equal* reach
ABOUT = 0.1  # relative: how far *about*, *nearly* and *just over* reach
SLIGHT, WELL, SAME = 0.5, 0.75, 0.2  # standard deviations between two values that are slightly, well, hardly apart
SLIGHT_RATIO, WELL_RATIO, SAME_RATIO = 1.25, 1.5, 1.06  # the same where there is no standard deviation
STRONG, MODERATE, WEAK, NEGLIGIBLE = 0.4, 0.7, 0.4, 0.1  # of the largest: at least, and three times at most
MEASURED = {"value", "mean", "median", "min", "max", "q1", "q3", "std"}  # facts in the unit of their feature
LEVELS = {  # percent of rows below a value of that level: at least, at most
    "high": (75.0, 100.0),
    "very high": (90.0, 100.0),
    "low": (0.0, 25.0),
    "very low": (0.0, 10.0),
    "typical": (20.0, 80.0),
}
CERTAINTY = {  # probability of the predicted label: at least, below
    "almost certain": (0.95, 1.01),
    "confident": (0.85, 1.01),
    "fairly confident": (0.65, 0.95),
    "not sure": (0.0, 0.8),
    "close": (0.0, 0.6),
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Number(_Part):
    """A number as it is written: its value, the unit of its last digit, and the word before it.

    Examples
    --------
    >>> Number(value=17.9, step=0.1).fits(17.94), Number(value=2, step=1, bound="nearly").fits(1.9)
    (True, True)
    """

    value: float
    step: float
    percent: bool = False
    signed: bool = False
    unit: str = ""
    bound: Bound = "is"

    def fits(self, fact: float) -> bool:
        """Tell whether a fact is what the number says."""
        value, near = self.value, ABOUT * abs(self.value)
        half = self.step / 2 * (1 + 1e-9)
        if self.step >= 1:  # zero is none at all, and 1000 is no word for 1450
            half = min(half, near)
        slack = 1e-9 * abs(value)
        outer = max(near, half)
        below, above = math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
        least, most = {
            "is": (value - half, value + half),
            "exactly": (value - min(half, EXACT * abs(value)), value + min(half, EXACT * abs(value))),
            "about": (value - outer, value + outer),
            "nearly": (value - outer, below),
            "just over": (above, value + outer),
            "over": (above, math.inf),
            "under": (-math.inf, below),
            "least": (value - slack, math.inf),
            "most": (-math.inf, value + slack),
        }[self.bound]
        return least <= fact <= most


class Quantity(_Part):
    """One side of a comparison: a fact, in absolute terms or not, or a number.

    Attributes
    ----------
    refs : tuple of str
        The facts, whose values are added up; none for a number.
    absolute : bool
        Whether only their size counts, as in which of two contributions is larger.
    number : Number or None
        A number that the sentence gives.
    spread : str or None
        The standard deviation that tells how far apart two values lie.
    minus : str or None
        What is taken away from the fact: the quantity is a difference.
    """

    refs: tuple[str, ...] = ()
    absolute: bool = False
    number: Number | None = None
    spread: str | None = None
    minus: str | None = None

    def of(self, evidence: Evidence) -> float:
        """Return the value."""
        if self.number is not None:
            return self.number.value
        if self.minus is not None:
            gap = _number(evidence, self.refs[0]) - _number(evidence, self.minus)
            return abs(gap) if self.absolute else gap
        values = [_number(evidence, ref) for ref in self.refs]
        return sum(map(abs, values)) if self.absolute else sum(values)

    def of_shown(self, evidence: Evidence) -> float:
        """Return the sum of the facts as their reader sees them: rounded."""
        values = [evidence.shown_number(ref) for ref in self.refs]
        return sum(map(abs, values)) if self.absolute else sum(values)


class _Assertion(_Part):
    negated: bool = False

    def true_of(self, evidence: Evidence) -> bool:
        """Compute the truth; a missing fact raises ToolError."""
        return self._said(evidence) != self.negated

    def _said(self, evidence: Evidence) -> bool:
        raise NotImplementedError


class Stated(_Assertion):
    """A fact is this number."""

    kind: Literal["stated"] = "stated"
    quantity: Quantity
    number: Number

    def _said(self, evidence: Evidence) -> bool:
        fact = self.quantity.of(evidence)
        if self.number.unit and not _in_unit(self.quantity, self.number.unit, evidence):
            raise ToolError(f"Not a quantity in {self.number.unit}.")
        if self.number.percent and not _is_percentage(self.quantity, evidence):
            raise ToolError("Not a percentage.")
        if self.number.step > 1 and self.number.bound == "is" and float(fact).is_integer():
            return self.number.value in {fact, self.quantity.of_shown(evidence)}
        if len(self.quantity.refs) > 1 and self.number.fits(self.quantity.of_shown(evidence)):
            return True
        scaled = fact * 100 if self.number.percent and _is_share(self.quantity, evidence) else fact
        return self.number.fits(scaled)


class Ordered(_Assertion):
    """One quantity is above, below or about the same as another, and by how much."""

    kind: Literal["ordered"] = "ordered"
    left: Quantity
    relation: Relation
    right: Quantity
    degree: Degree = ""
    or_equal: bool = False

    def _said(self, evidence: Evidence) -> bool:
        left, right = self.left.of(evidence), self.right.of(evidence)
        gap = left - right if self.relation != "below" else right - left
        if self.relation == "same":
            return abs(left - right) <= EXACT * max(abs(left), abs(right))
        if self.relation == "equal":
            return self._near(left, right, SAME, SAME_RATIO, evidence)
        if self.or_equal:
            return gap >= 0
        least = 1e-6 * max(abs(left), abs(right))
        if gap <= least:
            return False
        near = self._near(
            left, right, *((SLIGHT, SLIGHT_RATIO) if self.degree == "slightly" else (WELL, WELL_RATIO)), evidence
        )
        return not self.degree or near == (self.degree == "slightly")

    def _near(self, left: float, right: float, spreads: float, ratio: float, evidence: Evidence) -> bool:
        spread = self.right.spread or self.left.spread
        if spread is not None:
            return abs(left - right) <= spreads * _number(evidence, spread)
        small, large = sorted((abs(left), abs(right)))
        return left * right >= 0 and large <= ratio * small


class Multiple(_Assertion):
    """One quantity is so many times another."""

    kind: Literal["multiple"] = "multiple"
    left: Quantity
    factor: Number
    right: Quantity

    def _said(self, evidence: Evidence) -> bool:
        left, right = self.left.of(evidence), self.right.of(evidence)
        if right == 0 or left * right < 0:
            raise ToolError("There is no ratio of these two values.")
        return self.factor.fits(left / right)


class Effect(_Assertion):
    """A feature moves the result towards a label (sign +1) or away from it (-1)."""

    kind: Literal["effect"] = "effect"
    ref: str
    sign: Literal[-1, 1]
    label: str

    def _said(self, evidence: Evidence) -> bool:
        contribution = _number(evidence, self.ref)
        return contribution * self.sign * Facts(evidence).side(self.label) > 0


class Ranked(_Assertion):
    """A feature's contribution has a rank, from 0, among all contributions or those of one side; -1 is the last."""

    kind: Literal["ranked"] = "ranked"
    ref: str
    rank: int
    side: Literal["any", "for", "against"] = "any"
    within: bool = False

    def _said(self, evidence: Evidence) -> bool:
        facts = Facts(evidence)
        ranked = facts.ranking(self.side)
        if self.rank < 0 or self.rank >= len(ranked):
            facts.signs(None)  # raises where not all are listed
        if self.ref not in ranked or evidence.has(f"{self.ref}.rank_open"):
            return False
        place = ranked.index(self.ref)
        return place <= self.rank if self.within else place == (len(ranked) - 1 if self.rank < 0 else self.rank)


class Sized(_Assertion):
    """A feature's contribution is strong, weak or negligible beside the largest one and all of them."""

    kind: Literal["sized"] = "sized"
    ref: str
    force: Literal["strong", "moderate", "weak", "negligible"]

    def _said(self, evidence: Evidence) -> bool:
        result = evidence.explained.result or {}
        size, largest = abs(_number(evidence, self.ref)), abs(float(result["features"][0]["contribution"]))
        if self.force == "strong":
            return size >= STRONG * largest
        if self.force == "moderate":
            return NEGLIGIBLE * largest <= size <= MODERATE * largest
        return size <= (WEAK if self.force == "weak" else NEGLIGIBLE) * largest


class Predicted(_Assertion):
    """A label is the final one, or the most, second-most or least likely one."""

    kind: Literal["predicted"] = "predicted"
    label: str
    place: int = 0

    def _said(self, evidence: Evidence) -> bool:
        if self.place == 0:
            return self.label == evidence.label
        likely = Facts(evidence).likely()
        return likely.index(self.label) == self.place % len(likely)


class Certain(_Assertion):
    """The predictor is so sure of its answer, or gives a label a chance of that kind."""

    kind: Literal["certain"] = "certain"
    level: Literal["almost certain", "confident", "fairly confident", "not sure", "close"]

    def _said(self, evidence: Evidence) -> bool:
        least, most = CERTAINTY[self.level]
        return least <= _number(evidence, evidence.probability_ref) < most


class Level(_Assertion):
    """A value is high, low or typical among the training rows, or among those of one label."""

    kind: Literal["level"] = "level"
    below: str
    above: str
    level: Literal["high", "very high", "low", "very low", "typical", "unusual"]

    def _said(self, evidence: Evidence) -> bool:
        under, over = _number(evidence, self.below), _number(evidence, self.above)
        if self.level == "unusual":
            return min(under, over) <= 5
        least, most = LEVELS[self.level]
        middle = (
            (under + 100 - over) / 2 if self.level == "typical" else (under if "high" in self.level else 100 - over)
        )
        return least <= middle <= most


class HasCategory(_Assertion):
    """The row's value of a feature is this category."""

    kind: Literal["category"] = "category"
    ref: str
    category: str

    def _said(self, evidence: Evidence) -> bool:
        return str(evidence.value(self.ref)) == self.category


class Within(_Assertion):
    """A value lies between two others, or is one of them."""

    kind: Literal["within"] = "within"
    value: Quantity
    low: Quantity
    high: Quantity

    def _said(self, evidence: Evidence) -> bool:
        ends = sorted((self.low.of(evidence), self.high.of(evidence)))
        return ends[0] <= self.value.of(evidence) <= ends[1]


class Nearer(_Assertion):
    """A value is nearer to one quantity than to another."""

    kind: Literal["nearer"] = "nearer"
    value: str
    near: str
    far: str

    def _said(self, evidence: Evidence) -> bool:
        value, near, far = (_number(evidence, ref) for ref in (self.value, self.near, self.far))
        return abs(value - near) < abs(value - far)


class Count(_Assertion):
    """So many of the strongest features move the result towards a label, or away from it."""

    kind: Literal["count"] = "count"
    top: int | None
    sign: Literal[-1, 1]
    label: str
    share: Number

    def _said(self, evidence: Evidence) -> bool:
        facts = Facts(evidence)
        signs = facts.signs(self.top)
        hits = sum(sign * self.sign * facts.side(self.label) > 0 for sign in signs)
        return self.share.fits(100 * hits / len(signs) if self.share.percent else hits)


Assertion = Annotated[
    Certain
    | Count
    | Effect
    | HasCategory
    | Level
    | Multiple
    | Nearer
    | Ordered
    | Predicted
    | Ranked
    | Sized
    | Stated
    | Within,
    Field(discriminator="kind"),
]


def facts_of(assertion: Assertion) -> list[str]:
    """Return the references of the facts that an assertion rests on."""
    found: list[str] = []
    for name, part in assertion:
        if isinstance(part, Quantity):
            found += [*part.refs, *([part.minus] if part.minus else [])]
        elif name in {"ref", "value", "near", "far", "below", "above"}:
            found.append(str(part))
    return found


def settle(assertion: Assertion, evidence: Evidence) -> bool | None:
    """Tell whether an assertion is true; None where the facts cannot settle it."""
    try:
        return assertion.true_of(evidence)
    except (ToolError, ArithmeticError, LookupError, TypeError, ValueError):
        return None


def _number(evidence: Evidence, ref: str) -> float:
    value = evidence.value(ref)
    if isinstance(value, bool | str) or value is None:
        raise ToolError(f"{ref} is not a number.")
    return float(value)


def _is_percentage(quantity: Quantity, evidence: Evidence) -> bool:
    """Tell whether a fact is a percentage, shown as one, or of a feature that is measured in percent."""
    return bool(quantity.refs) and all(
        ref.endswith((".below", ".above", ".percentile"))
        or evidence.shown(ref).endswith("%")
        or (ref.rpartition(".")[2] in MEASURED and evidence.unit(owner_of(ref, evidence)) in {"%", "percent"})
        for ref in quantity.refs
    )


def _in_unit(quantity: Quantity, unit: str, evidence: Evidence) -> bool:
    """Tell whether a fact is of a feature whose name or dictionary says the unit, and no contribution."""
    names = [owner_of(ref, evidence) for ref in quantity.refs if not ref.endswith("contribution")]
    if not names or len(names) < len(quantity.refs):
        return False
    return all(
        unit == short_unit(evidence.unit(name))
        or ("year" in name.lower() if unit == "year" else name.lower().endswith(f"_{unit}"))
        for name in names
    )


def short_unit(written: str) -> str:
    """Return a unit in the short form.

    Examples
    --------
    >>> short_unit("millimetres"), short_unit("USD")
    ('mm', 'USD')
    """
    return {"mill": "mm", "gram": "g", "kilo": "kg", "year": "year"}.get(written[:4], written)


def owner_of(ref: str, evidence: Evidence) -> str:
    """Return the feature that a fact is about."""
    call, *path = ref.split(".")
    result = evidence.observation(call).result or {}
    if len(path) > 1 and path[0] == "features":
        return str(result["features"][int(path[1])]["feature"])
    return str(result.get("feature", ""))


def _is_share(quantity: Quantity, evidence: Evidence) -> bool:
    """Tell whether a fact runs from 0 to 1 and is shown as a percentage."""
    return (
        bool(quantity.refs)
        and evidence.shown(quantity.refs[0]).endswith("%")
        and not quantity.refs[0].endswith((".below", ".above", ".percentile"))
    )
