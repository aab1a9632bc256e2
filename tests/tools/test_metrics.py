"""Metrics, against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from tools.errors import ToolError
from tools.metrics import METRICS, metric

SKLEARN = {
    "accuracy": lambda p, predicted, y: sk.accuracy_score(y, predicted),
    "precision": lambda p, predicted, y: sk.precision_score(y, predicted, **average(p)),
    "recall": lambda p, predicted, y: sk.recall_score(y, predicted, **average(p)),
    "f1": lambda p, predicted, y: sk.f1_score(y, predicted, **average(p)),
    "specificity": lambda p, predicted, y: np.mean(
        [sk.recall_score(y != code, predicted != code) for code in ([1] if p.shape[1] == 2 else range(p.shape[1]))]
    ),
    "roc_auc": lambda p, predicted, y: sk.roc_auc_score(y, p[:, 1] if p.shape[1] == 2 else p, multi_class="ovr"),
    "log_loss": lambda p, predicted, y: sk.log_loss(y, p, labels=range(p.shape[1])),
    "brier": lambda p, predicted, y: sk.brier_score_loss(y, p[:, 1] if p.shape[1] == 2 else p),
}


def average(p):
    """Return how scikit-learn is to average."""
    return {"average": "binary"} if p.shape[1] == 2 else {"average": "macro"}


@given(st.integers(2, 4), st.integers(0, 2**32 - 1), st.sampled_from(sorted(SKLEARN)))
def test_metrics_are_scikit_learns(k, seed, name):
    """On any probabilities a metric has scikit-learn's value; with two labels, that of the second."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), 60)
    y = np.concatenate([np.arange(k), rng.integers(0, k, 60 - k)])
    predicted = p.argmax(axis=1)
    labels = [f"label {code}" for code in range(k)]

    if set(predicted.tolist()) == set(range(k)):
        assert metric(name, p, predicted, y, labels) == pytest.approx(SKLEARN[name](p, predicted, y))


def test_ece():
    """The calibration error is the gap between how sure and how right, weighted by the rows of each bin."""
    p = np.array([[0.95, 0.05]] * 4 + [[0.35, 0.65]] * 2)
    y = np.array([0, 0, 0, 1, 1, 1])

    assert metric("ece", p, p.argmax(axis=1), y, ["a", "b"]) == pytest.approx((4 * 0.2 + 2 * 0.35) / 6)


@pytest.mark.parametrize(
    ("name", "predicted", "y", "message"),
    [
        (
            "precision",
            [0, 0],
            [0, 1],
            "precision is not defined: none of the 2 rows is predicted 'yes'. Ask for accuracy.",
        ),
        ("recall", [0, 1], [0, 0], "recall is not defined: none of the 2 rows is 'yes'"),
        ("specificity", [0, 1], [1, 1], "specificity is not defined: each of the 2 rows is 'yes'"),
        ("f1", [0, 0], [0, 0], "f1 is not defined: none of the 2 rows is 'yes' or predicted so"),
        ("roc_auc", [0, 1], [0, 0], "roc_auc is not defined: none of the 2 rows is 'yes'"),
        ("roc_auc", [0, 1], [1, 1], "roc_auc is not defined: none of the 2 rows is 'no'"),
    ],
)
def test_what_is_not_defined(name, predicted, y, message):
    """A metric without meaning on these rows says why, and no warning passes for a number."""
    p = np.eye(2)[predicted]

    with pytest.raises(ToolError) as caught:
        metric(name, p, np.array(predicted), np.array(y), ["no", "yes"])

    assert message in str(caught.value)
    defined = [other for other in METRICS if other in {"accuracy", "log_loss", "brier", "ece"}]
    assert all(np.isfinite(metric(other, p, np.array(predicted), np.array(y), ["no", "yes"])) for other in defined)
