"""The most similar labelled training rows.

Distance is Euclidean over standardised numbers and, for categories, indicators scaled by 1/√2, so that two different
categories are 1 apart; a missing value counts as the column's mean. Knows nothing about predictions.
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from tools.errors import ToolError
from tools.models import Floats
from tools.sampling import stratified
from tools.schema import Schema

__all__ = ["Neighbours", "searched"]

MOST_ROWS = 50_000
MOST_NEIGHBOURS = 100
DIGITS = 9  # decimals of a distance that count: rows closer than that are ties


def searched(y: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the positions of the rows that are searched: all of them, or a stratified sample of 50,000."""
    return stratified(y, MOST_ROWS, seed)


class Neighbours:
    """Finds similar training rows.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Encoded rows, as `searched` chose them.
    y : ndarray, shape (n,)
        Label indices.
    ids : sequence of str or None
        Id of each row.
    schema : Schema
    rows : ndarray, shape (n,)
        Row number of each row in its table.
    sampled : bool
        They are a sample, and results say so.
    """

    def __init__(
        self,
        X: Floats,
        y: NDArray[np.int64],
        ids: Sequence[str] | None,
        schema: Schema,
        rows: NDArray[np.int64],
        *,
        sampled: bool = False,
    ) -> None:
        self.schema, self.rows, self.y, self.ids, self.sampled = schema, rows, y, ids, sampled
        self._X = X
        self._mean, self._scale = _mean_and_scale(_spread(X, schema), schema)

    def without(self, row: int) -> "Neighbours":
        """Return the search among the other rows."""
        kept = np.flatnonzero(self.rows != row)
        ids = None if self.ids is None else [self.ids[int(at)] for at in kept]
        return Neighbours(self._X[kept], self.y[kept], ids, self.schema, self.rows[kept], sampled=self.sampled)

    @cached_property
    def _points(self) -> Floats:
        return self._to_points(self._X)

    @cached_property
    def _index(self) -> NearestNeighbors:
        return NearestNeighbors(algorithm="kd_tree").fit(self._points)  # without threads that wait in a spin

    def _to_points(self, X: Floats) -> Floats:
        wide = _spread(X, self.schema)
        return np.asarray(np.where(np.isnan(wide), 0.0, (wide - self._mean) / self._scale))

    def similar(self, x: Floats, k: int = 5, without: int | None = None) -> dict[str, Any]:
        """Return the k nearest training rows, nearest first, ties by row number.

        Parameters
        ----------
        x : ndarray, shape (d,)
            Encoded row.
        k : int
            1 to 100.
        without : int, optional
            Number of a row that is left out: the one asked about, where it is one of them.

        Returns
        -------
        dict
            ``{"k", "rows": [{"row", "id"?, "label", "distance"}], "labels": {label: count}}``, and, where it is not 0,
            ``"sample"``: the number of rows searched, where that is not all; ``"tied"``: how many more rows are as near
            as the last one.

        Raises
        ------
        ToolError
            k is not between 1 and 100.
        """
        if not 1 <= k <= MOST_NEIGHBOURS:
            raise ToolError(f"k is {k}.", hint=f"Ask for 1 to {MOST_NEIGHBOURS} rows.")
        own = without is not None and bool((self.rows == without).any())
        k = min(k, len(self.y) - own)
        nearest, distances = self._nearest(self._to_points(x[None, :]), k + own)
        if own:
            others = self.rows[nearest] != without
            nearest, distances = nearest[others], distances[others]
        tied = int((distances[k:] == distances[k - 1]).sum())
        found = [
            {
                "row": int(self.rows[position]),
                **({"id": self.ids[position]} if self.ids is not None else {}),
                "label": self.schema.labels[self.y[position]],
                "distance": float(distance),
            }
            for position, distance in zip(nearest[:k], distances[:k], strict=True)
        ]
        counts = Counter(neighbour["label"] for neighbour in found)
        answer = {"k": k, "rows": found, "labels": {label: counts[label] for label in self.schema.labels}}
        more = {"sample": len(self.y) if self.sampled else 0, "tied": tied}
        return answer | {key: count for key, count in more.items() if count}

    def _nearest(self, point: Floats, k: int) -> tuple[NDArray[np.int64], Floats]:
        """Return the k nearest rows and a little beyond, ordered by rounded distance and row number."""
        reach = self._index.kneighbors(point, k)[0][0, -1] * (1 + 1e-9) + 10.0**-DIGITS
        near = np.sort(self._index.radius_neighbors(point, reach, return_distance=False)[0])
        distances = np.round(np.sqrt(((self._points[near] - point) ** 2).sum(axis=1)), DIGITS)
        order = np.argsort(distances, kind="stable")
        return near[order], distances[order]


def _spread(X: Floats, schema: Schema) -> Floats:
    """Return numbers as they are and one indicator column per category, shape (n, wide)."""
    parts = []
    for column, feature in zip(X.T, schema.features, strict=True):
        indicators = column[:, None] == np.arange(len(feature.categories))
        indicators = np.where(np.isnan(column)[:, None], np.nan, indicators)
        parts.append(indicators if feature.categories else column[:, None])
    return np.hstack(parts)


def _mean_and_scale(wide: Floats, schema: Schema) -> tuple[Floats, Floats]:
    absent = np.isnan(wide)
    count = np.maximum((~absent).sum(axis=0), 1)
    mean = np.where(absent, 0.0, wide).sum(axis=0) / count
    spread = np.sqrt(np.where(absent, 0.0, (wide - mean) ** 2).sum(axis=0) / count)
    numeric = np.concatenate(
        [[not feature.categories] * max(len(feature.categories), 1) for feature in schema.features]
    )
    return mean, np.where(numeric, np.where(spread > 0, spread, 1.0), np.sqrt(2.0))
