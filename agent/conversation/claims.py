"""Claims of answers: typed statements over the facts of calls, each with a rule that computes whether it is true.

As those of explanations (`agent/explanation/claims.py`), a claim holds only where it is true of the exact values and of
the values as they are shown. Whatever wording depends on the data, a claim of its sentence says on what.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from agent.conversation.evidence import AnswerEvidence
from agent.explanation.claims import TOLERANCE, Deviation
from tools.errors import ToolError

__all__ = [
    "AnswerClaim",
    "Asked",
    "Contrast",
    "Entry",
    "Extent",
    "Fact",
    "Failed",
    "Flip",
    "Nothing",
    "Order",
    "Relation",
    "Rows",
    "Within",
    "holds",
]

Scalar = str | int | float | bool | None
Relation = Literal["above", "below", "equal"]


class _Claim(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """Compute the truth of this claim; a missing fact raises ToolError."""
        raise NotImplementedError


class Asked(_Claim):
    """A tool was called with these arguments."""

    kind: Literal["asked"] = "asked"
    call: str
    tool: str
    args: dict[str, Any]

    @classmethod
    def of(cls, evidence: AnswerEvidence, call: str) -> Self:
        """Make the claim about one call."""
        seen = evidence.observation(call)
        return cls(call=call, tool=seen.tool, args=seen.args)

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """It was."""
        return self == self.of(evidence, self.call)


class Fact(_Claim):
    """A fact has this value."""

    kind: Literal["fact"] = "fact"
    ref: str
    value: Scalar

    @classmethod
    def of(cls, evidence: AnswerEvidence, ref: str) -> Self:
        """Make the claim about one fact."""
        return cls(ref=ref, value=evidence.value(ref))

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """It has."""
        found = evidence.value(self.ref)
        return type(found) is type(self.value) and bool(found == self.value)


class Rows(_Claim):
    """The sentence is about the rows with these conditions, after these changes."""

    kind: Literal["rows"] = "rows"
    call: str
    where: Any = None
    changes: Any = None

    @classmethod
    def of(cls, evidence: AnswerEvidence, call: str) -> Self:
        """Make the claim about the rows of one call."""
        seen = evidence.observation(call)
        where = (seen.resolved or seen.args).get("where")
        return cls(call=call, where=where or None, changes=seen.args.get("changes") or None)

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """The call looked at them."""
        return self == self.of(evidence, self.call)


class Order(_Claim):
    """These facts are listed with the largest first."""

    kind: Literal["order"] = "order"
    refs: tuple[str, ...]

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """None is larger than the one before it."""
        values = [float(evidence.value(ref)) for ref in self.refs]
        return all(left >= right for left, right in pairwise(values))


class Extent(_Claim):
    """All or none of the rows: a share of one or nothing, a count as large as another or 0."""

    kind: Literal["extent"] = "extent"
    part: str
    whole: str | None = None
    extent: Literal["all", "none"]

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """The part is the whole, or nothing."""
        whole = 1 if self.whole is None else evidence.value(self.whole)
        return bool(evidence.value(self.part) == (whole if self.extent == "all" else 0))


class Nothing(_Claim):
    """A list of findings is empty."""

    kind: Literal["nothing"] = "nothing"
    ref: str

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """It is a list without entries."""
        return bool(evidence.value(self.ref) == [])


class Contrast(_Claim):
    """One fact is above, below or equal to another, as both are shown."""

    kind: Literal["contrast"] = "contrast"
    left: str
    relation: Relation
    right: str

    @classmethod
    def of(cls, evidence: AnswerEvidence, left: str, right: str) -> Self | None:
        """Make the claim about two numbers; None where they look different and may be the same."""
        if evidence.shown(left) == evidence.shown(right):
            return cls(left=left, relation="equal", right=right)
        claims = (cls(left=left, relation=relation, right=right) for relation in ("above", "below"))
        return next((claim for claim in claims if holds(claim, evidence)), None)

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """It is so of the values as shown, and a difference is one of the exact values too."""
        if self.relation == "equal":
            return evidence.shown(self.left) == evidence.shown(self.right)
        sign = 1 if self.relation == "above" else -1
        exact = float(evidence.value(self.left)), float(evidence.value(self.right))
        shown = evidence.shown_number(self.left), evidence.shown_number(self.right)
        return sign * (exact[0] - exact[1]) > TOLERANCE * max(map(abs, exact)) and sign * (shown[0] - shown[1]) > 0


class Entry(_Claim):
    """A feature moves a prediction, or the mean over rows: how far in the ranking, in which direction."""

    kind: Literal["contribution"] = "contribution"
    ref: str
    feature: str
    rank: int
    sign: Literal[-1, 0, 1]
    value: Scalar = None

    @classmethod
    def of(cls, evidence: AnswerEvidence, ref: str) -> Self:
        """Make the claim about one entry of the contributions."""
        entry = evidence.value(ref)
        sign: Literal[-1, 0, 1] = 1 if entry["contribution"] > 0 else -1 if entry["contribution"] < 0 else 0
        return cls(ref=ref, feature=entry["feature"], rank=entry["rank"], sign=sign, value=entry.get("value"))

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """Name, rank, sign and value are those of the entry."""
        return self == self.of(evidence, self.ref)


class Flip(_Claim):
    """These changes of one row lead to the label that was looked for, and each of them changes something."""

    kind: Literal["flip"] = "flip"
    call: str
    option: int
    label: str

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """The label is the target, or else another one than before, and no value stays what it is shown as."""
        found = evidence.value(self.call)
        option, ref = found["options"][self.option], f"{self.call}.options.{self.option}.changes"
        changed = (
            evidence.shown(f"{ref}.{at}.from") != evidence.shown(f"{ref}.{at}.to")
            for at in range(len(option["changes"]))
        )
        asked = evidence.observation(self.call).args.get("target")
        reached = self.label == option["label"] != found["label"] and asked in {None, self.label}
        return bool(reached and option["changes"] and all(changed))


class Failed(_Claim):
    """The call could not be carried out."""

    kind: Literal["failed"] = "failed"
    call: str

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """It has an error and no result."""
        return evidence.observation(self.call).error is not None


class Within(_Claim):
    """A number lies inside of an interval, or outside of it, exactly and as it is shown; shares are percentages."""

    kind: Literal["within"] = "within"
    ref: str
    low: float | None
    high: float | None
    low_in: bool
    high_in: bool
    inside: bool

    @classmethod
    def of(
        cls, evidence: AnswerEvidence, ref: str, low: float | None, high: float | None, low_in: bool, high_in: bool
    ) -> Self:
        """Make the claim about one number."""
        claim = cls(ref=ref, low=low, high=high, low_in=low_in, high_in=high_in, inside=True)
        return claim if claim.true_of(evidence) else claim.model_copy(update={"inside": False})

    def true_of(self, evidence: AnswerEvidence) -> bool:
        """It does."""
        shown = evidence.shown_number(self.ref)
        exact = float(evidence.value(self.ref)) * (100 if evidence.shown(self.ref).endswith("%") else 1)
        return self._has(shown) == self._has(exact) == self.inside

    def _has(self, value: float) -> bool:
        above = self.low is None or value > self.low or (self.low_in and value == self.low)
        return above and (self.high is None or value < self.high or (self.high_in and value == self.high))


AnswerClaim = Annotated[
    Asked | Contrast | Deviation | Entry | Extent | Fact | Failed | Flip | Nothing | Order | Rows | Within,
    Field(discriminator="kind"),
]


def holds(claim: AnswerClaim, evidence: AnswerEvidence) -> bool:
    """Tell whether a claim is true; a claim about facts that do not exist is not."""
    try:
        return claim.true_of(evidence)
    except (ToolError, KeyError, IndexError, TypeError, ValueError, ArithmeticError, AttributeError):
        return False
