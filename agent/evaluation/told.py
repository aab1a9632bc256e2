"""A text read back: which features it gives as reasons, with what rank, direction and value, and what else it says.

Knows nothing about who wrote the text: everything is read from plain words by the project's one claim parser.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.evaluation.plain import sentences_of
from agent.explanation.evidence import Evidence
from agent.explanation.parsing import Claims, Reading, Said, claims_in
from agent.explanation.parsing.assertions import Assertion

__all__ = ["Named", "Sentence", "Told"]


@dataclass(frozen=True)
class Named:
    """A feature that a text gives as a reason.

    Attributes
    ----------
    feature : str
    rank : int
        How important the text says it is, from 0: as it says, else its place among the features named.
    sign : int or None
        Towards the answer (+1) or away from it (-1); None where the text does not say.
    value : bool or None
        Whether the value that it gives is the row's, at the precision shown; None where it gives none.
    """

    feature: str
    rank: int
    sign: int | None = None
    value: bool | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence, without its marks; the ids of the observations that it cites; what it says."""

    text: str
    marks: tuple[str, ...]
    claims: Claims

    @property
    def reading(self) -> Reading:
        """What it asserts, where it is understood as a whole."""
        return self.claims.reading


class Told:
    """What a text says of one row.

    Parameters
    ----------
    text : str
        Plain text, with or without citation marks.
    evidence : Evidence
        What is known of the row; `known.known_of` makes it.

    Examples
    --------
    >>> from tools.observation import Observation
    >>> entry = {"feature": "age", "value": 61, "contribution": 0.4, "rank": 0}
    >>> explained = {"towards": "ill", "absolute": 0.4, "features": [entry]}
    >>> seen = [Observation(id="t1", tool="probability", result={"ill": 0.8, "well": 0.2})]
    >>> seen.append(Observation(id="t2", tool="explain", result=explained))
    >>> Told("1. The largest contribution comes from age: its value of 61 speaks for ill [t2].", Evidence(seen)).named
    [Named(feature='age', rank=0, sign=1, value=True)]
    """

    def __init__(self, text: str, evidence: Evidence) -> None:
        self.text, self.evidence = text, evidence

    @cached_property
    def sentences(self) -> list[Sentence]:
        """Its sentences, each read."""
        return [Sentence(plain, marks, claims_in(plain, self.evidence)) for plain, marks in sentences_of(self.text)]

    @cached_property
    def named(self) -> list[Named]:
        """The features given as reasons, the most important first."""
        order: dict[str, None] = {}
        ranks: dict[str, int] = {}
        signs: dict[str, int] = {}
        values: dict[str, bool] = {}
        for sentence in self.sentences:
            claims = sentence.claims
            order |= dict.fromkeys(claims.features)
            ranks = {**claims.ranks, **ranks}  # what is said first stands
            signs = {**claims.signs, **signs}
            for feature, right in claims.values.items():
                values[feature] = values.get(feature, True) and right
        places = _places(list(order), ranks)
        found = [Named(f, places[f], signs.get(f), values.get(f)) for f in order]
        return sorted(found, key=lambda named: named.rank)

    @cached_property
    def base(self) -> int:
        """What it says the base speaks for: the answer (+1), against it (-1), or nothing (0)."""
        said = (one.what for sentence in self.sentences for one in sentence.claims.said if one.kind == "base")
        return next(said, 0)

    @cached_property
    def false(self) -> list[Assertion]:
        """What is not true in the sentences that are understood as a whole."""
        return [
            made for sentence in self.sentences if sentence.reading.verdict is False for made in sentence.reading.false
        ]

    @property
    def contradicts(self) -> bool:
        """Whether it says that the answer is another label than the one it explains, or denies that one."""
        return any((one.of == "not") == (one.what == self.evidence.label) for one in self._answers)

    @cached_property
    def _answers(self) -> list[Said]:
        return [one for sentence in self.sentences for one in sentence.claims.said if one.kind == "label"]


def _places(order: Sequence[str], ranks: dict[str, int]) -> dict[str, int]:
    """Return each feature's rank: as said, else the first free place in the order of mention."""
    taken = set(ranks.values())
    free = iter(place for place in range(2 * len(order) + len(taken)) if place not in taken)
    return {feature: ranks[feature] if feature in ranks else next(free) for feature in order}
