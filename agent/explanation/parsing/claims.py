"""What a sentence claims, as far as it is understood: each feature's value, rank, direction and place, and the answer.

`read` decides whether a sentence is true, and refuses what it does not understand as a whole. Here the question is what
a reader takes from a sentence, be it true or not: words that nobody knows are passed over, and what is left is put
together by nearness. Same words, same phrases; only measured (`benchmarks.claims`), never trusted.
"""

from dataclasses import dataclass
from functools import cached_property

from agent.explanation.evidence import Evidence
from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.gist import gist
from agent.explanation.parsing.grammar import phrases
from agent.explanation.parsing.lexer import tokens
from agent.explanation.parsing.parser import Reading, read
from agent.explanation.parsing.said import STATISTICS, Said, said_by
from tools.errors import ToolError

__all__ = ["Claims", "Said", "claims_in"]


@dataclass(frozen=True)
class Claims:
    """What one sentence claims.

    Attributes
    ----------
    reading : Reading
        What it asserts and whether that is true, where it is understood as a whole.
    said : list of Said
    facts : Facts
        What it can be about.
    """

    reading: Reading
    said: list[Said]
    facts: Facts

    @cached_property
    def features(self) -> list[str]:
        """The features that it speaks of, in order."""
        return list(dict.fromkeys(one.feature for one in self.said if one.feature))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of each feature among all, from 0."""
        return {one.feature: one.what for one in self.said if one.kind == "rank" and not one.of}

    @cached_property
    def signs(self) -> dict[str, int]:
        """The direction of each feature, towards the answer."""
        return {one.feature: one.what for one in self.said if one.kind == "direction"}

    @cached_property
    def values(self) -> dict[str, bool]:
        """Whether the value that it gives of each feature is the row's."""
        return {one.feature: self._right(one) for one in self.said if one.kind == "value"}

    @property
    def of_answer(self) -> bool:
        """Whether it says the answer, or how probable it is."""
        return any(one.kind in {"label", "probability"} for one in self.said)

    @cached_property
    def misplaced(self) -> list[Said]:
        """What it says is above, below or nearer to something, and is not."""
        return [one for one in self.said if one.kind in {"order", "nearer"} and self._lies(one) is False]

    @cached_property
    def wrong(self) -> list[Said]:
        """What it says of features that is not so: values, ranks, directions, amounts, and where values lie."""
        return [*self.misplaced, *(one for one in self.said if self._so(one) is False)]

    def _so(self, one: Said) -> bool | None:
        """Tell whether a value or a contribution is as it is said to be; None for anything else."""
        if one.kind == "value":
            return self._right(one)
        if one.kind not in {"rank", "direction", "amount"} or one.feature not in self.facts.entries:
            return None
        ref = self.facts.contribution(one.feature)
        amount = float(self.facts.evidence.value(ref))
        if one.kind == "rank":
            return self.facts.ranking(one.of or "any")[one.what : one.what + 1] == [ref]
        if one.kind == "direction":
            return bool(amount * one.what > 0)
        number: Number = one.what
        return number.model_copy(update={"value": abs(number.value)}).fits(abs(amount))

    @cached_property
    def refs(self) -> list[str]:
        """The facts that it is about, as far as there are such facts."""
        found = []
        for one in self.said:
            try:
                found += self._facts_of(one)
            except ToolError:
                continue
        return list(dict.fromkeys(found))

    def _facts_of(self, one: Said) -> list[str]:
        if one.kind == "value":
            return [] if one.what == "missing" else [self.facts.value(one.feature)]
        if one.kind in {"direction", "rank", "amount"}:
            return [self.facts.contribution(one.feature)]
        if one.kind == "order" and one.of in STATISTICS:
            return [self.facts.statistic(one.feature, one.of, one.group or None)]
        return []

    def _right(self, one: Said) -> bool:
        value = self.facts.evidence.value(self.facts.value(one.feature))
        if value is None or isinstance(value, bool | str) or not isinstance(one.what, Number):
            return str(value) == str(one.what) or (value is None and one.what == "missing")
        return one.what.fits(float(value))

    def _lies(self, one: Said) -> bool | None:
        """Tell whether a value lies where it is said to; None where that is not known."""
        try:
            value = float(self.facts.evidence.value(self.facts.value(one.feature)))
            if one.kind == "nearer":
                means = (self.facts.statistic(one.feature, "mean", label) for label in (one.group, one.of))
                near, far = (abs(float(self.facts.evidence.value(ref)) - value) for ref in means)
                return near <= far
            if one.of not in STATISTICS or one.what == "equal":
                return None
            other = float(self.facts.evidence.value(self.facts.statistic(one.feature, one.of, one.group or None)))
        except (ToolError, KeyError, TypeError, ValueError):
            return None
        return value > other if one.what == "above" else value < other


def claims_in(sentence: str, evidence: Evidence) -> Claims:
    """Return what a sentence claims.

    Parameters
    ----------
    sentence : str
        Plain text; citation marks are passed over.
    evidence : Evidence
        What features, labels and categories there are; never what is true of them.

    Examples
    --------
    >>> from tools.observation import Observation
    >>> explained = {"towards": "ill", "absolute": 0.4, "features": [{"feature": "age", "value": 61, "contribution": 0.4}]}
    >>> seen = [Observation(id="t1", tool="probability", result={"ill": 0.8, "well": 0.2})]
    >>> seen.append(Observation(id="t2", tool="explain", result=explained))
    >>> found = claims_in("Honestly, age is the main driver towards ill.", Evidence(seen))
    >>> found.ranks, found.signs
    ({'age': 0}, {'age': 1})
    """
    facts, reading = Facts(evidence), read(sentence, evidence)
    if reading.verdict is not None:
        found = said_by(reading.assertions, facts)
    else:
        found = gist(phrases(tokens(sentence, facts)).tokens, facts)
    return Claims(reading, list(dict.fromkeys(found)), facts)
