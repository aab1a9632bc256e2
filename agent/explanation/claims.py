"""Claims: typed statements over facts, each with a rule that computes whether it is true.

A claim holds only where it is true of the exact values *and* of the values as they are shown, and by more than the
tolerance to which a receipt can be recomputed on another machine. This module knows no words.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeIs

from agent.explanation.evidence import Evidence
from tools.errors import ToolError
from tools.observation import reference

__all__ = [
    "Abstention",
    "Calculation",
    "Claim",
    "Closer",
    "Comparison",
    "Contribution",
    "Deviation",
    "Direction",
    "Disagreement",
    "Label",
    "Neighbours",
    "Position",
    "Probability",
    "Share",
    "Strongest",
    "Sum",
    "Unanimous",
    "holds",
    "is_claim",
    "odds_expression",
    "ratio_expression",
    "share_expression",
]

TOLERANCE = 1e-6  # relative: the first six significant digits of a recomputed value must agree

LEAST_DIFFERENCE = 0.2  # between two means, in standard deviations: below, being closer to one of them says nothing
LEAST_DEVIATION = 0.25  # standard deviations: below, a value is at the mean for all that matters
LEAST_ROWS = 5  # below, a share of rows says nothing
LEAST_MAJORITY = 66  # percent of rows on the other side: below, a position says nothing

Certainty = Literal["almost certain", "confident", "fairly confident", "unsure", "low", "against"]
Direction = Literal["above", "below"]


class _Claim(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def true_of(self, evidence: Evidence) -> bool:
        """Compute the truth of this claim; a missing fact raises ToolError."""
        raise NotImplementedError


class Label(_Claim):
    """The row is given this label."""

    kind: Literal["label"] = "label"
    label: str

    def true_of(self, evidence: Evidence) -> bool:
        """It is the label that the contributions explain."""
        return self.label == evidence.label


class Probability(_Claim):
    """The predictor gives the final label its probability, which makes it so sure, or another label a larger one."""

    kind: Literal["probability"] = "probability"
    label: str
    certainty: Certainty

    @classmethod
    def of(cls, evidence: Evidence) -> "Probability":
        """Make the claim about the final label."""
        own, known = evidence.value(evidence.probability_ref), evidence.find("probability")[-1].result or {}
        rivals = [p for label, p in known.items() if label != evidence.label]
        if not rivals and own < 0.5:  # `narrate` knows no other label
            return cls(label=evidence.label, certainty="low")
        return cls(label=evidence.label, certainty=cls.certainty_of(own, max(rivals, default=0.0)))

    @staticmethod
    def certainty_of(probability: float, rival: float) -> Certainty:
        """Name a probability, given the largest one of another label: 0.99, 0.9 and 0.75 are the borders.

        Examples
        --------
        >>> [Probability.certainty_of(p, rival) for p, rival in [(0.93, 0.07), (0.4, 0.35), (0.4, 0.6)]]
        ['confident', 'unsure', 'against']
        """
        if rival > probability * (1 + TOLERANCE):
            return "against"
        borders: list[tuple[float, Certainty]] = [
            (0.99, "almost certain"),
            (0.9, "confident"),
            (0.75, "fairly confident"),
        ]
        return next((word for border, word in borders if probability >= border), "unsure")

    def true_of(self, evidence: Evidence) -> bool:
        """It is the final label's probability, and the word for it is the right one."""
        return self == self.of(evidence)


class Contribution(_Claim):
    """A feature moves the result: how far in the ranking, in which direction, at which value of the row."""

    kind: Literal["contribution"] = "contribution"
    ref: str
    feature: str
    rank: int
    sign: Literal[-1, 0, 1]
    value: str | float | bool | None

    @classmethod
    def at(cls, evidence: Evidence, index: int) -> "Contribution":
        """Make the claim about one entry of the contributions."""
        ref = reference(evidence.explained.id, "features", index)
        entry = evidence.value(ref)
        sign = (entry["contribution"] > 0) - (entry["contribution"] < 0)
        return cls(ref=ref, feature=entry["feature"], rank=entry["rank"], sign=sign, value=entry["value"])

    def true_of(self, evidence: Evidence) -> bool:
        """Name, rank, sign and value are those of the entry."""
        return self == self.at(evidence, int(self.ref.rsplit(".", 1)[-1]))


class Comparison(_Claim):
    """One fact is above or below another of the same feature: the row's value and a mean, or two labels' shares."""

    kind: Literal["comparison"] = "comparison"
    left: str
    relation: Direction
    right: str

    def true_of(self, evidence: Evidence) -> bool:
        """The order is that of the exact values and of the values shown."""
        (call, *left), (other, *right) = self.left.split("."), self.right.split(".")
        values = left == ["value"] and right[:1] in (["overall"], ["by_label"])
        shares = left[:1] == right[:1] == ["share_by_label"] and left != right
        if call != other or not (values or shares):
            return False
        sign = 1 if self.relation == "above" else -1
        exact = float(evidence.value(self.left)), float(evidence.value(self.right))
        shown = evidence.shown_number(self.left), evidence.shown_number(self.right)
        return sign * (exact[0] - exact[1]) > TOLERANCE * max(map(abs, exact)) and sign * (shown[0] - shown[1]) > 0


class Closer(_Claim):
    """The row's value is closer to one label's mean than to another's."""

    kind: Literal["closer"] = "closer"
    call: str
    near: str
    far: str

    @property
    def refs(self) -> tuple[str, str, str]:
        """The references of the value, the nearer mean and the farther mean."""
        means = [reference(self.call, "by_label", label, "mean") for label in (self.near, self.far)]
        return reference(self.call, "value"), means[0], means[1]

    def true_of(self, evidence: Evidence) -> bool:
        """The means lie apart, and the distances to them differ clearly, exactly and as shown."""
        spread = float(evidence.value(reference(self.call, "overall", "std")))
        exact = [float(evidence.value(ref)) for ref in self.refs]
        shown = [evidence.shown_number(ref) for ref in self.refs]
        apart = abs(exact[1] - exact[2]) > LEAST_DIFFERENCE * spread
        return apart and all(
            abs(value - near) < abs(value - far) - 0.01 * abs(near - far) for value, near, far in (exact, shown)
        )


class Position(_Claim):
    """The row's value is above or below so many percent of the training rows, or of those with one label."""

    kind: Literal["position"] = "position"
    call: str
    side: Direction
    label: str | None = None

    @property
    def ref(self) -> str:
        """The reference of the share of rows on the other side."""
        scope = () if self.label is None else ("value_by_label", self.label)
        return reference(self.call, *scope, "below" if self.side == "above" else "above")

    def true_of(self, evidence: Evidence) -> bool:
        """Most rows lie on the other side, and there are some; otherwise nobody would say it."""
        scope = ("overall",) if self.label is None else ("by_label", self.label)
        rows = evidence.value(reference(self.call, *scope, "count"))
        return float(evidence.value(self.ref)) >= LEAST_MAJORITY and int(rows) >= LEAST_ROWS


class Deviation(_Claim):
    """The row's value is so many standard deviations above or below the mean of the training rows."""

    kind: Literal["deviation"] = "deviation"
    call: str
    relation: Direction

    @property
    def ref(self) -> str:
        """The reference of the z-score."""
        return reference(self.call, "z_score")

    def true_of(self, evidence: Evidence) -> bool:
        """The z-score has that sign, and is worth a sentence."""
        sign = 1 if self.relation == "above" else -1
        return sign * evidence.shown_number(self.ref) >= LEAST_DEVIATION


class Share(_Claim):
    """So many percent of the training rows have the row's category."""

    kind: Literal["share"] = "share"
    call: str

    def true_of(self, evidence: Evidence) -> bool:
        """The share is known."""
        return evidence.has(reference(self.call, "share"))


class Neighbours(_Claim):
    """All, some, one or none of the most similar training rows have the final label."""

    kind: Literal["neighbours"] = "neighbours"
    call: str
    label: str
    extent: Literal["all", "some", "one", "none"]

    @classmethod
    def of(cls, evidence: Evidence, call: str) -> "Neighbours":
        """Make the claim about the final label."""
        count, k = evidence.value(reference(call, "labels", evidence.label)), evidence.value(reference(call, "k"))
        return cls(call=call, label=evidence.label, extent=cls._extent(count, k))

    @staticmethod
    def _extent(count: int, k: int) -> Literal["all", "some", "one", "none"]:
        if count == k:
            return "all"
        return "none" if count == 0 else "one" if count == 1 else "some"

    def true_of(self, evidence: Evidence) -> bool:
        """The counts say so, and no other row is as near as the last one counted."""
        return self == self.of(evidence, self.call) and not evidence.has(reference(self.call, "tied"))


class Calculation(_Claim):
    """A calculated value means this: a share of all contributions, a ratio to a mean, or the odds of the label."""

    kind: Literal["calculation"] = "calculation"
    call: str
    topic: Literal["share", "ratio", "odds"]
    parts: tuple[str, ...]

    def true_of(self, evidence: Evidence) -> bool:
        """The expression that was calculated is the one with this meaning."""
        expected = {"share": share_expression, "ratio": ratio_expression, "odds": odds_expression}[self.topic]
        call = evidence.observation(self.call)
        return (
            call.args.get("expression") == expected(evidence, self.parts)
            and evidence.shown_number(reference(self.call, "result")) > 0
        )


class Strongest(_Claim):
    """A feature's contribution is the largest of those for the label, or of those against it."""

    kind: Literal["strongest"] = "strongest"
    ref: str
    feature: str
    side: Literal["for", "against"]

    @classmethod
    def of(cls, evidence: Evidence, side: Literal["for", "against"]) -> "Strongest | None":
        """Make the claim about one side, if anything is on it."""
        sign = 1 if side == "for" else -1
        entries = evidence.value(reference(evidence.explained.id, "features"))
        found = [index for index, entry in enumerate(entries) if sign * entry["contribution"] > 0]
        if not found or _tied([entries[index]["contribution"] for index in found]):
            return None
        if entries[found[0]].get("rank_open"):
            return None
        ref = reference(evidence.explained.id, "features", found[0])
        return cls(ref=ref, feature=entries[found[0]]["feature"], side=side)

    def true_of(self, evidence: Evidence) -> bool:
        """It is the first of its side in the ranking, and the next one is smaller."""
        return self == self.of(evidence, self.side)


class Sum(_Claim):
    """The base and all contributions add up to the total."""

    kind: Literal["sum"] = "sum"
    call: str

    def true_of(self, evidence: Evidence) -> bool:
        """They do, to the tolerance."""
        found = evidence.value(self.call)
        parts = [found["base"], found["rest"], *(entry["contribution"] for entry in found["features"])]
        gap = abs(sum(parts) - float(found["total"]))
        return bool(gap <= TOLERANCE * max(1.0, *map(abs, parts)))


class Unanimous(_Claim):
    """None of the so many largest contributions speaks against the label."""

    kind: Literal["unanimous"] = "unanimous"
    named: int

    def true_of(self, evidence: Evidence) -> bool:
        """All their signs are positive."""
        entries = (evidence.explained.result or {})["features"][: self.named]
        return bool(entries) and len(entries) == self.named and all(entry["contribution"] > 0 for entry in entries)


class Disagreement(_Claim):
    """The language model on its own would have chosen another label than the predictor."""

    kind: Literal["disagreement"] = "disagreement"
    counted: Literal["combined", "llm", "predictor"]

    def true_of(self, evidence: Evidence) -> bool:
        """The decision says so."""
        differ = evidence.value("decision.llm") not in {None, evidence.value("decision.predictor")}
        return bool(differ) and self.counted == evidence.value("decision.counted")


class Abstention(_Claim):
    """The probability is below the limit under which the case is left to a person."""

    kind: Literal["abstention"] = "abstention"

    def true_of(self, evidence: Evidence) -> bool:
        """The decision says so, and the probability is below the limit."""
        limit = float(evidence.value("decision.abstain_below_probability"))
        return bool(evidence.value("decision.abstained")) and float(evidence.value(evidence.probability_ref)) < limit


Claim = Annotated[
    Abstention
    | Calculation
    | Closer
    | Comparison
    | Contribution
    | Deviation
    | Disagreement
    | Label
    | Neighbours
    | Position
    | Probability
    | Share
    | Strongest
    | Sum
    | Unanimous,
    Field(discriminator="kind"),
]


def is_claim(part: object) -> TypeIs[Claim]:
    """Tell a claim of the grammar from an assertion that was read from words."""
    return isinstance(part, _Claim)


def holds(claim: Claim, evidence: Evidence) -> bool:
    """Tell whether a claim is true; a claim about facts that do not exist is not."""
    try:
        return claim.true_of(evidence)
    except (ToolError, KeyError, IndexError, TypeError, ValueError):
        return False


def _tied(contributions: list[float]) -> bool:
    """Tell whether the first two of one side, in order, are the same within the tolerance."""
    first, *others = map(abs, contributions)
    return bool(others) and others[0] >= first * (1 - TOLERANCE)


def share_expression(evidence: Evidence, parts: tuple[str, ...]) -> str:
    """Return the expression for the share, in percent, of the listed contributions in all of them.

    Raises
    ------
    ToolError
        If they are estimates: their errors add up in the sum of all, and nobody knows by how much.
    """
    if any(evidence.has(f"{part}.standard_error") for part in parts):
        raise ToolError("Estimated contributions have no share that could be told.")
    named = " + ".join(f"abs({part}.contribution)" for part in parts)
    return f"100 * ({named}) / {reference(evidence.explained.id, 'absolute')}"


def ratio_expression(evidence: Evidence, parts: tuple[str, ...]) -> str:
    """Return the expression for the ratio of a row's value to one label's mean of the same feature."""
    value, mean = parts
    (call, *rest), (other, *path) = value.split("."), mean.split(".")
    known = evidence.statistics(str(evidence.value(reference(call, "feature"))))
    of_row = known is not None and known.id == call == other
    if not of_row or rest != ["value"] or path[:1] != ["by_label"] or path[-1] != "mean":
        raise ToolError(f"{value!r} and {mean!r} are not a value and a mean of one feature.")
    return f"{value} / {mean}"


def odds_expression(evidence: Evidence, parts: tuple[str, ...]) -> str:
    """Return the expression for the odds of the final label against another label."""
    final, other = parts
    if final != evidence.probability_ref or final.split(".")[0] != other.split(".")[0] or final == other:
        raise ToolError(f"{final!r} and {other!r} are not the probabilities of the final and of another label.")
    return f"{final} / {other}"
