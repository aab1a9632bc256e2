"""What each feature contributes to one row's prediction; additive, and checked to be so on every row.

The two native models explain themselves exactly (`models.py`). A brought one is explained over its probability, by
Shapley values against a small background: exact for up to ten features, sampled for more. A language model is dear to
ask: its Shapley values are estimated within a budget, and each has a standard error.
Knows nothing about ranks or words.
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb, ndtr, stdtrit

from tools.brought import Brought
from tools.errors import MachineError, ToolError, did_you_mean
from tools.models import Floats
from tools.predictor import Predictor
from tools.schema import Schema
from tools.scored import Scored

__all__ = ["Attribution", "Attributor"]

Space = Literal["log-odds", "margin", "probability"]

TOLERANCE = 1e-6
MOST_BACKGROUND = 50
MOST_FEATURES_EXACT = 10  # 2 ** 10 coalitions
PERMUTATIONS = 4
BUDGET = 400  # questions to a language model about one row
CLEAR = 2.0  # standard errors: an estimate, or a difference of two, that does not exceed them says nothing
DRAWS = (8, 50)  # orders of the columns with a row of the background each: for a mean over rows, and at most for one
ROWS_FOR_IMPORTANCE = {"logistic": 2000, "gbdt": 500, "brought": 20, "llm": 10}  # the first three: about a second


@dataclass(frozen=True)
class Attribution:
    """Contributions to one row: ``base + contributions.sum() == total``.

    Parameters
    ----------
    towards : str
        The label that positive contributions speak for.
    space : {"log-odds", "margin", "probability"}
        Log-odds of the label; its logit less the mean logit of all labels; or its probability.
    base, total : float
        Where the row starts, over the training rows, and where it ends.
    contributions : ndarray, shape (d,)
    errors : ndarray, shape (d,), optional
        Their standard errors, where they are estimates.
    """

    towards: str
    space: Space
    base: float
    total: float
    contributions: Floats
    errors: Floats | None = None


class Attributor:
    """Explains rows of one predictor.

    Parameters
    ----------
    predictor : Predictor
    schema : Schema
    background_X : ndarray, shape (n, d)
        Training rows; only a predictor that is not native needs them, and of them the first 50.
    seed : int
        Of the permutations.
    """

    def __init__(self, predictor: Predictor, schema: Schema, background_X: Floats, seed: int = 0) -> None:
        self.predictor = predictor
        self.schema = schema
        self.background = background_X[:MOST_BACKGROUND]
        self.seed = seed

    @property
    def space(self) -> Space:
        """The scale contributions are on."""
        if not self.predictor.native:
            return "probability"
        return "log-odds" if len(self.predictor.labels) == 2 else "margin"

    def explain(self, x: Floats, label: str) -> Attribution:
        """Return the contributions of one row towards one label.

        Parameters
        ----------
        x : ndarray, shape (d,)
            Encoded row.
        label : str

        Raises
        ------
        ToolError
            There is no such label.
        MachineError
            The contributions do not add up; no such explanation leaves this module.
        """
        if label not in self.predictor.labels:
            raise ToolError(f"there is no label {label!r}.", hint=did_you_mean(label, self.predictor.labels))
        position = self.predictor.labels.index(label)
        base, contributions, errors = self.contributions(x[None, :], position)
        total = float(self.totals(x[None, :], position)[0])
        return Attribution(label, self.space, base, total, contributions[0], None if errors is None else errors[0])

    def contributions(self, X: Floats, position: int) -> tuple[float, Floats, Floats | None]:
        """Return base, contributions and their standard errors, shape (n, d), of rows towards the label at a position.

        What is not estimated has no errors.
        """
        errors = None
        if isinstance(self.predictor.model, Brought):
            base, contributions = self._sampled(X, position)
        elif isinstance(self.predictor.model, Scored):
            base, contributions, errors = self._drawn(X, position, self.predictor.model.asked)
        else:
            base, contributions = _towards(*self.predictor.model.effects(X), position)
        totals = self.totals(X, position)
        gap = np.abs(base + contributions.sum(axis=1) - totals)
        scale = np.maximum(1.0, np.abs(base) + np.abs(contributions).sum(axis=1))
        if not (gap <= TOLERANCE * scale).all():
            worst = int(np.argmax(gap / scale))
            message = (
                f"contributions of row {worst} miss the total by {gap[worst]:.3g}; this is a fault in the program."
            )
            raise MachineError(message, hint="Please report it with the versions of shap and scikit-learn.")
        return base, contributions, errors

    def totals(self, X: Floats, position: int) -> Floats:
        """Return what the contributions of each row add up to, shape (n,), from the predictor alone."""
        if not self.predictor.native:
            return self.predictor.probabilities(X)[:, position]
        logits = self.predictor.logits(X)
        if self.space == "log-odds":
            return np.asarray(logits[:, position] - logits[:, 1 - position])
        return np.asarray(logits[:, position] - logits.mean(axis=1))

    def _sampled(self, X: Floats, position: int) -> tuple[float, Floats]:
        explain = self._enumerated if self.background.shape[1] <= MOST_FEATURES_EXACT else self._permuted
        base = float(self.predictor.probabilities(self.background)[:, position].mean())
        return base, np.array([explain(x, position) for x in X])

    def _enumerated(self, x: Floats, position: int) -> Floats:
        """Exact Shapley values over all coalitions of features, for few of them, shape (d,)."""
        d = len(x)
        coalitions = (np.arange(2**d)[:, None] >> np.arange(d)) & 1 == 1  # (2 ** d, d)
        worth = self._worth(x, coalitions, position)
        sizes = coalitions.sum(axis=1)
        contributions = np.empty(d)
        for column in range(d):
            without = np.flatnonzero(~coalitions[:, column])
            weights = 1 / (d * comb(d - 1, sizes[without]))
            contributions[column] = weights @ (worth[without + 2**column] - worth[without])
        return contributions

    def _worth(self, x: Floats, coalitions: NDArray[np.bool_], position: int) -> Floats:
        """Return the mean probability where a coalition's features are the row's, the others the background's."""
        rows = np.where(coalitions[:, None, :], x, self.background)
        probabilities = self.predictor.probabilities(rows.reshape(-1, len(x)))[:, position]
        return np.asarray(probabilities.reshape(len(coalitions), -1).mean(axis=1))

    def _permuted(self, x: Floats, position: int) -> Floats:
        """Shapley values estimated from orders of the features, each also backwards, shape (d,).

        Along each order the row's values replace the background's one by one (Strumbelj and Kononenko 2014). SHAP's own
        estimator seeds NumPy's global generator, which another thread may use: this one has its own.
        """
        d = len(x)
        generator = np.random.default_rng(self.seed)
        orders = [generator.permutation(d) for _ in range(PERMUTATIONS)]
        contributions = np.zeros(d)
        for order in [*orders, *(order[::-1] for order in orders)]:
            place = np.argsort(order)
            replaced = place[None, :] < np.arange(d + 1)[:, None]  # (d + 1, d): the first i of the order
            contributions[order] += np.diff(self._worth(x, replaced, position))
        return contributions / (2 * PERMUTATIONS)

    def _drawn(self, X: Floats, position: int, columns: NDArray[np.int64]) -> tuple[float, Floats, Floats]:
        """Shapley values within a budget, with their standard errors.

        A draw is one row of the background and one order of the columns, gone along forwards and backwards (antithetic
        permutations: Mitchell et al. 2022, arXiv 2104.12199; the estimator of SHAP's ``PermutationExplainer``). Draws
        are independent, so that their spread gives the error of order and background together. Each adds up to the
        row's total less its background's, hence so does their mean, whatever the budget.
        """
        draws = self._draws(len(X), len(columns))
        generator = np.random.default_rng(self.seed)
        orders = [columns[generator.permutation(len(columns))] for _ in range(draws)]
        base = float(self.predictor.probabilities(self.background[:draws])[:, position].mean())
        found = np.zeros((len(X), draws, X.shape[1]))
        rows = [_walk(x, self.background[at], way) for x in X for at in range(draws) for way in _ways(orders[at])]
        worth = self.predictor.probabilities(np.concatenate(rows))[:, position].reshape(len(rows), -1)
        steps = iter(np.diff(worth, axis=1))
        for n in range(len(X)):
            for at, order in enumerate(orders):
                for way in _ways(order):
                    found[n, at, way] += next(steps) / 2
        return base, found.mean(axis=1), found.std(axis=1, ddof=1) / np.sqrt(draws)

    def _draws(self, rows: int, columns: int) -> int:
        few, most = DRAWS
        draws = few if rows > 1 else max(2, min(most, BUDGET // (2 * columns)))
        return min(draws, len(self.background))

    def clear(self, rows: int) -> float:
        """Return how many standard errors an estimate has to exceed: two where there are many draws, more of few.

        The quantile of Student's t that is exceeded as seldom as two standard deviations by chance.

        Parameters
        ----------
        rows : int
            Of which `contributions` were asked for together.
        """
        if not isinstance(self.predictor.model, Scored):
            return 0.0  # nothing is estimated
        draws = self._draws(rows, len(self.predictor.model.asked))
        return float(stdtrit(draws - 1, ndtr(CLEAR)))

    def global_importance(self, X: Floats) -> list[dict[str, Any]]:
        """Return the features by mean |contribution| over rows, averaged over the labels, largest first.

        Parameters
        ----------
        X : ndarray, shape (n, d)
            Training rows in random order; the first 2000 (logistic), 500 (gbdt), 20 (brought) or 10 (llm) are
            looked at.

        Returns
        -------
        list of dict
            ``{"feature", "importance", "rank"}``, rank from 0, ties by column order.
        """
        rows = X[: ROWS_FOR_IMPORTANCE[self.predictor.kind]]
        positions = [1] if len(self.predictor.labels) == 2 else range(len(self.predictor.labels))
        means = [np.abs(self.contributions(rows, position)[1]).mean(axis=0) for position in positions]
        importance = np.mean(means, axis=0)
        order = np.argsort(-importance, kind="stable")
        return [
            {"feature": self.schema.names[column], "importance": float(importance[column]), "rank": rank}
            for rank, column in enumerate(order)
        ]


def _ways(order: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return order, order[::-1]


def _walk(x: Floats, start: Floats, order: NDArray[np.int64]) -> Floats:
    """Return the rows on the way from a background row to one that has all values of `x` in the columns of an order.

    Examples
    --------
    >>> _walk(np.array([1.0, 2.0]), np.array([8.0, 9.0]), np.array([1, 0]))
    array([[8., 9.],
           [8., 2.],
           [1., 2.]])
    """
    rows = np.repeat(start[None, :], len(order) + 1, axis=0)
    for step, column in enumerate(order, start=1):
        rows[step:, column] = x[column]
    return rows


def _towards(base: Floats, effects: Floats, position: int) -> tuple[float, Floats]:
    """Turn effects on scores, shape (n, d, m), into contributions towards one label, shape (n, d)."""
    if len(base) == 1:
        sign = 1.0 if position == 1 else -1.0
        return sign * float(base[0]), sign * effects[..., 0]
    return float(base[position] - base.mean()), effects[..., position] - effects.mean(axis=2)
