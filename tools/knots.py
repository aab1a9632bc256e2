"""Sorted values of numeric columns with the number of rows below each: what percentiles are read off.

Up to 4096 distinct values all are kept, and counts are exact. Of more, those are kept at which a percentage of one
decimal changes, and all of the lowest and the highest thousandth: counts are exact at these knots, and between them as
exact as they are shown. In Parquet, a row group for each column, read when it is first asked for.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tools.models import Floats

__all__ = ["Knots", "KnotsFile"]

MOST_KNOTS = 4096
_LISTS = {"values": pa.float64(), "below": pa.int64(), "upto": pa.int64()}
_SCHEMA = pa.schema([(name, pa.list_(kind)) for name, kind in _LISTS.items()])


@dataclass(frozen=True)
class Knots:
    """Values of one column, over one group of rows.

    Parameters
    ----------
    values : ndarray, shape (k,)
        Ascending and distinct.
    below, upto : ndarray of int, shape (k,)
        How many rows have a smaller value; a smaller one or this one.

    Examples
    --------
    >>> Knots.of(np.array([1.0, 2.0, 2.0, 5.0])).counts(2.0), Knots.of(np.array([1.0, 2.0])).counts(9.0)
    ((1, 3), (2, 2))
    """

    values: Floats
    below: NDArray[np.int64]
    upto: NDArray[np.int64]

    @classmethod
    def of(cls, ordered: Floats) -> Self:
        """Choose them from all values in ascending order, shape (n,)."""
        values = np.unique(ordered)
        if len(values) > MOST_KNOTS:
            values = np.unique(ordered[_ranks(len(ordered))])
        return cls(values, np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right"))

    def counts(self, value: float) -> tuple[float, float]:
        """Return how many rows have a smaller value, and how many no larger one; between two knots, the middle."""
        at = int(np.searchsorted(self.values, value))
        if at < len(self.values) and self.values[at] == value:
            return int(self.below[at]), int(self.upto[at])
        low = int(self.upto[at - 1]) if at else 0
        high = int(self.below[at]) if at < len(self.values) else int(self.upto[-1])
        middle = low if low == high else (low + high) / 2  # equal where all values are knots
        return middle, middle


class KnotsFile:
    """The knots of all numeric columns, of each over all rows and then over the rows of each label.

    Parameters
    ----------
    data : bytes
        What `pack` returned.
    columns : sequence of str
        The numeric columns, in order.
    """

    def __init__(self, data: bytes, columns: Sequence[str]) -> None:
        self._file = pq.ParquetFile(pa.BufferReader(data))
        self._position = {column: position for position, column in enumerate(columns)}
        self._read: dict[str, list[Knots]] = {}
        if self._file.schema_arrow.names != _SCHEMA.names or self._file.num_row_groups != len(columns):
            raise ValueError("other columns")

    @staticmethod
    def pack(knots: Mapping[str, Sequence[Knots]]) -> bytes:
        """Return the knots of each column, over all rows and per label, in Parquet."""
        packed = io.BytesIO()
        with pq.ParquetWriter(packed, _SCHEMA) as writer:
            for groups in knots.values():
                lists = {name: [getattr(group, name) for group in groups] for name in _LISTS}
                writer.write_table(pa.table(lists, schema=_SCHEMA))
        return packed.getvalue()

    def __getitem__(self, column: str) -> list[Knots]:
        if column not in self._read:
            table = self._file.read_row_group(self._position[column])
            parts = [[part.values.to_numpy() for part in table[name]] for name in _LISTS]
            self._read[column] = [Knots(*lists) for lists in zip(*parts, strict=True)]
        return self._read[column]


def _ranks(n: int) -> NDArray[np.int64]:
    """Return the ranks that tell percentages apart as they are shown: one decimal, and every row near 0 and 100."""
    borders = np.floor(n * (np.arange(1000) + 0.5) / 1000).astype(np.int64)
    tail = np.arange(min(n, n // 1000 + 3))
    return np.asarray(np.clip(np.concatenate([borders - 1, borders, tail, n - 1 - tail]), 0, n - 1))
