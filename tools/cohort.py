"""The rows that tools look at: all rows of a table, those of them that conditions select, and what-if changes of these.

The table is the bundle's own, or one that was given (with or without labels and ids). Whatever needs the values or the
predictions of rows asks a `Cohort`, which finds them out when they are first used. Knows nothing about single tools.
"""
# ruff: noqa: N802 - X is scikit-learn's name for a matrix of rows

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tools.bundle import Bundle
from tools.changes import Change, changed
from tools.columns import Categories, Column, Ids, Mask, Numbers
from tools.errors import ToolError, did_you_mean
from tools.feature import Feature, decoded
from tools.given import Codes, Given
from tools.models import Floats
from tools.schema import Schema
from tools.table import Cell
from tools.where import EVERY, Condition, Where, mask, matches, shown

__all__ = ["Cohort", "Given", "Rows"]


@dataclass(frozen=True)
class Rows:
    """A bundle's rows, or those of a table that was given.

    Parameters
    ----------
    bundle : Bundle
    given : Given, optional
        Another table than the bundle's own.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": [1.5, 2.5, None] * 6, "class": list("aab") * 6})
    >>> rows = Rows(Bundle.fit(table, "class", predictor="logistic"))
    >>> len(rows), rows.names
    (18, ('size', 'label', 'class', 'prediction', 'row', 'id'))
    """

    bundle: Bundle
    given: Given | None = None

    def __len__(self) -> int:
        return self.bundle.row_count if self.given is None else len(self.given.values)

    @property
    def schema(self) -> Schema:
        """The bundle's schema."""
        return self.bundle.schema

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features; with the categories of a given table that training has not seen behind the others."""
        return self.schema.features if self.given is None else self.given.features

    @property
    def values(self) -> Floats:
        """All rows as numbers, shape (n, d): as `Schema.encode`, but a category new to training has a code, too."""
        return self.bundle.X if self.given is None else self.given.values

    @property
    def y(self) -> Codes | None:
        """Label index of each row, -1 where it has none; None where the table has no labels."""
        return self.bundle.y if self.given is None else self.given.y

    @property
    def ids(self) -> tuple[str, ...] | None:
        """Id of each row, where the table has an id column."""
        return self.bundle.row_ids if self.given is None else self.given.ids

    @cached_property
    def probabilities(self) -> Floats:
        """What the predictor says of each row, shape (n, k)."""
        return self.bundle.probabilities if self.given is None else self.predict(self.given.values)

    @cached_property
    def predicted(self) -> Codes:
        """Index of the label that each row is predicted to have, shape (n,)."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def encoded(self, values: Floats) -> Floats:
        """Return rows as the predictor sees them: a category that it does not know is missing."""
        if self.given is None:
            return values
        known = np.array([len(feature.categories) or np.inf for feature in self.schema.features])
        return np.where(values < known, values, np.nan)

    def predict(self, values: Floats) -> Floats:
        """Return the probabilities of rows, shape (n, k)."""
        return self.bundle.predictor.probabilities(self.encoded(values))

    # What conditions and lists call the columns.

    @property
    def id_name(self) -> str:
        """What the ids are called: the id column, or ``row``, the row number."""
        return self.schema.id_column or "row" if self.ids is not None else "row"

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that `column` knows; a feature comes before whatever else has its name."""
        labels = ("label", self.schema.target) if self.y is not None else ()
        own = (self.schema.id_column,) if self.ids is not None and self.schema.id_column else ()
        return tuple(dict.fromkeys((*self.schema.names, *labels, "prediction", *own, "row", "id")))

    def role(self, name: str) -> str | int:
        """Return what a name stands for: the position of a feature, or one of label, prediction, id and row.

        Raises
        ------
        ToolError
            There is no such column.
        """
        if name in self.schema.by_name:
            return self.schema.names.index(name)
        if name in {"label", self.schema.target}:
            if self.y is None:
                hint = f"Give a table with the column {self.schema.target!r}."
                raise ToolError("the table that was given has no labels.", hint=hint)
            return "label"
        if name in self.names:
            own = name == self.schema.id_column and self.ids is not None
            if own or name == "id":
                return "id" if self.ids is not None else "row"
            return name
        raise ToolError(f"there is no column {str(name)[:60]!r}.", hint=did_you_mean(str(name)[:200], self.names))

    def column(self, name: str) -> Column:
        """Return a column for conditions; `role` says which names there are."""
        role = self.role(name)
        if role == "label":
            return Categories(name, self._y, self.schema.labels)
        if role == "prediction":
            return Categories(name, self.predicted, self.schema.labels)
        if role == "id":
            return self._id_column
        if isinstance(role, str):
            return Numbers(name, np.arange(len(self), dtype=np.float64))
        feature, column = self.features[role], self.values[:, role]
        if feature.kind == "numeric":
            return Numbers(name, column)
        return Categories(name, column, feature.categories, feature.kind == "boolean")

    @property
    def _y(self) -> Codes:
        assert self.y is not None  # noqa: S101 - `role` has refused it
        return self.y

    @cached_property
    def _id_column(self) -> Ids:
        return Ids(self.id_name, self.ids or ())


@dataclass(frozen=True)
class Cohort:
    """Rows of a table, selected by conditions and then changed.

    Parameters
    ----------
    rows : Rows
    where : Where
        As `where.parse` returns it.
    changes : sequence of Change
        Applied to copies of the rows, after they were selected.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"size": [1.5, 2.5, None] * 6, "class": list("aab") * 6})
    >>> rows = Rows(Bundle.fit(table, "class", predictor="logistic"))
    >>> cohort = Cohort(rows, ((Condition("size", ">", 2),),), (Change(column="size", action="set", value=1),))
    >>> len(cohort), cohort.cells(0)
    (6, {'size': 1.0})
    """

    rows: Rows
    where: Where = EVERY
    changes: Sequence[Change] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    @cached_property
    def numbers(self) -> Codes:
        """Number of each row in its table, ascending, shape (m,)."""
        n = len(self.rows)
        return np.arange(n) if self.where == EVERY else np.flatnonzero(mask(self.where, self.rows.column, n))

    @cached_property
    def values(self) -> Floats:
        """The rows after the changes, as `Rows.values`, shape (m, d)."""
        return changed(self._taken(self.rows.values), self.changes, self.rows.features)

    @cached_property
    def X(self) -> Floats:
        """The rows after the changes as the predictor sees them, shape (m, d)."""
        return self.rows.encoded(self.values)

    @cached_property
    def probabilities(self) -> Floats:
        """What the predictor says of each row after the changes, shape (m, k)."""
        if not self.changes:
            return self._taken(self.rows.probabilities)
        return self.rows.bundle.predictor.probabilities(self.X)

    @cached_property
    def predicted(self) -> Codes:
        """Index of the label that each row is predicted to have after the changes, shape (m,)."""
        return self.probabilities.argmax(axis=1) if self.changes else self._taken(self.rows.predicted)

    @property
    def whole(self) -> bool:
        """Whether these are all rows, as they are."""
        return self.where == EVERY and not self.changes

    @property
    def before(self) -> "Cohort":
        """The same rows without the changes."""
        return Cohort(self.rows, self.where)

    @property
    def schema(self) -> Schema:
        """The bundle's schema."""
        return self.rows.schema

    def labels(self) -> Codes:
        """Return the index of the true label of each row, shape (m,).

        Raises
        ------
        ToolError
            The table has no labels, or one of the rows has none.
        """
        self.rows.role("label")
        y = self._taken(self.rows.y) if self.rows.y is not None else np.empty(0, dtype=np.int64)
        if (y < 0).any():
            hint = 'Add the condition ["label", "!=", null].'
            raise ToolError(f"{int((y < 0).sum())} of these {len(y)} rows have no true label.", hint=hint)
        return y

    def feature(self, position: int) -> Floats:
        """Return one column after the changes, as `values`, shape (m,)."""
        return self.values[:, position] if self.changes else self._taken(self.rows.values[:, position])

    def cells(self, position: int) -> dict[str, Cell]:
        """Return one of the rows after the changes, typed: feature to value."""
        pairs = zip(self.rows.features, self.values[position], strict=True)
        return {feature.name: decoded(feature, float(code)) for feature, code in pairs}

    def id_of(self, position: int) -> dict[str, Any]:
        """Return the number of one of the rows, and its id where it has one."""
        number = int(self.numbers[position])
        return {"row": number} | ({"id": self.rows.ids[number]} if self.rows.ids is not None else {})

    def sample(self, size: int) -> Codes:
        """Return positions of at most so many of the rows, ascending; the same ones for the same rows."""
        if len(self) <= size:
            return np.arange(len(self))
        return np.sort(np.random.default_rng(0).choice(len(self), size, replace=False))

    def one(self, tool: str) -> int:
        """Return the position of the only row; a ToolError says where there are more."""
        if len(self) == 1:
            return 0
        hint = f'Add a condition such as ["{self.rows.id_name}", "==", …].'
        raise ToolError(f"{tool} needs one row, these are {len(self)}.", hint=hint)

    def some(self) -> Self:
        """Return the cohort itself; where it is empty, a ToolError says which condition leaves nothing."""
        if len(self):
            return self
        found = [self._emptied(listed) for listed in self.where]
        raise ToolError(f"no row is left: {'; '.join(dict.fromkeys(found))[:500]}.", hint="Use other conditions.")

    def _emptied(self, conditions: Sequence[Condition]) -> str:
        """Say which condition leaves none of the rows that the ones before it select."""
        left: Mask = np.ones(len(self.rows), dtype=np.bool_)
        for position, condition in enumerate(conditions):
            found = matches(condition, self.rows.column(condition.column))
            if not found.any():
                return f"none has {shown([condition])}"
            left &= found
            if not left.any():
                return f"none with {shown(conditions[:position])} has {shown([condition])}"
        return "the table is empty"

    def _taken(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the cohort's part of an array over all rows; all of it is not copied."""
        return array if len(self) == len(array) else array[self.numbers]
