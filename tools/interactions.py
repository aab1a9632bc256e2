"""Which features act together: how far two changes at once differ from the sum of the two alone."""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from itertools import combinations
from typing import Any

import numpy as np

from tools.bundle import Bundle
from tools.cohort import Cohort
from tools.contributions import DEFAULT_TOP
from tools.errors import ToolError
from tools.models import Additive, Floats

__all__ = ["interactions"]

MOST_FEATURES = 8
PAIRS_OF_ROWS = 200
NOISE = 1e-9  # of the largest score: a difference below is rounding


def interactions(cohort: Cohort, top: int | None = None) -> dict[str, Any]:
    """Return the pairs of features that act together most strongly over the rows of a cohort.

    For features a and b, and two rows x and z, the mixed second difference is ``f(x) - f(x with z's a) - f(x with z's
    b) + f(x with z's a and b)``. It is 0 wherever f is a sum of a part without a and a part without b, which is how
    Friedman and Popescu (2008, section 8) define that two features do not interact. Their H statistic compares partial
    dependence functions; what is computed here is simpler: the mean absolute mixed difference over 200 pairs of rows,
    drawn with a fixed seed, of the log-odds for two labels, of each label's logit less the mean logit for more
    (averaged over the labels), of the probabilities for a brought predictor. Looked at are the eight most important
    features.

    Parameters
    ----------
    cohort : Cohort
    top : int, optional
        How many pairs; ten by default.

    Returns
    -------
    dict
        ``{"pairs": [{"features": [a, b], "strength", "rank"}], "rows", "additive", "space", "sample"}``; pairs without
        any interaction are left out, ``sample`` is the number of pairs of rows. A logistic regression is a sum over
        features: ``{"pairs": [], "rows", "additive": True}``.

    Raises
    ------
    ToolError
        There are not two rows.
    """
    bundle = cohort.rows.bundle
    if isinstance(bundle.predictor.model, Additive):
        return {"pairs": [], "rows": len(cohort), "additive": True}
    if len(cohort) < 2:
        raise ToolError("interactions needs two rows or more, this is one.", hint="Use other conditions.")
    names = cohort.schema.names
    columns = [names.index(entry["feature"]) for entry in bundle.importance[:MOST_FEATURES]]
    first, second = _pairs_of_rows(cohort)
    strengths = _strengths(bundle, first, second, list(combinations(columns, 2)))
    found = sorted((pair for pair, strength in strengths.items() if strength > 0), key=lambda pair: -strengths[pair])
    pairs = [
        {"features": [names[a], names[b]], "strength": strengths[a, b], "rank": rank}
        for rank, (a, b) in enumerate(found[: top or DEFAULT_TOP])
    ]
    about = {"additive": False, "space": bundle.attributor.space, "sample": len(first)}
    return {"pairs": pairs, "rows": len(cohort), **about}


def _pairs_of_rows(cohort: Cohort) -> tuple[Floats, Floats]:
    """Return rows x and z, both shape (p, d); no row is paired with itself."""
    n, generator = len(cohort), np.random.default_rng(0)
    first = generator.integers(0, n, PAIRS_OF_ROWS)
    second = (first + generator.integers(1, n, PAIRS_OF_ROWS)) % n
    return cohort.X[first], cohort.X[second]


def _strengths(bundle: Bundle, x: Floats, z: Floats, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Return the mean absolute mixed difference of each pair of columns."""
    mixed = [frozenset(), *({column} for column in sorted({c for pair in pairs for c in pair})), *map(frozenset, pairs)]
    rows = np.concatenate([_with(x, z, columns) for columns in mixed])
    scores = _scores(bundle, rows).reshape(len(mixed), len(x), -1)
    of = dict(zip(map(frozenset, mixed), scores, strict=True))
    noise = NOISE * max(1.0, float(np.abs(scores).max()))
    strengths = {}
    for a, b in pairs:
        difference = of[frozenset()] - of[frozenset({a})] - of[frozenset({b})] + of[frozenset({a, b})]
        strength = float(np.abs(difference).mean())
        strengths[a, b] = strength if strength > noise else 0.0
    return strengths


def _with(x: Floats, z: Floats, columns: Any) -> Floats:
    rows = x.copy()
    for column in columns:
        rows[:, column] = z[:, column]
    return rows


def _scores(bundle: Bundle, X: Floats) -> Floats:
    """Return what differences are taken of, shape (n, 1) for two labels, (n, k) for more."""
    positions = [1] if len(bundle.predictor.labels) == 2 else range(len(bundle.predictor.labels))
    if not bundle.predictor.native:
        return bundle.predictor.probabilities(X)[:, list(positions)]
    logits = bundle.predictor.logits(X)
    if len(positions) == 1:
        return logits[:, 1:] - logits[:, :1]
    return np.asarray(logits - logits.mean(axis=1, keepdims=True))
