"""Faithfulness: whether the reasons named are the largest contributions, with their ranks, directions and values.

Two forms of each measure, for the first K features that a text names.

The published form is that of SHAPnarrative-metrics (Ichmoukhamedov, Hinns and Martens, *How good is my story?*, arXiv
2412.10220): the share of right ranks, signs and values among the first K features named, pooled over all rows; what
a text leaves out, and features that do not exist, do not count. A text that says nothing has nothing wrong.

The strict form asks for all of it: of the min(K, contributing) features with the largest contributions, how many does
the text name with the right rank, sign and value? A missing one is an error. So is one too many: where the first K
named are more than that, their number is the denominator.

Ties: contributions that agree to six significant digits of the row's total have each other's ranks. A contribution of
nothing has no sign, and a sign given to it is wrong. Values are right at the precision shown: 17.9 for 17.94.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.evaluation.told import Named
from agent.explanation.evidence import Evidence

__all__ = ["PARTS", "Truth", "published", "strict", "value_coverage"]

PARTS = ("rank", "sign", "value")
TIE = 1e-6
Score = tuple[float, float]


@dataclass(frozen=True)
class Truth:
    """The contributions of one row, the largest first.

    Attributes
    ----------
    order : tuple of str
        Features that contribute.
    amounts : mapping of str to float
        Contribution of each feature, towards the answer.
    """

    order: tuple[str, ...]
    amounts: Mapping[str, float]

    @classmethod
    def of(cls, evidence: Evidence) -> "Truth":
        """Return the truth that an explanation is held against; all features have to be listed."""
        result = evidence.explained.result or {}
        noise = 1e-9 * float(result["absolute"])
        amounts = {e["feature"]: float(e["contribution"]) for e in result["features"]}
        return cls(tuple(name for name, amount in amounts.items() if abs(amount) > noise), amounts)

    def has_rank(self, feature: str, rank: int) -> bool:
        """Tell whether a feature's contribution has this rank, or is as large as the one that has."""
        if not 0 <= rank < len(self.order) or feature not in self.order:
            return False
        total = sum(map(abs, self.amounts.values()))
        return abs(abs(self.amounts[feature]) - abs(self.amounts[self.order[rank]])) <= TIE * total

    def has_sign(self, feature: str, sign: int) -> bool:
        """Tell whether a feature moves the answer that way."""
        return feature in self.order and self.amounts[feature] * sign > 0


def published(named: Sequence[Named], truth: Truth, k: int) -> dict[str, Score]:
    """Return how many of the first k features named are right, and how many say something: rank, sign and value.

    Examples
    --------
    >>> truth = Truth(("age", "dose"), {"age": 1.0, "dose": -0.5})
    >>> published([Named("age", 0, 1, True), Named("dose", 1, 1)], truth, 4)
    {'rank': (2.0, 2.0), 'sign': (1.0, 2.0), 'value': (1.0, 1.0)}
    """
    found = dict.fromkeys(PARTS, (0.0, 0.0))
    for one in named[:k]:
        if one.feature in truth.amounts:
            for part, right in _right(one, truth).items():
                if right is not None:
                    found[part] = (found[part][0] + right, found[part][1] + 1)
    return found


def strict(named: Sequence[Named], truth: Truth, k: int) -> dict[str, Score]:
    """Return how many of the k largest contributions are told right, and of how many: rank, sign and value.

    Examples
    --------
    >>> truth = Truth(("age", "dose"), {"age": 1.0, "dose": -0.5})
    >>> strict([Named("age", 0, 1, True), Named("dose", 1, 1)], truth, 4)
    {'rank': (2.0, 2.0), 'sign': (1.0, 2.0), 'value': (1.0, 2.0)}
    >>> strict([], truth, 4)["rank"], strict([Named("age", 0), Named("dose", 1), Named("sex", 2)], truth, 4)["rank"]
    ((0.0, 2.0), (2.0, 3.0))
    """
    first, due = list(named[:k]), min(k, len(truth.order))
    counted = [one for one in first if one.feature in truth.order and _among(one.feature, truth, due)]
    of = float(max(due, len(first)))
    return {part: (float(sum(_right(one, truth)[part] is True for one in counted)), of) for part in PARTS}


def value_coverage(named: Sequence[Named], truth: Truth, k: int = 4) -> Score:
    """Return how many of the k largest contributions are told with a value, right or wrong, and of how many.

    Examples
    --------
    >>> value_coverage([Named("age", 0, value=False)], Truth(("age", "dose"), {"age": 1.0, "dose": -0.5}))
    (1.0, 2.0)
    """
    due = truth.order[:k]
    return float(sum(one.feature in due and one.value is not None for one in named)), float(len(due))


def _right(one: Named, truth: Truth) -> dict[str, bool | None]:
    return {
        "rank": truth.has_rank(one.feature, one.rank),
        "sign": None if one.sign is None else truth.has_sign(one.feature, one.sign),
        "value": one.value,
    }


def _among(feature: str, truth: Truth, due: int) -> bool:
    """Tell whether a contribution is one of the largest, or as large as the last of them."""
    return feature in truth.order[:due] or truth.has_rank(feature, due - 1)
