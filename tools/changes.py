"""What-if changes: single values of rows set, increased or decreased, on copies."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tools.columns import Categories
from tools.errors import TableError, ToolError, did_you_mean
from tools.feature import Feature
from tools.kinds import checked_number
from tools.models import Floats

__all__ = ["Change", "changed"]


class Change(BaseModel):
    """One change of a feature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str = Field(description="a feature")
    action: Literal["set", "increase", "decrease"]
    value: float | int | str | bool | None = Field(description="the new value, or by how much a number changes")


def changed(values: Floats, changes: Sequence[Change], features: Sequence[Feature]) -> Floats:
    """Return rows with the changes applied, in their order; a missing number stays missing unless it is set.

    Parameters
    ----------
    values : ndarray, shape (n, d)
        Rows as numbers, as `Schema.encode`; they stay as they are.
    changes : sequence of Change
    features : sequence of Feature
        Of the columns.

    Raises
    ------
    ToolError
        There is no such feature, or the value does not fit it.

    Examples
    --------
    >>> age = Feature(name="age", kind="numeric")
    >>> changed(np.array([[20.0], [np.nan]]), [Change(column="age", action="increase", value=3)], [age])
    array([[23.],
           [nan]])
    >>> changed(np.array([[20.0]]), [Change(column="aeg", action="set", value=3)], [age])
    Traceback (most recent call last):
    tools.errors.ToolError: changes: there is no feature 'aeg'. Did you mean 'age'?
    """
    if not changes:
        return values
    names = [feature.name for feature in features]
    rows = values.copy()
    for change in changes:
        if change.column not in names:
            hint = did_you_mean(change.column[:200], names)
            raise ToolError(f"changes: there is no feature {change.column[:60]!r}.", hint=hint)
        position = names.index(change.column)
        rows[:, position] = _moved(rows[:, position], change, features[position])
    return rows


def _moved(column: Floats, change: Change, feature: Feature) -> Any:
    if change.action == "set" and change.value is None:
        return np.nan
    if feature.kind != "numeric":
        if change.action != "set":
            hint = "Use the action set."
            raise ToolError(f"changes: {feature.name!r} holds categories, which do not {change.action}.", hint=hint)
        known = Categories(feature.name, column, feature.categories, feature.kind == "boolean")
        return float(feature.codes[str(known.check("==", change.value))])
    try:
        number = checked_number(feature.name, change.value)
    except TableError as error:
        raise ToolError(f"changes: {error.message}", hint="Give a number.") from error
    if np.isnan(number):
        raise ToolError(f"changes: {feature.name!r} needs a number to {change.action}.", hint="Give a number.")
    return number if change.action == "set" else column + (number if change.action == "increase" else -number)
