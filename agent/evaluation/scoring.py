"""Score one text: every measure of it as a sum and of how many, so that rows can be pooled and drawn again."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.evaluation import citing, failures, faithfulness, usefulness
from agent.evaluation.faithfulness import Score, Truth
from agent.evaluation.known import known_of
from agent.evaluation.told import Told
from agent.explanation.evidence import Evidence
from tools.bundle import Bundle
from tools.observation import Observation
from tools.schema import Row

__all__ = ["DEPTHS", "Scored", "score"]

DEPTHS = (4, 8)


@dataclass(frozen=True)
class Scored:
    """What is measured of one text.

    Attributes
    ----------
    scores : dict of str to (float, float)
        By metric: a sum, and of how many.
    notes : dict of str to list of str
        What was wrong, for people: invented numbers, false statements, features named.
    """

    scores: dict[str, Score]
    notes: dict[str, list[str]]


def score(bundle: Bundle, row: Row, record: Mapping[str, Any]) -> Scored:
    """Score the text of one row.

    Parameters
    ----------
    bundle : Bundle
    row : Row
        As the schema checks it.
    record : mapping
        A line of ``rows.jsonl``: ``answer``, ``text``, ``question``, ``observations`` and ``decision``.
    """
    return _Scoring(bundle, row, record).all()


class _Scoring:
    """The measures of one text, each computed once."""

    def __init__(self, bundle: Bundle, row: Row, record: Mapping[str, Any]) -> None:
        self._bundle, self._row, self._record = bundle, row, record
        self._text, self._labels = str(record["text"]), bundle.schema.labels
        self._answer = str(record["answer"])
        self._seen = [Observation(**call) for call in record.get("observations") or []]

    @cached_property
    def _known(self) -> Evidence:
        known = known_of(self._bundle, self._row, self._answer, self._text, self._seen)
        return Evidence(known.observations, self._record.get("decision"), known.called)

    @cached_property
    def _told(self) -> Told:
        return Told(self._text, self._known)

    @cached_property
    def _truth(self) -> Truth:
        return Truth.of(self._known)

    def all(self) -> Scored:
        """Return every measure."""
        invented = failures.invented_numbers(self._told, self._known)
        false = failures.false_comparisons(self._told)
        faithful = self._faithfulness()
        whole = all(
            faithful[f"{part}_accuracy_strict_k4"][0] == faithful[f"{part}_accuracy_strict_k4"][1]
            for part in faithfulness.PARTS
        )
        scores = {
            **faithful,
            "value_coverage": faithfulness.value_coverage(self._told.named, self._truth),
            "fully_faithful": _one(whole and not invented and not false and not self._told.false),
            **self._cited(),
            "label_only": _one(failures.label_only(self._text, self._labels)),
            "echo": _one(failures.echo(self._text, str(self._record.get("question", ""))) >= failures.ECHO),
            "invented_numbers": _one(bool(invented)),
            "false_comparisons": _one(bool(false)),
            "contradiction": _one(self._told.contradicts),
            **self._useful(),
        }
        named = [f"{one.rank + 1}. {one.feature} ({_SIGNS[one.sign]}{_VALUES[one.value]})" for one in self._told.named]
        return Scored(scores, {"invented": invented, "false": false, "named": named})

    def _faithfulness(self) -> dict[str, Score]:
        found: dict[str, Score] = {}
        for k in DEPTHS:
            for form, measure in (("published", faithfulness.published), ("strict", faithfulness.strict)):
                parts = measure(self._told.named, self._truth, k)
                found |= {f"{part}_accuracy_{form}_k{k}": parts[part] for part in faithfulness.PARTS}
        return found

    def _cited(self) -> dict[str, Score]:
        recall, precision = citing.citations(self._told, self._seen, self._record.get("decision"))
        return {"citation_recall": recall, "citation_precision": precision}

    def _useful(self) -> dict[str, Score]:
        told, truth = self._told, self._truth
        expected = usefulness.predicted_label(told.named, self._answer, self._labels, told.base)
        foreseen = 1 / len(self._labels) if expected is None else float(expected == self._answer)
        hits, of = usefulness.predicted_effects(told.named, self._effects)
        readability = usefulness.readability(told)
        return {
            "completeness": (usefulness.completeness(told.named, truth), 1.0),
            "conciseness": (usefulness.conciseness(told.named, truth, self._text), 1.0),
            "readability": (0.0, 0.0) if readability is None else (readability, 1.0),
            "simulatability": ((foreseen + (hits / of if of else 1.0)) / 2, 1.0),
            "simulated_label": (foreseen, 1.0),
            "simulated_change": (hits, of),
            "simulated_change_by_model": self._foreseen_by_model(),
            **{name: (value, 1.0) for name, value in usefulness.style(told).items()},
        }

    def _foreseen_by_model(self) -> Score:
        """Return whether the model as a reader foresaw the effect of a change of the strongest feature."""
        change = self._record.get("change")
        effect = self._effects.get(change["feature"], 0.0) if change else 0.0
        return _one((change["less"] > 0.5) == (effect < 0)) if change and effect else (0.0, 0.0)

    @cached_property
    def _effects(self) -> dict[str, float]:
        """Return how the answer's probability changes when each of the strongest features takes its usual value."""
        schema, at = self._bundle.schema, self._labels.index(self._answer)
        strongest = self._truth.order[: DEPTHS[0]]
        rows = [self._row, *({**self._row, feature: usual(self._bundle, feature)} for feature in strongest)]
        first, *changed = self._bundle.predictor.probabilities(schema.encode(rows))[:, at]
        return {f: float(p - first) for f, p in zip(strongest, changed, strict=True) if abs(p - first) > 1e-9}


def usual(bundle: Bundle, feature: str) -> Any:
    """Return the median of a feature's training values, or its commonest category."""
    overall = bundle.statistics.feature_stats(feature)["overall"]
    if "median" in overall:
        return overall["median"]
    shares: dict[str, float] = overall["shares"]
    return max(shares, key=lambda category: shares[category])


_SIGNS = {1: "for", -1: "against", None: "no direction"}
_VALUES = {True: ", value right", False: ", value wrong", None: ""}


def _one(true: bool) -> Score:
    return float(true), 1.0
