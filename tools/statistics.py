"""Statistics of each feature over the training rows, overall and per label, computed once and stored.

What a question costs does not depend on the number of rows. Numbers keep every distinct value up to 4096 of them, so
counts below a value are exact. Beyond, they keep the values at which a percentage of one decimal changes, and every
value of the lowest and the highest thousandth: counts are exact there, and between them to one decimal of a percent.
Knows nothing about predictions or single rows.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.errors import TableError, ToolError, did_you_mean
from tools.kinds import checked_number, text_of
from tools.models import Floats
from tools.schema import Feature, Schema
from tools.table import Cell

__all__ = ["Statistics"]

MOST_KNOTS = 4096
Json = dict[str, Any]


class Statistics:
    """Statistics of the training rows.

    Parameters
    ----------
    schema : Schema
    stored : dict
        What `compute` found; plain JSON.

    Examples
    --------
    >>> rows = pd.DataFrame({"size": [1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10], "class": list("aaaaabbbbb")})
    >>> schema = Schema.infer(rows, "class")
    >>> statistics = Statistics.compute(schema.check(rows).frame, schema.label_indices(rows), schema)
    >>> answer = statistics.feature_stats("size", 4)
    >>> answer["percentile"], answer["overall"]["median"], answer["value_by_label"]["a"]["above"]
    (35.0, 5.5, 20.0)
    """

    def __init__(self, schema: Schema, stored: Json) -> None:
        self.schema = schema
        self.stored = stored

    @classmethod
    def compute(cls, frame: pd.DataFrame, y: NDArray[np.int64], schema: Schema) -> Self:
        """Compute them from checked rows.

        Parameters
        ----------
        frame : DataFrame, shape (n, d)
            As `Schema.check` returns it.
        y : ndarray, shape (n,)
            Label indices.
        """
        groups = {label: y == position for position, label in enumerate(schema.labels)}
        features = {}
        for feature in schema.features:
            column = frame[feature.name]
            summarise = _numeric if feature.kind == "numeric" else _categorical
            by_label = {label: summarise(column[rows], feature) for label, rows in groups.items()}
            features[feature.name] = {"overall": summarise(column, feature), "by_label": by_label}
        shares = {label: float(rows.mean()) for label, rows in groups.items()}
        return cls(schema, {"features": features, "target": {"count": len(y), "shares": shares}})

    def feature_stats(self, feature: str, value: Cell = None, *, of_row: bool = False) -> Json:
        """Return what is known of one feature, and where a value lies in it.

        Parameters
        ----------
        feature : str
            A feature, or the target.
        value : number or text, optional
            Adds, for a number, ``value, percentile, below, above, z_score`` and the last four per label; percentile is
            ``below`` plus half the rows with the same value, in percent (the mean rank); z_score is None where the
            standard deviation (n - 1) is 0 or unknown. For a category, its share, overall and per label.
        of_row : bool
            The value is a row's own, and may be a category that no training row has; otherwise that is an error.

        Raises
        ------
        ToolError
            There is no such feature, or the value does not fit it.
        """
        if feature == self.schema.target:
            if value is not None:
                raise ToolError(f"{feature!r} is the target.", hint="Ask for it without a value.")
            return {"feature": feature, "kind": "label", "overall": self.stored["target"]}
        if feature not in self.schema.by_name:
            hint = did_you_mean(feature, [*self.schema.names, self.schema.target])
            raise ToolError(f"there is no feature {feature!r}.", hint=hint)
        about, stored = self.schema.by_name[feature], self.stored["features"][feature]
        answer = {
            "feature": feature,
            "kind": about.kind,
            "unit": about.unit,
            "description": about.description,
            "overall": _shown(stored["overall"]),
            "by_label": {label: _shown(summary) for label, summary in stored["by_label"].items()},
        }
        if value is None:
            return answer
        if about.kind == "numeric":
            return answer | _place(about, value, stored)
        return answer | _share(about, text_of(value), stored, of_row=of_row)


def _shown(summary: Mapping[str, Any]) -> Json:
    return {key: value for key, value in summary.items() if key != "knots"}


def _numeric(column: "pd.Series[Any]", _: Feature) -> Json:
    values = np.sort(column.dropna().to_numpy(dtype=np.float64))
    summary: Json = {"count": len(values), "missing": len(column) - len(values)}
    if not len(values):
        nothing = dict.fromkeys(("mean", "std", "min", "q1", "median", "q3", "max"))
        return summary | nothing | {"knots": {"values": [], "below": [], "upto": []}}
    q1, median, q3 = (float(quantile) for quantile in np.quantile(values, [0.25, 0.5, 0.75]))
    # Summed in sorted order: the same digits whatever the order of the rows.
    summary |= {"mean": float(values.mean()), "std": float(values.std(ddof=1)) if len(values) > 1 else None}
    summary |= {"min": float(values[0]), "q1": q1, "median": median, "q3": q3, "max": float(values[-1])}
    return summary | {"knots": _knots(values)}


def _knots(values: Floats) -> Json:
    """Return distinct values, with the number of values below and up to each."""
    knots = np.unique(values)
    if len(knots) > MOST_KNOTS:
        knots = np.unique(values[_ranks(len(values))])
    below, upto = np.searchsorted(values, knots, "left"), np.searchsorted(values, knots, "right")
    return {"values": knots.tolist(), "below": below.tolist(), "upto": upto.tolist()}


def _ranks(n: int) -> NDArray[np.int64]:
    """Return the ranks that tell percentages apart as they are shown: one decimal, and every row near 0 and 100."""
    borders = np.floor(n * (np.arange(1000) + 0.5) / 1000).astype(np.int64)
    tail = np.arange(min(n, n // 1000 + 3))
    return np.asarray(np.clip(np.concatenate([borders - 1, borders, tail, n - 1 - tail]), 0, n - 1))


def _categorical(column: "pd.Series[Any]", feature: Feature) -> Json:
    count = int(column.notna().sum())
    found = column.value_counts()
    shares = {category: float(found.get(category, 0)) / count if count else 0.0 for category in feature.categories}
    return {"count": count, "missing": len(column) - count, "shares": shares}


def _place(feature: Feature, value: Cell, stored: Json) -> Json:
    try:
        number = checked_number(feature.name, value)
    except TableError as error:
        raise ToolError(error.message, hint="Give a number.") from error
    shown = int(number) if feature.integer and number.is_integer() else number
    by_label = {label: _position(number, summary) for label, summary in stored["by_label"].items()}
    return {"value": shown, **_position(number, stored["overall"]), "value_by_label": by_label}


def _position(value: float, summary: Json) -> Json:
    """Return percentile, below, above and z-score of a value; all None where a label has no value."""
    knots, count = summary["knots"], summary["count"]
    if not count:
        return dict.fromkeys(("percentile", "below", "above", "z_score"))
    at = int(np.searchsorted(knots["values"], value))
    if at < len(knots["values"]) and knots["values"][at] == value:
        below, upto = knots["below"][at], knots["upto"][at]
    else:  # between two knots, both counts lie between theirs; the same number when all values are knots
        low = knots["upto"][at - 1] if at else 0
        high = knots["below"][at] if at < len(knots["values"]) else count
        below = upto = (low + high) / 2
    return {
        "percentile": 100 * (below + upto) / (2 * count),
        "below": 100 * below / count,
        "above": 100 * (count - upto) / count,
        "z_score": (value - summary["mean"]) / summary["std"] if summary["std"] else None,
    }


def _share(feature: Feature, text: str, stored: Json, *, of_row: bool) -> Json:
    if text not in feature.codes and not of_row:
        hint = did_you_mean(text, feature.categories)
        raise ToolError(f"{text[:60]!r} is no category of {feature.name!r}.", hint=hint)
    by_label = {label: summary["shares"].get(text, 0.0) for label, summary in stored["by_label"].items()}
    return {"value": text, "share": stored["overall"]["shares"].get(text, 0.0), "share_by_label": by_label}
