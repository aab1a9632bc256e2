"""What a condition may ask of one column: numbers, categories or ids, each of which checks a value and finds the rows.

Vectorised: a condition costs a comparison of arrays. Knows nothing about how conditions are joined (`where.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tools.errors import TableError, ToolError, did_you_mean
from tools.kinds import checked_number, text_of
from tools.models import Floats

__all__ = ["SIGNS", "Categories", "Column", "Ids", "Mask", "Numbers"]

Mask = NDArray[np.bool_]
Value = str | float | int | bool

SIGNS = ("==", "!=", ">", ">=", "<", "<=", "in")
ORDERING = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}


class Column(Protocol):
    """One column of the rows that a condition is about."""

    def check(self, sign: str, value: Any) -> Value:
        """Return one value as the column holds it; a ToolError says why it does not fit."""

    def present(self) -> Mask:
        """Tell where a cell is not missing, shape (n,)."""

    def one_of(self, values: Sequence[Value]) -> Mask:
        """Tell where a cell is one of some checked values, shape (n,)."""

    def compare(self, sign: str, value: Value) -> Mask:
        """Tell where a cell is above or below a checked value, shape (n,)."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers, NaN where missing.

    Examples
    --------
    >>> ages = Numbers("age", np.array([20.0, np.nan, 60.0]))
    >>> ages.compare(">", ages.check(">", "30"))
    array([False, False,  True])
    """

    name: str
    values: Floats

    def check(self, sign: str, value: Any) -> Value:  # noqa: ARG002 - numbers take every sign
        """Return the number; a text that is one counts."""
        return _number(self.name, value)

    def present(self) -> Mask:
        """Tell where a cell is not missing."""
        return np.asarray(~np.isnan(self.values))

    def one_of(self, values: Sequence[Value]) -> Mask:
        """Tell where a cell is one of some numbers."""
        if len(values) == 1:
            return np.asarray(self.values == values[0])
        return np.isin(self.values, np.array(values, dtype=np.float64))

    def compare(self, sign: str, value: Value) -> Mask:
        """Tell where a cell is above or below a number."""
        return np.asarray(ORDERING[sign](self.values, value))


@dataclass(frozen=True)
class Categories:
    """A column of categories as their positions; NaN, or less than 0, where missing.

    Examples
    --------
    >>> sexes = Categories("sex", np.array([0.0, 1.0, np.nan]), ("f", "m"))
    >>> sexes.one_of([sexes.check("==", "m")])
    array([False,  True, False])
    >>> sexes.check(">", "m")
    Traceback (most recent call last):
    tools.errors.ToolError: 'sex' holds categories, which have no order. Use ==, != or in.
    """

    name: str
    codes: Floats | NDArray[np.int64]
    texts: tuple[str, ...]
    boolean: bool = False

    def check(self, sign: str, value: Any) -> Value:
        """Return the category; true and false stand for the two of a boolean column."""
        if sign in ORDERING:
            raise ToolError(f"{self.name!r} holds categories, which have no order.", hint="Use ==, != or in.")
        text = text_of(value)
        if text in self.texts:
            return text
        if self.boolean and isinstance(value, bool):
            return self.texts[value]  # the false-like comes first
        hint = did_you_mean(text[:200], self.texts)
        raise ToolError(f"{text[:60]!r} is no value of {self.name!r}.", hint=hint)

    def present(self) -> Mask:
        """Tell where a cell is not missing."""
        return np.asarray(self.codes >= 0)  # NaN is not

    def one_of(self, values: Sequence[Value]) -> Mask:
        """Tell where a cell is one of some categories."""
        found = np.zeros(len(self.codes), dtype=np.bool_)
        for value in values:
            found |= self.codes == self.texts.index(str(value))
        return found

    def compare(self, sign: str, value: Value) -> Mask:
        """Categories have no order; `check` has refused the sign."""
        raise NotImplementedError(sign, value)


@dataclass(frozen=True)
class Ids:
    """The ids of the rows: texts, so that 7 finds "7"; where all are numbers, they have an order.

    Examples
    --------
    >>> ids = Ids("patient", ("7", "12", "7"))
    >>> ids.one_of([ids.check("==", 7)])
    array([ True, False,  True])
    >>> ids.compare(">", ids.check(">", 9))
    array([False,  True, False])
    """

    name: str
    texts: tuple[str, ...]

    def check(self, sign: str, value: Any) -> Value:
        """Return the id as it was given; for an order, as a number."""
        if sign in ORDERING:
            if self._numbers is None:
                raise ToolError(f"not every {self.name!r} is a number.", hint="Use ==, != or in.")
            return _number(self.name, value)
        if isinstance(value, bool):
            raise ToolError(f"{value} is no id.", hint="Give a text or a number.")
        checked: Value = value
        return checked

    def present(self) -> Mask:
        """Every row has an id."""
        return np.ones(len(self.texts), dtype=np.bool_)

    def one_of(self, values: Sequence[Value]) -> Mask:
        """Tell which rows have one of some ids."""
        wanted = pa.array([text_of(value) for value in values], pa.string())
        return np.asarray(pc.is_in(self._array, value_set=wanted))

    def compare(self, sign: str, value: Value) -> Mask:
        """Tell which rows have an id above or below a number."""
        assert self._numbers is not None  # noqa: S101 - `check` has refused the sign
        return np.asarray(ORDERING[sign](self._numbers, value))

    @cached_property
    def _array(self) -> pa.Array:
        return pa.array(self.texts, pa.string())

    @cached_property
    def _numbers(self) -> Floats | None:
        try:
            return np.asarray(self._array.cast(pa.float64()))
        except pa.ArrowException:
            return None


def _number(name: str, value: Any) -> float | int:
    """Return a number as it is, or that of a text."""
    try:
        number = checked_number(name, value)
    except TableError as error:
        raise ToolError(error.message, hint=error.hint) from error
    if np.isnan(number):
        raise ToolError(f"{name!r} is compared with no number.", hint="Give a number, or null with == or !=.")
    return value if isinstance(value, int | float) else number
