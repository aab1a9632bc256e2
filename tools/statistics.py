"""Statistics of each feature over the training rows, overall and per label, computed once and stored.

What a question costs does not depend on the number of rows: percentiles are read off knots (`knots.py`).
Knows nothing about predictions or single rows.
"""

from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.errors import TableError, ToolError, did_you_mean
from tools.kinds import checked_number, text_of
from tools.knots import Knots, KnotsFile
from tools.models import Floats
from tools.schema import Feature, Schema
from tools.table import Cell

__all__ = ["Statistics", "numeric_summary", "place"]

NOISE = 1e-9  # of the largest value: a standard deviation below is none
Json = dict[str, Any]


class Statistics:
    """Statistics of the training rows.

    Parameters
    ----------
    schema : Schema
    stored : dict
        Summaries; plain JSON.
    knots : bytes
        Of the numeric columns, as `KnotsFile.pack` returns them.

    Examples
    --------
    >>> rows = pd.DataFrame({"size": [1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10], "class": list("aaaaabbbbb")})
    >>> schema = Schema.infer(rows, "class")
    >>> statistics = Statistics.compute(schema.check(rows).frame, schema.label_indices(rows), schema)
    >>> answer = statistics.feature_stats("size", 4)
    >>> answer["percentile"], answer["overall"]["median"], answer["value_by_label"]["a"]["above"]
    (35.0, 5.5, 20.0)
    """

    def __init__(self, schema: Schema, stored: Json, knots: bytes) -> None:
        if set(stored["features"]) != set(schema.names):
            raise ValueError("other columns")
        self.schema, self.stored, self.knots = schema, stored, knots
        self._knots = KnotsFile(knots, [feature.name for feature in schema.features if feature.kind == "numeric"])

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
        features: dict[str, Json] = {}
        knots: dict[str, list[Knots]] = {}
        for feature in schema.features:
            parts = [frame[feature.name], *(frame[feature.name][rows] for rows in groups.values())]
            if feature.kind == "numeric":
                ordered = [np.sort(part.dropna().to_numpy(dtype=np.float64)) for part in parts]
                knots[feature.name] = [Knots.of(values) for values in ordered]
                overall, *by_label = (
                    numeric_summary(values, len(p) - len(values)) for values, p in zip(ordered, parts, strict=True)
                )
            else:
                overall, *by_label = (_categorical(part, feature) for part in parts)
            features[feature.name] = {"overall": overall, "by_label": dict(zip(schema.labels, by_label, strict=True))}
        shares = {label: float(rows.mean()) for label, rows in groups.items()}
        stored = {"features": features, "target": {"count": len(y), "shares": shares}}
        return cls(schema, stored, KnotsFile.pack(knots))

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
            **stored,
        }
        if value is None:
            return answer
        if about.kind == "numeric":
            return answer | self._place(about, value)
        return answer | _share(about, text_of(value), stored, of_row=of_row)

    def observed(self, feature: str) -> Floats:
        """Return values of a numeric feature that training rows have, ascending: all, or 4096 of more (`knots.py`)."""
        return self._knots[feature][0].values

    def moments(self, feature: str) -> tuple[float | None, float | None]:
        """Return mean and standard deviation of a feature; None where there are none."""
        summary = self.stored["features"][feature]["overall"]
        return summary.get("mean"), summary.get("std")

    def _place(self, feature: Feature, value: Cell) -> Json:
        try:
            number = checked_number(feature.name, value)
        except TableError as error:
            raise ToolError(error.message, hint="Give a number.") from error
        shown = int(number) if feature.integer and number.is_integer() else number
        stored, (knots, *knots_by_label) = self.stored["features"][feature.name], self._knots[feature.name]
        summaries = zip(self.schema.labels, stored["by_label"].values(), knots_by_label, strict=True)
        by_label = {label: place(number, summary, group) for label, summary, group in summaries}
        return {"value": shown, **place(number, stored["overall"], knots), "value_by_label": by_label}


def numeric_summary(values: Floats, missing: int) -> Json:
    """Summarise the values of a column in ascending order, shape (n,)."""
    summary: Json = {"count": len(values), "missing": missing}
    if not len(values):
        return summary | dict.fromkeys(("mean", "std", "min", "q1", "median", "q3", "max"))
    q1, median, q3 = (float(quantile) for quantile in np.quantile(values, [0.25, 0.5, 0.75]))
    # Summed in sorted order: the same digits whatever the order of the rows.
    summary |= {"mean": float(values.mean()), "std": _deviation(values)}
    return summary | {"min": float(values[0]), "q1": q1, "median": median, "q3": q3, "max": float(values[-1])}


def _categorical(column: "pd.Series[Any]", feature: Feature) -> Json:
    count = int(column.notna().sum())
    found = column.value_counts()
    shares = {category: float(found.get(category, 0)) / count if count else 0.0 for category in feature.categories}
    return {"count": count, "missing": len(column) - count, "shares": shares}


def _deviation(values: Floats) -> float | None:
    """Return the standard deviation (n - 1); 0 where there is only rounding noise, None for a single value."""
    if len(values) < 2:
        return None
    std = float(values.std(ddof=1))
    return std if std > NOISE * max(abs(values[0]), abs(values[-1])) else 0.0


class _Counts(Protocol):
    """Values of which is known how many lie below one."""

    def counts(self, value: float) -> tuple[float, float]:
        """Return how many values are smaller, and how many no larger."""


def place(value: float, summary: Json, knots: _Counts) -> Json:
    """Return percentile, below, above and z-score of a value; all None where a label has no value."""
    count = summary["count"]
    if not count:
        return dict.fromkeys(("percentile", "below", "above", "z_score"))
    below, upto = knots.counts(value)
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
