"""All rows of a bundle's table, in Parquet: with their labels, their ids, and who trained the predictor.

Only what is asked for leaves the Arrow columns: one row of a million costs one row.
"""
# ruff: noqa: N802 - X is scikit-learn's name for a matrix of rows

import io
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tools.models import Floats
from tools.schema import Schema

__all__ = ["StoredRows"]

PREDICTION = "prediction"  # no feature has this name


class StoredRows:
    """The rows of a table, as checked.

    Parameters
    ----------
    data : bytes
        What `pack` returned.
    schema : Schema
        Of the same table.

    Examples
    --------
    >>> table = pd.DataFrame({"size": [1.5, 2.5] * 6, "class": list("ab") * 6})
    >>> schema = Schema.infer(table, "class")
    >>> y = schema.label_indices(table)
    >>> rows = StoredRows(StoredRows.pack(schema.check(table).frame, schema, y, np.array([0, 1]), None), schema)
    >>> len(rows), rows.encoded(np.array([1])), int(rows.train.sum())
    (12, array([[2.5]]), 10)
    """

    def __init__(self, data: bytes, schema: Schema) -> None:
        names = [*schema.names, "label", "split", *(["row_id"] if schema.id_column is not None else [])]
        self._schema = schema
        whole = pq.read_table(pa.BufferReader(data))
        self._table = whole.select(names)
        self._predicted = whole[PREDICTION] if PREDICTION in whole.column_names else None

    @staticmethod
    def pack(
        frame: pd.DataFrame,
        schema: Schema,
        y: NDArray[np.int64],
        held_out: NDArray[np.int64],
        ids: tuple[str, ...] | None,
        probabilities: Floats | None = None,
    ) -> bytes:
        """Return checked rows in Parquet.

        Parameters
        ----------
        frame : DataFrame, shape (n, d)
            As `Schema.check` returns it.
        y : ndarray, shape (n,)
            Label indices.
        held_out : ndarray
            Numbers of the rows that did not train the predictor.
        ids : tuple of str or None
        probabilities : ndarray, shape (n, k), optional
            What the predictor says of each row, where that takes long to find out again.
        """
        split = np.full(len(y), "train", dtype=object)
        split[held_out] = "held-out"
        columns: dict[str, Any] = {
            feature.name: frame[feature.name].tolist() if feature.categories else frame[feature.name].to_numpy()
            for feature in schema.features
        }
        columns |= {"label": [schema.labels[code] for code in y], "split": split.tolist()}
        columns |= {} if ids is None else {"row_id": list(ids)}
        if probabilities is not None:
            flat = pa.array(np.ascontiguousarray(probabilities).ravel())
            columns[PREDICTION] = pa.FixedSizeListArray.from_arrays(flat, probabilities.shape[1])
        packed = io.BytesIO()
        pq.write_table(pa.table(columns), packed)
        return packed.getvalue()

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as checked, in the order of the table, with ``label`` and ``split`` ("train" or "held-out")."""
        names = [*self._schema.names, "label", "split"]
        return pd.DataFrame({name: _series(self._table[name]) for name in names}, index=pd.RangeIndex(len(self)))

    @cached_property
    def ids(self) -> tuple[str, ...] | None:
        """Id of each row, where the table has an id column."""
        return tuple(self._table["row_id"].to_pylist()) if "row_id" in self._table.column_names else None

    @cached_property
    def X(self) -> Floats:
        """All rows encoded, shape (n, d)."""
        return self._encode(self._table)

    @cached_property
    def y(self) -> NDArray[np.int64]:
        """Label index of every row, shape (n,)."""
        return _codes(self._table["label"], self._schema.labels).astype(np.int64)

    @cached_property
    def train(self) -> NDArray[np.bool_]:
        """Which rows trained the predictor, shape (n,)."""
        return np.asarray(pc.equal(self._table["split"], "train"), dtype=np.bool_)

    @property
    def probabilities(self) -> Floats | None:
        """What the predictor says of each row, shape (n, k), where it was stored.

        Raises
        ------
        ValueError
            There are not as many for each row as there are labels.
        """
        if self._predicted is None:
            return None
        flat = self._predicted.combine_chunks().flatten()
        return np.asarray(flat.to_numpy(), dtype=np.float64).reshape(len(self), len(self._schema.labels))

    def encoded(self, numbers: NDArray[np.int64]) -> Floats:
        """Return the rows with these numbers, encoded as `Schema.encode` does, shape (len(numbers), d)."""
        return self._encode(self._table.take(pa.array(numbers)))

    def _encode(self, table: pa.Table) -> Floats:
        encoded = np.empty((table.num_rows, len(self._schema.features)))
        for position, feature in enumerate(self._schema.features):
            column = table[feature.name]
            encoded[:, position] = _codes(column, feature.categories) if feature.categories else column.to_numpy()
        return encoded


def _codes(column: pa.ChunkedArray, texts: tuple[str, ...]) -> Floats:
    """Return the position of each text, NaN where it is missing, shape (n,)."""
    found = pc.index_in(column.cast(pa.string()), value_set=pa.array(texts, pa.string()))
    return np.asarray(found.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _series(column: pa.ChunkedArray) -> "pd.Series[Any]":
    text = pa.types.is_string(column.type) or pa.types.is_null(column.type)
    return pd.Series(column.to_pylist(), dtype=object) if text else pd.Series(column.to_numpy())
