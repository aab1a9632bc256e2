"""Another table than the bundle's own: its rows as numbers, with labels and ids where it has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.errors import TableError, did_you_mean
from tools.feature import Feature
from tools.kinds import text_of
from tools.models import Floats
from tools.schema import Row, Schema
from tools.table import cells, located

__all__ = ["Codes", "Given"]

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Given:
    """A table that was given.

    Parameters
    ----------
    features : tuple of Feature
        The schema's, with the categories that training has not seen behind the others.
    values : ndarray, shape (n, d)
        The rows as numbers, as `Schema.encode` with these features.
    y : ndarray, shape (n,), or None
        Label indices, -1 where a row has none; None where the table has no labels.
    ids : tuple of str or None
    """

    features: tuple[Feature, ...]
    values: Floats
    y: Codes | None
    ids: tuple[str, ...] | None

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> Self:
        """Check a table against the schema.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_columns)
            As read. The target and the id column may be absent, and single labels missing.

        Raises
        ------
        TableError
            A feature is absent or holds what it cannot hold, a label is unknown, or a row has no id.

        Examples
        --------
        >>> table = pd.DataFrame({"kind": list("pqr") * 4, "class": list("ab") * 6})
        >>> schema = Schema.infer(table, "class")
        >>> given = Given.of(pd.DataFrame({"kind": ["p", "new"]}), schema)
        >>> given.values[:, 0], given.features[0].categories, given.y
        (array([0., 3.]), ('p', 'q', 'r', 'new'), None)
        """
        with located(frame):
            checked = schema.check(frame).frame
            y = _labels(frame, schema) if schema.target in frame.columns else None
            ids = schema.row_ids(frame)
        features = tuple(_extended(feature, checked[feature.name]) for feature in schema.features)
        values = Schema(target=schema.target, labels=schema.labels, features=features).encode(checked)
        return cls(features, values, y, ids)

    @classmethod
    def one(cls, row: Row, schema: Schema) -> Self:
        """Return a table of one row, as `Schema.check_row` returns it."""
        features = tuple(_extended(feature, [row[feature.name]]) for feature in schema.features)
        if features != schema.features:
            schema = Schema(target=schema.target, labels=schema.labels, features=features)
        return cls(features, schema.encode_row(row)[None], None, None)


def _extended(feature: Feature, values: Iterable[Any]) -> Feature:
    """Return a feature with the categories that training has not seen behind the others."""
    if feature.kind == "numeric":
        return feature
    new = sorted({value for value in values if value is not None} - set(feature.categories))
    return Feature(**feature.model_dump() | {"categories": (*feature.categories, *new)}) if new else feature


def _labels(frame: pd.DataFrame, schema: Schema) -> Codes:
    """Return the index of each row's label, -1 where it is missing."""
    index = {label: position for position, label in enumerate(schema.labels)}
    found = np.full(len(frame), -1, dtype=np.int64)
    for row, value in enumerate(cells(frame[schema.target])):
        if value is not None and text_of(value) not in index:
            hint = did_you_mean(text_of(value)[:200], schema.labels)
            raise TableError(f"{text_of(value)[:60]!r} is no label.", column=schema.target, row=row, hint=hint)
        found[row] = -1 if value is None else index[text_of(value)]
    return found
