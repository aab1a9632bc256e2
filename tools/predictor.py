"""Train, calibrate and ask the predictor: a logistic regression, boosted trees, or a model somebody brought.

A brought one is a fitted scikit-learn model (`brought.py`), or a language model that is asked for the label
(`scored.py`).

Calibration is affine in the scores (Platt 1999 for two labels, temperature for more), fitted on out-of-fold scores and
folded into the model itself, so contributions stay additive and prediction costs nothing more.
Knows nothing about files; see `models.py` for the arithmetic.
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logsumexp, softmax
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from tools.brought import Brought
from tools.errors import UserError, did_you_mean
from tools.metrics import brier, calibration_error, log_loss, roc_auc
from tools.models import Additive, Floats, Model, Trees
from tools.sampling import stratified
from tools.schema import Schema
from tools.scored import Scored

__all__ = ["Predictor", "measure"]

Labels = NDArray[np.int64]
KINDS = ("auto", "logistic", "gbdt")
FOLDS = 5
MOST_ROWS_IN_FOLDS = 20_000


@dataclass(frozen=True)
class Predictor:
    """Probabilities of the labels for encoded rows.

    Parameters
    ----------
    labels : tuple of str
    kind : {"logistic", "gbdt", "brought", "llm"}
    model : Model, Brought or Scored
        Calibrated.
    selection : dict
        Out-of-fold log loss of each candidate, and the calibration: ``{"log_loss": {kind: …}, "slope", "shift"}``.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"size": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10], "class": list("aaaababbbb")})
    >>> schema = Schema.infer(rows, "class")
    >>> predictor = Predictor.train(schema.encode(rows), schema.label_indices(rows), schema, kind="logistic")
    >>> predictor.probabilities(np.array([[2.0], [9.0]])).argmax(axis=1)
    array([0, 1])
    """

    labels: tuple[str, ...]
    kind: Literal["logistic", "gbdt", "brought", "llm"]
    model: Model | Brought | Scored
    selection: dict[str, Any]

    @classmethod
    def train(cls, X: Floats, y: Labels, schema: Schema, kind: str = "auto", seed: int = 0) -> Self:
        """Train on all rows given; choose and calibrate on out-of-fold scores.

        Parameters
        ----------
        X : ndarray, shape (n, d)
            Encoded rows.
        y : ndarray, shape (n,)
            Label indices.
        kind : {"auto", "logistic", "gbdt"}
            ``auto`` takes the logistic regression unless the trees' log loss is lower by more than one standard error.

        Raises
        ------
        UserError
            There is no such kind.
        """
        if kind not in KINDS:
            raise UserError(f"there is no predictor {kind!r}.", hint=did_you_mean(kind, KINDS))
        candidates = {name: _candidate(name, schema, seed) for name in (KINDS[1:] if kind == "auto" else (kind,))}
        # One thread: sums in one order on any machine, and OpenMP threads wait in a spin next to a language model.
        with threadpool_limits(1):
            rows = stratified(y, MOST_ROWS_IN_FOLDS, seed, at_least=FOLDS)
            scores = {name: _out_of_fold(fit, X[rows], y[rows], seed) for name, fit in candidates.items()}
            fitted = {name: _calibration(score, y[rows]) for name, score in scores.items()}
            losses = {name: _losses(fitted[name], score, y[rows]) for name, score in scores.items()}
            chosen = _choose(losses) if kind == "auto" else kind
            model = candidates[chosen](X, y).calibrated(*fitted[chosen])
        slope, shift = fitted[chosen]
        selection = {"log_loss": {name: float(loss.mean()) for name, loss in losses.items()}}
        return cls(schema.labels, chosen, model, {**selection, "slope": slope, "shift": shift})  # type: ignore[arg-type]

    @classmethod
    def bring(cls, fitted: Any, schema: Schema) -> Self:
        """Wrap a fitted scikit-learn classifier or pipeline; see `brought.Brought`."""
        return cls(schema.labels, "brought", Brought.wrap(fitted, schema), {})

    @classmethod
    def score(cls, model: Scored, X: Floats, y: Labels) -> Self:
        """Calibrate a language model on rows that it was not trained on."""
        scores = model.scores(X)
        slope, shift = _calibration(scores, y)
        loss = float(_losses((slope, shift), scores, y).mean())
        selection = {"log_loss": {"llm": loss}, "slope": slope, "shift": shift}
        return cls(model.schema.labels, "llm", model.calibrated(slope, shift), selection)

    @property
    def native(self) -> bool:
        """Whether the logits are a sum over features."""
        return self.kind in KINDS

    def logits(self, X: Floats) -> Floats:
        """Return logits, shape (n, k), whose softmax is the probabilities; of two labels, half the log-odds each."""
        if isinstance(self.model, Brought | Scored):
            return np.log(np.clip(self.model.probabilities(X), 1e-300, None))
        return _two_sided(self.model.scores(X))

    def probabilities(self, X: Floats) -> Floats:
        """Return calibrated probabilities, shape (n, k); rows sum to 1."""
        if isinstance(self.model, Brought | Scored):
            return self.model.probabilities(X)
        scores = self.model.scores(X)
        if scores.shape[1] > 1:
            return np.asarray(softmax(scores, axis=1))
        return np.asarray(expit(np.hstack([-scores, scores])))

    def to_json(self) -> dict[str, Any]:
        """Return kind, labels, selection, and the arrays of a native model."""
        stored = {"kind": self.kind, "labels": list(self.labels), "selection": self.selection}
        return stored if isinstance(self.model, Brought) else stored | {"model": self.model.to_json()}

    @classmethod
    def from_json(cls, stored: dict[str, Any], schema: Schema) -> Self:
        """Return a native predictor as stored, or a language model by reference."""
        if stored["kind"] == "llm":
            model = Scored.from_json(stored["model"], schema)
            return cls(tuple(stored["labels"]), "llm", model, stored["selection"])
        arrays = Additive if stored["kind"] == "logistic" else Trees
        return cls(tuple(stored["labels"]), stored["kind"], arrays.from_json(stored["model"]), stored["selection"])


def _candidate(kind: str, schema: Schema, seed: int) -> Callable[[Floats, Labels], Model]:
    return partial(_fit_logistic, schema=schema) if kind == "logistic" else partial(_fit_trees, seed=seed)


def _fit_logistic(X: Floats, y: Labels, schema: Schema) -> Additive:
    sizes = [len(feature.categories) for feature in schema.features]
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(imputer, StandardScaler()), np.flatnonzero(np.equal(sizes, 0))),
            ("categories", OneHotEncoder(handle_unknown="ignore"), np.flatnonzero(sizes)),
        ]
    )
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=5000)).fit(X, y)
    return Additive.probe(lambda rows: pipeline.decision_function(rows).reshape(len(rows), -1), X, sizes)


def _fit_trees(X: Floats, y: Labels, seed: int) -> Trees:
    trees = HistGradientBoostingClassifier(max_depth=6, early_stopping=False, random_state=seed)
    return Trees.from_sklearn(trees.fit(X, y))


def _out_of_fold(fit: Callable[[Floats, Labels], Model], X: Floats, y: Labels, seed: int) -> Floats:
    """Return the score of each row by a model that has not seen it, shape (n, m)."""
    folds = StratifiedKFold(min(FOLDS, int(np.bincount(y).min())), shuffle=True, random_state=seed)
    parts = [(fit(X[train], y[train]).scores(X[test]), test) for train, test in folds.split(X, y)]
    scores = np.empty((len(y), parts[0][0].shape[1]))
    for part, rows in parts:
        scores[rows] = part
    return scores


def _calibration(scores: Floats, y: Labels) -> tuple[float, float]:
    """Return slope and shift of the scores that minimise the log loss; the shift is 0 for three or more labels.

    Targets are smoothed as Platt's (1999), so that separable classes leave the slope finite.
    """
    counts = np.bincount(y)
    k, sure = len(counts), (counts + 1) / (counts + 2)
    targets = np.repeat(((1 - sure) / (k - 1))[y][:, None], k, axis=1)
    targets[np.arange(len(y)), y] = sure[y]

    def loss(free: Floats) -> float:
        logits = _two_sided(scores * np.exp(free[0]) + (free[1] if k == 2 else 0.0))
        return float((logsumexp(logits, axis=1) - (targets * logits).sum(axis=1)).mean())

    found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-5, 3), (-20, 20)])
    return float(np.exp(found.x[0])), float(found.x[1]) if k == 2 else 0.0


def _two_sided(scores: Floats) -> Floats:
    return scores if scores.shape[1] > 1 else np.hstack([-scores / 2, scores / 2])


def _losses(calibration: tuple[float, float], scores: Floats, y: Labels) -> Floats:
    slope, shift = calibration
    return -np.asarray(log_softmax(_two_sided(slope * scores + shift), axis=1))[np.arange(len(y)), y]


def _choose(losses: dict[str, Floats]) -> str:
    gain = losses["logistic"] - losses["gbdt"]
    return "gbdt" if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)) else "logistic"


def measure(probabilities: Floats, y: Labels) -> dict[str, float | int]:
    """Return how good probabilities are, on rows the predictor has not seen; see `metrics.py`.

    Parameters
    ----------
    probabilities : ndarray, shape (n, k)
    y : ndarray, shape (n,)
        Label indices; every label occurs.

    Examples
    --------
    >>> measure(np.array([[0.75, 0.25], [0.5, 0.5], [0.0, 1.0]]), np.array([0, 0, 1]))["brier"]
    0.10416666666666667
    """
    return {
        "n": len(y),
        "accuracy": float((probabilities.argmax(axis=1) == y).mean()),
        "baseline_accuracy": float(np.bincount(y).max() / len(y)),
        "roc_auc": roc_auc(probabilities, y),
        "log_loss": log_loss(probabilities, y),
        "brier": brier(probabilities, y),
        "ece": calibration_error(probabilities, y),
    }
