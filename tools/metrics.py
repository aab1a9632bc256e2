"""How good predictions are: the metrics, from true labels, predicted ones and probabilities.

Knows nothing about rows; a metric that is not defined is a ToolError that says why.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import multilabel_confusion_matrix, roc_auc_score

from tools.errors import ToolError
from tools.models import Floats

__all__ = ["METRICS", "RATES", "brier", "calibration_error", "log_loss", "metric", "roc_auc"]

Codes = NDArray[np.int64]


def log_loss(probabilities: Floats, y: Codes) -> float:
    """Return the mean negative logarithm of the true label's probability."""
    return float(-np.log(np.clip(probabilities[np.arange(len(y)), y], 1e-15, None)).mean())


def brier(probabilities: Floats, y: Codes) -> float:
    """Return the mean squared distance to the true label: of the second label for two, summed over labels for more."""
    k = probabilities.shape[1]
    return float(((probabilities - np.eye(k)[y]) ** 2).sum(axis=1).mean() / (2 if k == 2 else 1))


def calibration_error(probabilities: Floats, y: Codes) -> float:
    """Return the expected calibration error of the predicted label, ten bins of equal width (Guo et al. 2017)."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = np.abs(np.bincount(bins, sure - right, minlength=10))
    return float(gaps.sum() / len(y))


def roc_auc(probabilities: Floats, y: Codes) -> float:
    """Return the area under the curve; one against the rest, averaged, for three and more labels; all have to occur."""
    k = probabilities.shape[1]
    return float(roc_auc_score(y, probabilities[:, 1] if k == 2 else probabilities, multi_class="ovr"))


RATES = {  # what has to be true of the rows so that the rate has no meaning
    "precision": "none of the {n} rows is predicted {label!r}",
    "recall": "none of the {n} rows is {label!r}",
    "specificity": "each of the {n} rows is {label!r}",
    "f1": "none of the {n} rows is {label!r} or predicted so",
}
METRICS = ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc", "log_loss", "brier", "ece")
_OF_PROBABILITIES = {"log_loss": log_loss, "brier": brier, "ece": calibration_error}


def metric(name: str, probabilities: Floats, predicted: Codes, y: Codes, labels: Sequence[str]) -> float:
    """Return one metric.

    For two labels, precision, recall, specificity and f1 are those of the second; for more, the means over the labels.

    Parameters
    ----------
    name : str
        One of `METRICS`.
    probabilities : ndarray, shape (n, k)
    predicted, y : ndarray, shape (n,)
        Indices of the predicted and the true labels.
    labels : sequence of str

    Raises
    ------
    ToolError
        The metric is not defined on these rows.

    Examples
    --------
    >>> p = np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]])
    >>> metric("recall", p, p.argmax(axis=1), np.array([0, 1, 1]), ["no", "yes"])
    0.5
    >>> metric("recall", p, p.argmax(axis=1), np.array([0, 0, 0]), ["no", "yes"])
    Traceback (most recent call last):
    tools.errors.ToolError: recall is not defined: none of the 3 rows is 'yes'. Ask for accuracy.
    """
    if name == "accuracy":
        return float((predicted == y).mean())
    if name in _OF_PROBABILITIES:
        return _OF_PROBABILITIES[name](probabilities, y)
    if name == "roc_auc":
        absent = next((label for code, label in enumerate(labels) if not (y == code).any()), None)
        if absent is not None:
            raise _undefined(name, f"none of the {len(y)} rows is {absent!r}")
        return roc_auc(probabilities, y)
    return _rate(name, predicted, y, labels)


def _rate(name: str, predicted: Codes, y: Codes, labels: Sequence[str]) -> float:
    counts: Any = multilabel_confusion_matrix(y, predicted, labels=range(len(labels)))
    found = []
    for code in [1] if len(labels) == 2 else range(len(labels)):
        upper, lower = _ratio(name, *counts[code].ravel().tolist())
        if not lower:
            raise _undefined(name, RATES[name].format(n=len(y), label=labels[code]))
        found.append(upper / lower)
    return float(np.mean(found))


def _ratio(name: str, tn: int, fp: int, fn: int, tp: int) -> tuple[int, int]:
    """Return the two parts of a rate, from how many rows are truly negative, falsely positive, and so on."""
    if name == "precision":
        return tp, tp + fp
    if name == "recall":
        return tp, tp + fn
    return (tn, tn + fp) if name == "specificity" else (2 * tp, 2 * tp + fp + fn)


def _undefined(name: str, why: str) -> ToolError:
    return ToolError(f"{name} is not defined: {why}.", hint="Ask for accuracy.")
