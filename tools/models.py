"""The two native models as plain arrays: quick for one row, exact to explain, safe to store.

A model gives raw scores, one per row for two labels (towards the second) and one per label for more. scikit-learn
trains them (`predictor.py`); here they are only numbers, so a stored bundle holds JSON that nothing has to trust.
Knows nothing about labels, probabilities or calibration.
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

import os
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tools.errors import BundleError

__all__ = ["Additive", "Floats", "Model", "Trees"]

Floats = NDArray[np.float64]

CHUNK = 4096  # rows up to which walking down the arrays is quicker
ROWS_PER_THREAD = 50_000  # of fewer, starting a thread for each tree and waiting for it costs more than it saves
LARGEST = float(np.finfo(np.float64).max)


class Model(Protocol):
    """What predictor and attribution ask of a native model; m is 1 for two labels, else their number."""

    def scores(self, X: Floats) -> Floats:
        """Return raw scores, shape (n, m)."""

    def effects(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the base score, shape (m,), and the effect of each feature on it, shape (n, d, m)."""

    def calibrated(self, slope: float, shift: float) -> Self:
        """Return the model whose scores are ``slope * score + shift``."""

    def to_json(self) -> dict[str, Any]:
        """Return its arrays as lists."""


class _Arrays:
    """JSON for a dataclass of arrays."""

    def to_json(self) -> dict[str, Any]:
        """Return its arrays as lists."""
        return {name: value.tolist() for name, value in asdict(self).items()}  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return the model whose arrays were stored as lists."""
        return cls(**{field.name: np.array(stored[field.name]) for field in fields(cls)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Additive(_Arrays):
    """Logistic regression as a sum of one effect per feature, each with mean 0 over the training rows.

    A number has the effect ``slope * (value - centre) + offset``, a category a level of its own, and a missing cell
    what imputation and missing indicator give it.

    Parameters
    ----------
    base : ndarray, shape (m,)
        Mean score of the training rows.
    centre : ndarray, shape (d,)
    slope, offset, missing : ndarray, shape (d, m)
    categorical : ndarray of int, shape (c,)
        Columns with categories.
    levels : ndarray, shape (c, most categories, m)
    """

    base: Floats
    centre: Floats
    slope: Floats
    offset: Floats
    missing: Floats
    categorical: NDArray[np.int64]
    levels: Floats

    @classmethod
    def probe(cls, scores: Callable[[Floats], Floats], X: Floats, sizes: list[int]) -> Self:
        """Read the effects off a fitted additive pipeline by asking it about rows that differ in one column.

        Parameters
        ----------
        scores : callable
            (n, d) to (n, m).
        X : ndarray, shape (n, d)
            Training rows.
        sizes : list of int
            Number of categories per column, 0 for numbers.
        """
        categorical = np.flatnonzero(sizes)
        centre, step = _centre_and_step(X)
        centre[categorical] = 0.0
        probes = [centre]
        for column, size in enumerate(sizes):
            values = [*range(size)] if size else [centre[column] + step[column]]
            probes += [_with(centre, column, value) for value in [np.nan, *values]]
        answers = scores(np.array(probes))
        at_centre, answers = answers[0], answers[1:] - answers[0]
        m = len(at_centre)
        slope, missing = np.zeros((len(sizes), m)), np.zeros((len(sizes), m))
        levels = np.zeros((len(categorical), max(sizes, default=0), m))
        for column, size in enumerate(sizes):
            missing[column], answers = answers[0], answers[1:]
            if size:
                levels[np.searchsorted(categorical, column), :size] = answers[:size]
            else:
                slope[column] = answers[0] / step[column]
            answers = answers[size or 1 :]
        raw = cls(at_centre, centre, slope, np.zeros_like(slope), missing, categorical.astype(np.int64), levels)
        return raw._centred(X)

    def _centred(self, X: Floats) -> Self:
        mean = self.effects(X)[1].mean(axis=0)
        levels = self.levels - mean[self.categorical][:, None, :]
        return replace(
            self, base=self.base + mean.sum(axis=0), offset=-mean, missing=self.missing - mean, levels=levels
        )

    def scores(self, X: Floats) -> Floats:
        """Return raw scores, shape (n, m)."""
        base, effects = self.effects(X)
        return np.asarray(base + effects.sum(axis=1))

    def effects(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the base score, shape (m,), and the effect of each feature on it, shape (n, d, m)."""
        absent = np.isnan(X)
        filled = np.where(absent, self.centre, X)
        effects = (filled - self.centre)[..., None] * self.slope + self.offset
        if len(self.categorical):
            codes = filled[:, self.categorical].astype(np.int64)
            effects[:, self.categorical] = self.levels[np.arange(len(self.categorical)), codes]
        return self.base, np.where(absent[..., None], self.missing, effects)

    def calibrated(self, slope: float, shift: float) -> Self:
        """Return the model whose scores are ``slope * score + shift``."""
        scaled = {name: getattr(self, name) * slope for name in ("slope", "offset", "missing", "levels")}
        return replace(self, base=self.base * slope + shift, **scaled)


def _centre_and_step(X: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the cells that are there; 0 and 1 where there are none or no spread."""
    present = ~np.isnan(X)
    count = np.maximum(present.sum(axis=0), 1)
    centre = np.where(present, X, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(present, X - centre, 0.0) ** 2).sum(axis=0) / count)
    return centre, np.where(spread > 0, spread, 1.0)


def _with(row: Floats, column: int, value: float) -> Floats:
    changed = row.copy()
    changed[column] = value
    return changed


@dataclass(frozen=True)
class Trees(_Arrays):
    """Gradient-boosted trees, all nodes of all trees in one row of arrays; children are absolute positions.

    Parameters
    ----------
    base : ndarray, shape (m,)
        Score before the first tree.
    roots : ndarray of int, shape (t,)
        Tree i adds to score ``i % m``.
    feature, left, right, default : ndarray of int, shape (nodes,)
        `default` is where a missing value goes; a leaf is its own child.
    threshold, value, weight : ndarray, shape (nodes,)
        A value goes left where it is at most the threshold; `weight` is the number of training rows.
    """

    base: Floats
    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    default: NDArray[np.int64]
    threshold: Floats
    value: Floats
    weight: Floats

    def __post_init__(self) -> None:
        own, size = np.arange(len(self.feature)), len(self.feature)
        for children in (self.left, self.right, self.default):
            if not (((children > own) | (children == self.left) & (self.left == own)) & (children < size)).all():
                raise BundleError("the stored trees are no trees.", hint="Fit the bundle again.")

    @classmethod
    def from_sklearn(cls, fitted: Any) -> Self:
        """Copy the nodes out of a fitted ``HistGradientBoostingClassifier`` without categorical features."""
        trees = [tree.nodes for stage in fitted._predictors for tree in stage]
        starts = np.cumsum([0, *(len(tree) for tree in trees)])
        nodes = np.concatenate(trees)
        own = np.arange(len(nodes))
        start = np.repeat(starts[:-1], np.diff(starts))
        leaf = nodes["is_leaf"].astype(bool)
        left = np.where(leaf, own, nodes["left"].astype(np.int64) + start)
        right = np.where(leaf, own, nodes["right"].astype(np.int64) + start)
        return cls(
            base=np.asarray(fitted._baseline_prediction, dtype=np.float64).ravel(),
            roots=starts[:-1].astype(np.int64),
            feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
            left=left,
            right=right,
            default=np.where(nodes["missing_go_to_left"].astype(bool), left, right),
            threshold=np.where(leaf, 0.0, np.minimum(nodes["num_threshold"], LARGEST)),  # JSON has no infinity
            value=np.where(leaf, nodes["value"], 0.0).astype(np.float64),
            weight=nodes["count"].astype(np.float64),
        )

    def scores(self, X: Floats) -> Floats:
        """Return raw scores, shape (n, m)."""
        if len(X) > CHUNK:
            return self._many(X)
        values = self.value[self._leaves(X)]
        return np.asarray(self.base + values.reshape(len(X), -1, len(self.base)).sum(axis=1))

    def _many(self, X: Floats) -> Floats:
        """Let scikit-learn's own compiled trees score many rows, several times as fast as the arrays."""
        rows, m = np.ascontiguousarray(X, dtype=np.float64), len(self.base)
        scores = np.tile(self.base, (len(X), 1))
        none = np.zeros((0, 8), dtype=np.uint32), np.zeros(X.shape[1], dtype=np.uint32)  # no categorical splits
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        threads = min(cores, 1 + len(X) // ROWS_PER_THREAD)
        for number, tree in enumerate(self._compiled):
            scores[:, number % m] += tree.predict(rows, *none, n_threads=threads)
        return scores

    @cached_property
    def _compiled(self) -> list[Any]:
        """The trees as scikit-learn's predictors; private there, so a test holds them to the arrays."""
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE  # noqa: PLC0415
        from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor  # noqa: PLC0415

        nodes = np.zeros(len(self.feature), dtype=PREDICTOR_RECORD_DTYPE)
        own = np.arange(len(nodes))
        ends = [*self.roots[1:].tolist(), len(nodes)]
        start = np.repeat(self.roots, np.diff([*self.roots, len(nodes)]))
        nodes["value"], nodes["num_threshold"], nodes["feature_idx"] = self.value, self.threshold, self.feature
        nodes["left"], nodes["right"] = self.left - start, self.right - start
        nodes["missing_go_to_left"], nodes["is_leaf"] = self.default == self.left, self.left == own
        bitsets = np.zeros((0, 8), dtype=np.uint32)
        return [TreePredictor(nodes[a:b].copy(), bitsets, bitsets) for a, b in zip(self.roots, ends, strict=True)]

    def _leaves(self, X: Floats) -> NDArray[np.int64]:
        """Return the leaf of each row in each tree, shape (n, t)."""
        flat, start = X.ravel(), (np.arange(len(X)) * X.shape[1])[:, None]
        at = np.broadcast_to(self.roots, (len(X), len(self.roots)))
        while True:
            value = flat[start + self.feature[at]]
            below = np.where(value <= self.threshold[at], self.left[at], self.right[at])
            below = np.where(np.isnan(value), self.default[at], below)
            if np.array_equal(below, at):
                return below
            at = below

    def effects(self, X: Floats) -> tuple[Floats, Floats]:
        """Return the base score, shape (m,), and the effect of each feature on it, shape (n, d, m)."""
        explainer, m = self._explainer, len(self.base)
        values = np.asarray(explainer.shap_values(X, check_additivity=False), dtype=np.float64)
        return np.ravel(explainer.expected_value).astype(np.float64), values.reshape(len(X), X.shape[1], m)

    @cached_property
    def _explainer(self) -> Any:
        """SHAP's exact algorithm over the trees (Lundberg et al. 2020), each weighted by its training rows."""
        with warnings.catch_warnings():  # shap's plots, imported along, use what matplotlib will deprecate
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap  # noqa: PLC0415 - slow to import, and only explanations of trees need it

        ends = [*self.roots[1:].tolist(), len(self.value)]
        trees = [self._tree(i, slice(start, end)) for i, (start, end) in enumerate(zip(self.roots, ends, strict=True))]
        offset = self.base if len(self.base) > 1 else float(self.base[0])
        stored = {"trees": trees, "base_offset": offset, "internal_dtype": np.float64, "input_dtype": np.float64}
        return shap.TreeExplainer(stored, feature_perturbation="tree_path_dependent")

    def _tree(self, number: int, nodes: slice) -> dict[str, NDArray[Any]]:
        leaf = self.left[nodes] == np.arange(nodes.start, nodes.stop)
        values = np.zeros((nodes.stop - nodes.start, len(self.base)))
        values[:, number % len(self.base)] = self.value[nodes]
        children = {
            "children_left": np.where(leaf, -1, self.left[nodes] - nodes.start),
            "children_right": np.where(leaf, -1, self.right[nodes] - nodes.start),
            "children_default": np.where(leaf, -1, self.default[nodes] - nodes.start),
        }
        return children | {
            "features": np.where(leaf, -2, self.feature[nodes]),
            "thresholds": self.threshold[nodes],
            "values": values,
            "node_sample_weight": self.weight[nodes],
        }

    def calibrated(self, slope: float, shift: float) -> Self:
        """Return the model whose scores are ``slope * score + shift``."""
        return replace(self, base=self.base * slope + shift, value=self.value * slope)
