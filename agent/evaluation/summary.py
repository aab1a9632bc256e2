"""From scored rows to figures: every metric of every method, with bootstrap intervals, and paired differences.

A metric of a text is a sum and of how many; over rows both are added up before they are divided, so that every claim
weighs the same. Intervals are percentiles of the bootstrap (Efron 1979) over rows: the same rows are drawn for all
methods, so that the difference of two methods is one of pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.evaluation.faithfulness import Score
from agent.evaluation.metrics import BETTER, METRICS
from agent.evaluation.usefulness import repetition
from tools.bundle import Bundle
from tools.errors import ToolError
from tools.metrics import metric as decision_metric
from tools.models import Floats

__all__ = ["REFERENCE", "Lines", "lost", "summarize"]

DRAWS = 500
LEVEL = (2.5, 97.5)
COVERED = 0.8  # share of rows that are answered where the least certain ones are left to a person
REFERENCE = "agent-strict"
Figure = dict[str, float | int | None]


@dataclass(frozen=True)
class Lines:
    """The lines of one method with their scores, in the order of the rows."""

    lines: Sequence[Mapping[str, Any]]
    scores: Sequence[Mapping[str, Score]]


def summarize(bundle: Bundle, methods: Mapping[str, Lines], predictor: Floats, seed: int = 0) -> dict[str, Any]:
    """Return the figures of all methods.

    Parameters
    ----------
    bundle : Bundle
    methods : mapping of str to Lines
        By the name of the entry; all of the same rows.
    predictor : ndarray, shape (rows, labels)
        The predictor's probabilities.
    seed : int
        Of the draws.

    Returns
    -------
    dict
        ``{"methods": {method: {metric: {"value", "low", "high", "n"}}}, "differences": the same against the agent}``;
        a value is None where it is not defined on these rows.
    """
    n = len(predictor)
    draws = np.random.default_rng(seed).integers(0, n, size=(DRAWS, n))
    drawn = {name: _drawn(bundle, lines, predictor, draws) for name, lines in methods.items()}
    found = {name: {m: _figure(*pair) for m, pair in values.items()} for name, values in drawn.items()}
    reference = drawn.get(REFERENCE)
    differences = {
        name: {m: _difference(values[m], reference[m]) for m in values}
        for name, values in drawn.items()
        if reference is not None and name != REFERENCE
    }
    return {"methods": found, "reference": REFERENCE, "differences": differences}


def lost(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics on which another method is better than the agent, beyond chance.

    Returns
    -------
    list of dict
        ``{"metric", "method", "value", "agent", "difference"}``, in the order of the metrics.
    """
    found = []
    for metric in METRICS:
        for method, figures in summary["differences"].items():
            gap = figures[metric]
            ends = [gap["low"], gap["high"]] if None not in (gap["low"], gap["high"]) else [0.0]
            if BETTER[metric] and all(end * BETTER[metric] > 0 for end in ends):
                values = {name: summary["methods"][name][metric]["value"] for name in (method, REFERENCE)}
                found.append(
                    {
                        "metric": metric,
                        "method": method,
                        "value": values[method],
                        "agent": values[REFERENCE],
                        "difference": gap,
                    }
                )
    return found


Drawn = tuple[Floats, int]  # the value over all rows, then over each draw; and the number of rows it is of


def _drawn(bundle: Bundle, lines: Lines, predictor: Floats, draws: NDArray[np.int64]) -> dict[str, Drawn]:
    everything = [np.arange(len(predictor)), *draws]
    times = np.array([np.bincount(rows, minlength=len(predictor)) for rows in everything])
    found = dict(_decisions(bundle, lines, predictor, everything))
    scores = _scores(lines)
    names = [name for name in METRICS if name not in found]
    for name in names:
        pairs = np.array([score.get(name, (0.0, 0.0)) for score in scores])
        sums = times @ pairs
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = sums[:, 0] / sums[:, 1], int((pairs[:, 1] > 0).sum())
    return {name: found[name] for name in METRICS}


def _scores(lines: Lines) -> list[dict[str, Score]]:
    """Return the scores of each row with what all texts together or the run itself decide."""
    repeated = repetition([line["text"] for line in lines.lines])
    found = []
    for line, score, share in zip(lines.lines, lines.scores, repeated, strict=True):
        read = line.get("reader")
        by_model = (
            {} if read is None else {"simulated_by_model": (float(max(read, key=read.get) == line["answer"]), 1.0)}
        )
        cost = {name: (float(value), 1.0) for name, value in line["cost"].items()}
        told = float(bool(str(line["text"]).strip()))
        found.append({**score, "repetition": (share, told), **by_model, **cost})
    return found


def _decisions(
    bundle: Bundle, lines: Lines, predictor: Floats, everything: Sequence[NDArray[np.int64]]
) -> dict[str, Drawn]:
    labels = bundle.schema.labels
    y = np.array([labels.index(line["truth"]) for line in lines.lines])
    p = np.array([[line["probabilities"][label] for label in labels] for line in lines.lines])
    answers = np.array([labels.index(line["answer"]) for line in lines.lines])
    right, agreed = answers == y, answers == predictor.argmax(axis=1)
    plain = {"accuracy": right, "agreement": agreed}
    found = {name: (np.array([hits[rows].mean() for rows in everything]), len(y)) for name, hits in plain.items()}
    for name, metric in (("auc", "roc_auc"), ("log_loss", "log_loss"), ("brier", "brier"), ("ece", "ece")):
        drawn = [_defined(metric, p[rows], answers[rows], y[rows], labels) for rows in everything]
        found[name] = np.array(drawn), len(y)
    found["selective_accuracy"] = np.array([_selective(p[rows], right[rows]) for rows in everything]), len(y)
    return found


def _defined(name: str, p: Floats, answers: NDArray[np.int64], y: NDArray[np.int64], labels: Sequence[str]) -> float:
    try:
        return decision_metric(name, p, answers, y, labels)
    except ToolError:
        return float("nan")


def _selective(p: Floats, right: NDArray[np.bool_]) -> float:
    """Return the accuracy on the 80% of rows with the highest probability (Geifman and El-Yaniv 2017).

    Examples
    --------
    >>> _selective(np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4], [0.5, 0.5]]), np.arange(5) < 4)
    1.0
    """
    kept = np.argsort(-p.max(axis=1), kind="stable")[: max(1, round(COVERED * len(p)))]
    return float(right[kept].mean())


def _figure(values: Floats, n: int) -> Figure:
    """Return a value with its interval; None for what is not defined."""
    rest = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(rest, LEVEL) if len(rest) else (np.nan, np.nan)
    return {"value": _number(values[0]), "low": _number(low), "high": _number(high), "n": n}


def _difference(one: Drawn, other: Drawn) -> Figure:
    return _figure(one[0] - other[0], min(one[1], other[1]))


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
