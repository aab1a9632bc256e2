"""Statistics of one column over the rows of a cohort: as those of the training rows, which `statistics.py` stores."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.cohort import Cohort
from tools.columns import Categories
from tools.errors import TableError, ToolError, did_you_mean
from tools.feature import Feature
from tools.given import Codes
from tools.kinds import checked_number
from tools.models import Floats
from tools.statistics import numeric_summary, place
from tools.table import Cell

__all__ = ["feature_stats"]

Json = dict[str, Any]


def feature_stats(cohort: Cohort, feature: str, value: Cell = None) -> Json:
    """Return what is known of one column over the rows of a cohort, and where a value lies in it.

    Parameters
    ----------
    cohort : Cohort
    feature : str
        A feature, or the target.
    value : number or text, optional
        As `Statistics.feature_stats`.

    Returns
    -------
    dict
        As `Statistics.feature_stats`, with ``rows``; ``by_label`` is empty where the table has no labels.

    Raises
    ------
    ToolError
        There is no such column, or the value does not fit it.
    """
    schema = cohort.schema
    if feature == schema.target and feature not in schema.by_name:
        return _target(cohort, value)
    if feature not in schema.by_name:
        raise ToolError(f"there is no feature {feature!r}.", hint=did_you_mean(feature, [*schema.names, schema.target]))
    at = schema.names.index(feature)
    about, column = cohort.rows.features[at], cohort.feature(at)
    known = {"unit": about.unit, "description": about.description, "rows": len(cohort)}
    answer = {"feature": feature, "kind": about.kind, **known}
    groups = {label: column[rows] for label, rows in _groups(cohort).items()}
    if about.kind == "numeric":
        return answer | _numbers(about, column, groups, value)
    return answer | _categories(about, column, groups, value)


def _target(cohort: Cohort, value: Cell) -> Json:
    schema = cohort.schema
    if value is not None:
        raise ToolError(f"{schema.target!r} is the target.", hint="Ask for it without a value.")
    cohort.rows.role("label")
    counts = {label: len(rows) for label, rows in _groups(cohort).items()}
    count = sum(counts.values())
    shares = {label: number / count if count else 0.0 for label, number in counts.items()}
    described = {"description": schema.target_words.description} if schema.target_words.description else {}
    overall = {"count": count, "shares": shares}
    return {"feature": schema.target, "kind": "label", **described, "rows": len(cohort), "overall": overall}


def _groups(cohort: Cohort) -> dict[str, Codes]:
    """Return the positions of the rows with each label; none where the table has no labels."""
    if cohort.rows.y is None:
        return {}
    y = cohort.rows.y[cohort.numbers]
    return {label: np.flatnonzero(y == code) for code, label in enumerate(cohort.schema.labels)}


@dataclass(frozen=True)
class _Ordered:
    """Values in ascending order, and how many lie below one."""

    values: Floats

    def counts(self, value: float) -> tuple[int, int]:
        """Return how many values are smaller, and how many no larger."""
        return tuple(int(np.searchsorted(self.values, value, side)) for side in ("left", "right"))  # type: ignore[return-value]


def _numbers(feature: Feature, column: Floats, groups: dict[str, Floats], value: Cell) -> Json:
    ordered = {label: np.sort(part[~np.isnan(part)]) for label, part in groups.items()}
    whole = np.sort(column[~np.isnan(column)])
    overall = numeric_summary(whole, len(column) - len(whole))
    by_label = {label: numeric_summary(part, len(groups[label]) - len(part)) for label, part in ordered.items()}
    found = {"overall": overall, "by_label": by_label}
    if value is None:
        return found
    try:
        number = checked_number(feature.name, value)
    except TableError as error:
        raise ToolError(error.message, hint="Give a number.") from error
    places = {label: place(number, by_label[label], _Ordered(part)) for label, part in ordered.items()}
    shown = int(number) if feature.integer and number.is_integer() else number
    return {**found, "value": shown, **place(number, overall, _Ordered(whole)), "value_by_label": places}


def _categories(feature: Feature, column: Floats, groups: dict[str, Floats], value: Cell) -> Json:
    overall = _shares(feature, column)
    by_label = {label: _shares(feature, part) for label, part in groups.items()}
    found = {"overall": overall, "by_label": by_label}
    if value is None:
        return found
    text = str(Categories(feature.name, column, feature.categories, feature.kind == "boolean").check("==", value))
    share_by_label = {label: part["shares"][text] for label, part in by_label.items()}
    return {**found, "value": text, "share": overall["shares"][text], "share_by_label": share_by_label}


def _shares(feature: Feature, column: Floats) -> Json:
    present = column[~np.isnan(column)].astype(np.int64)
    counts = np.bincount(present, minlength=len(feature.categories)).tolist()
    shares = {
        name: n / len(present) if len(present) else 0.0 for name, n in zip(feature.categories, counts, strict=True)
    }
    return {"count": len(present), "missing": len(column) - len(present), "shares": shares}
