"""The decision's arithmetic: how the predictor's probabilities and the language model's own become one label."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from agent.explanation.result import Decision
from tools.kinds import natural_key

__all__ = ["Decide", "combine", "decide", "final_probabilities", "learn_weight"]

Decide = Literal["combined", "llm", "predictor"]
_FLOOR = 1e-12
LEAST_GAIN = 1e-3  # nats per row: less is noise of the grid
_WEIGHTS = np.linspace(0.0, 1.0, 41)
_SHARPNESS = np.geomspace(0.25, 4.0, 41)
LEAST_ROWS = 8


def combine(predictor: Mapping[str, float], llm: Mapping[str, float] | None, weight: float) -> dict[str, float]:
    """Add the language model's log-probabilities, weighted, to the predictor's.

    For two labels this is: calibrated log-odds of the predictor plus weight times the model's own log-odds.

    Examples
    --------
    >>> combine({"a": 0.5, "b": 0.5}, {"a": 0.8, "b": 0.2}, 1.0)
    {'a': 0.8, 'b': 0.2}
    >>> combine({"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.8}, 0.0)
    {'a': 0.9, 'b': 0.1}
    """
    if llm is None or weight == 0:
        return dict(predictor)
    scores = {
        label: math.log(max(p, _FLOOR)) + weight * math.log(max(llm[label], _FLOOR)) for label, p in predictor.items()
    }
    peak = max(scores.values())
    total = sum(math.exp(score - peak) for score in scores.values())
    return {label: round(math.exp(score - peak) / total, 12) for label, score in scores.items()}


def likeliest(probabilities: Mapping[str, float]) -> str:
    """Return the label with the largest probability; of equals the first in the order of a bundle's labels."""
    return min(probabilities, key=lambda label: (-probabilities[label], natural_key(label)))


def decide(
    predictor: Mapping[str, float],
    llm: Mapping[str, float] | None,
    weight: float,
    mode: Decide = "combined",
    abstain_below: float | None = None,
) -> tuple[str, Decision]:
    """Choose the final label and record who said what.

    Parameters
    ----------
    predictor : mapping of str to float
        Calibrated probabilities.
    llm : mapping of str to float, optional
        The language model's own.
    weight : float
        Learned on validation rows.
    mode : {"combined", "llm", "predictor"}
        Whose answer counts. Without a language model, or with weight 0, "combined" is the predictor's.
    abstain_below : float, optional
        The predictor's probability of the final label under which the case is left to a person.

    Examples
    --------
    >>> label, decision = decide({"a": 0.6, "b": 0.4}, {"a": 0.1, "b": 0.9}, 0.0)
    >>> label, decision.agreed, decision.counted
    ('a', False, 'predictor')
    """
    first = likeliest(predictor)
    own = likeliest(llm) if llm is not None else None
    counted: Decide = mode if llm is not None and (mode != "combined" or weight > 0) else "predictor"
    combined = likeliest(combine(predictor, llm, weight))
    label = {"combined": combined, "llm": own or first, "predictor": first}[counted]
    decision = Decision(
        predictor=first,
        llm=own,
        llm_probability=llm[own] if llm is not None and own is not None else None,
        llm_probabilities=dict(llm) if llm is not None else None,
        weight=weight if counted == "combined" else 0.0,
        agreed=own in {None, first},
        counted=counted,
        abstained=abstain_below is not None and predictor[label] < abstain_below,
        abstain_below_probability=abstain_below,
    )
    return label, decision


def final_probabilities(predictor: Mapping[str, float], decision: Decision) -> dict[str, float]:
    """Return the probabilities that the final label was chosen by.

    Examples
    --------
    >>> final_probabilities({"a": 0.6, "b": 0.4}, Decision(predictor="a"))
    {'a': 0.6, 'b': 0.4}
    """
    own = decision.llm_probabilities
    if decision.counted == "llm" and own is not None:
        return dict(own)
    return combine(predictor, own, decision.weight)


def learn_weight(
    predictor: npt.NDArray[np.float64], llm: npt.NDArray[np.float64], truth: Sequence[int]
) -> tuple[float, float]:
    """Learn how much the language model's log-probabilities count, from validation rows.

    The weight from 0 to 1 with the least log loss, if it beats the predictor alone - sharpened or softened as suits it
    best - by more than one standard error of the rows' differences, both chosen leave-one-out, and fits all rows better
    than that; otherwise 0. A model that only repeats the predictor makes it sharper and no wiser, and must not count.

    Parameters
    ----------
    predictor, llm : ndarray, shape (n, k)
        Probabilities of each label.
    truth : sequence of int, length n
        The index of the true label.

    Returns
    -------
    weight : float
    gain : float
        The leave-one-out improvement in log loss per row, in nats.

    Examples
    --------
    >>> sure = np.array([[0.6, 0.4], [0.4, 0.6]] * 20)
    >>> learn_weight(sure, sure, [0, 1] * 20)[0]
    0.0
    """
    n = len(truth)
    if n < LEAST_ROWS:
        return 0.0, 0.0
    base, own = np.log(np.maximum(predictor, _FLOOR)), np.log(np.maximum(llm, _FLOOR))
    alone = _losses(_SHARPNESS[:, None, None] * base, truth)
    both = _losses(base + _WEIGHTS[:, None, None] * own, truth)
    gains = _left_out(alone) - _left_out(both)
    gain, error = float(gains.mean()), float(gains.std(ddof=1) / math.sqrt(n))
    fit = float(alone.sum(axis=1).min() - both.sum(axis=1).min()) / n  # at most 0 where `llm` is the predictor again
    counts = gain > max(error, LEAST_GAIN) and fit > LEAST_GAIN
    return (float(_WEIGHTS[both.sum(axis=1).argmin()]) if counts else 0.0), gain


def _losses(scores: npt.NDArray[np.float64], truth: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the log loss of each setting on each row, shape (settings, n), from scores (settings, n, k)."""
    shifted = scores - scores.max(axis=2, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=2)) - shifted[:, np.arange(len(truth)), np.asarray(truth)])


def _left_out(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return each row's loss under the setting that is best on all other rows, shape (n,)."""
    best = (losses.sum(axis=1, keepdims=True) - losses).argmin(axis=0)
    return np.asarray(losses[best, np.arange(losses.shape[1])])
