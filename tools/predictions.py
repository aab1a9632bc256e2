"""What the predictor says of the rows of a cohort, and what is true of them: predict, probability, labels."""

from typing import Any

import numpy as np

from tools.cohort import Cohort
from tools.given import Codes

__all__ = ["labels", "predict", "probability"]

Json = dict[str, Any]


def predict(cohort: Cohort) -> Json:
    """Return the label of one row, or the share of each label among several; after changes, those before them too.

    Returns
    -------
    dict
        ``{"label", "rows": 1}`` or ``{"shares": {label: share}, "rows"}``, with ``"before": {"label" or "shares"}``.
    """
    found = _labelled(cohort, cohort.predicted) | {"rows": len(cohort)}
    if not cohort.changes:
        return found
    return found | {"before": _labelled(cohort, cohort.before.predicted)}


def _labelled(cohort: Cohort, codes: Codes) -> Json:
    known = cohort.schema.labels
    if len(codes) == 1:
        return {"label": known[int(codes[0])]}
    counts = np.bincount(codes, minlength=len(known))
    return {"shares": {label: int(count) / len(codes) for label, count in zip(known, counts, strict=True)}}


def probability(cohort: Cohort) -> Json:
    """Return the calibrated probability of each label for one row, or mean and spread over several.

    Returns
    -------
    dict
        ``{label: p}`` or ``{label: {"mean", "std"}, …, "rows"}``; `std` is that of all the rows (n).
    """
    known, found = cohort.schema.labels, cohort.probabilities
    if len(found) == 1:
        return {label: float(p) for label, p in zip(known, found[0], strict=True)}
    spread = zip(known, found.mean(axis=0), found.std(axis=0), strict=True)
    return {label: {"mean": float(mean), "std": float(std)} for label, mean, std in spread} | {"rows": len(found)}


def labels(cohort: Cohort) -> Json:
    """Return the true label of one row, or share and number of each among several.

    Raises
    ------
    ToolError
        The table has no labels, or one of the rows has none.
    """
    known, y = cohort.schema.labels, cohort.labels()
    if len(y) == 1:
        return {"label": known[int(y[0])], "rows": 1}
    counts = np.bincount(y, minlength=len(known)).tolist()
    shares = {label: count / len(y) for label, count in zip(known, counts, strict=True)}
    return {"shares": shares, "counts": dict(zip(known, counts, strict=True)), "rows": len(y)}
