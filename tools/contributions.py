"""What moves predictions: explain for one row or a cohort, and the ranking of the features, importance."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tools.attribution import ROWS_FOR_IMPORTANCE
from tools.bundle import Bundle
from tools.cohort import Cohort
from tools.errors import ToolError, did_you_mean
from tools.models import Floats
from tools.schema import Row

__all__ = ["DEFAULT_TOP", "explain", "importance"]

DEFAULT_TOP = 10
NEGLIGIBLE = 1e-6  # of all contributions together: below, a receipt could be given the other sign within its tolerance

Json = dict[str, Any]


def explain(cohort: Cohort, label: str | None = None, top: int | None = None) -> Json:
    """Return what each feature contributes to the prediction of one row, or on average to those of several.

    Parameters
    ----------
    cohort : Cohort
    label : str, optional
        Towards which label; by default the one that is predicted, for most of the rows.
    top : int, optional
        How many features to list; ten or more are listed.

    Returns
    -------
    dict
        ``{"towards", "space", "base", "total", "rest", "absolute", "features": [{"feature", "contribution", "rank",
        …}]}``, for one row with the ``value`` (and unit) of each feature, for several with ``rows``; ``sample`` is the
        number of rows looked at, where that is not all. Estimates (``estimated``) have a ``standard_error``, and
        ``rank_open`` where it does not tell them from another one. ``base`` and all contributions add up to ``total``.

    Raises
    ------
    ToolError
        There is no such label.
    """
    known, bundle = cohort.schema.labels, cohort.rows.bundle
    if label is not None and label not in known:
        raise ToolError(f"There is no label {label!r}.", hint=did_you_mean(label, known))
    towards = label or known[int(np.bincount(cohort.predicted, minlength=len(known)).argmax())]
    if len(cohort) == 1:
        return _one(cohort, towards, top)
    positions = cohort.sample(ROWS_FOR_IMPORTANCE[bundle.predictor.kind])
    X, at = cohort.X[positions], known.index(towards)  # noqa: N806
    base, contributions, errors = bundle.attributor.contributions(X, at)
    total = float(bundle.attributor.totals(X, at).mean())
    of_mean = None if errors is None else errors.mean(axis=0)  # at most: rows share their draws
    clear = bundle.attributor.clear(len(X))
    found = _listed(cohort, contributions.mean(axis=0), base, total, top, clear, errors=of_mean)
    counts = {"rows": len(cohort)} | ({"sample": len(positions)} if len(positions) < len(cohort) else {})
    return {"towards": towards, "space": bundle.attributor.space, **found, **counts}


def _one(cohort: Cohort, towards: str, top: int | None) -> Json:
    attributor = cohort.rows.bundle.attributor
    found = attributor.explain(cohort.X[0], towards)
    row, clear = cohort.cells(0), attributor.clear(1)
    listed = _listed(cohort, found.contributions, found.base, found.total, top, clear, row, found.errors)
    return {"towards": found.towards, "space": found.space, **listed}


def _listed(
    cohort: Cohort,
    contributions: Floats,
    base: float,
    total: float,
    top: int | None,
    clear: float,
    row: Row | None = None,
    errors: Floats | None = None,
) -> Json:
    """Return the sums, and the largest contributions, ties by column order; of one row with its values.

    Of estimated ones only those are listed that exceed `clear` standard errors: the others are in ``rest``.
    """
    features, absolute = cohort.schema.features, float(np.abs(contributions).sum())
    parts = [float(c) if abs(c) > NEGLIGIBLE * absolute else 0.0 for c in contributions]
    order = sorted(range(len(parts)), key=lambda i: (-abs(round(parts[i] / (absolute or 1), 12)), i))
    if errors is not None:
        order = [i for i in order if abs(parts[i]) > clear * errors[i]]
    listed = order[: max(DEFAULT_TOP, top or 0)]
    estimated = [_estimate(i, order, parts, errors, clear) for i in listed]
    entries = [
        {"feature": features[i].name}
        | ({"value": row[features[i].name]} if row is not None else {})
        | {"contribution": parts[i], "rank": rank}
        | ({"unit": features[i].unit} if row is not None and features[i].unit else {})
        | estimated[rank]
        for rank, i in enumerate(listed)
    ]
    rest = float(total - base - sum(parts[i] for i in listed))
    found = {"base": float(base), "total": float(total), "rest": rest, "absolute": absolute, "features": entries}
    return found if errors is None else found | {"estimated": True}


def _estimate(i: int, order: Sequence[int], parts: Sequence[float], errors: Floats | None, clear: float) -> Json:
    """Return the standard error of a contribution, and whether that leaves its rank open."""
    if errors is None:
        return {}
    others = [other for other in order if other != i]
    open_rank = any(
        abs(abs(parts[i]) - abs(parts[other])) <= clear * float(np.hypot(errors[i], errors[other])) for other in others
    )
    return {"standard_error": float(errors[i])} | ({"rank_open": True} if open_rank else {})


def importance(cohort: Cohort, feature: str | None = None, top: int | None = None) -> Json:
    """Return the features by their mean absolute contribution; over a table's own training rows as stored at fit.

    Parameters
    ----------
    cohort : Cohort
    feature : str, optional
        Only this one, with its rank.
    top : int, optional
        How many; ten by default.

    Returns
    -------
    dict
        ``{"features": [{"feature", "importance", "rank"}], "rows"}`` or ``{"feature", "importance", "rank", "of",
        "rows"}``; ``sample`` is the number of rows looked at, where that is not all.

    Raises
    ------
    ToolError
        There is no such feature.
    """
    names = cohort.schema.names
    if feature is not None and feature not in names:
        raise ToolError(f"there is no feature {feature!r}.", hint=did_you_mean(feature, names))
    ranking, counts = _ranking(cohort)
    if feature is None:
        return {"features": list(ranking[: top or DEFAULT_TOP]), **counts}
    entry = next(entry for entry in ranking if entry["feature"] == feature)
    return {**entry, "of": len(names), **counts}


def _ranking(cohort: Cohort) -> tuple[Sequence[Json], dict[str, int]]:
    bundle: Bundle = cohort.rows.bundle
    most = ROWS_FOR_IMPORTANCE[bundle.predictor.kind]
    if cohort.whole and cohort.rows.given is None:
        rows = int(bundle.train.sum())
        return bundle.importance, {"rows": rows} | ({"sample": most} if most < rows else {})
    positions = cohort.sample(most)
    counts = {"rows": len(cohort)} | ({"sample": len(positions)} if len(positions) < len(cohort) else {})
    return bundle.attributor.global_importance(cohort.X[positions]), counts
