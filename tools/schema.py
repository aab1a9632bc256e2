"""What the columns of a table mean: features with kinds, units and categories, and the labels; checks rows against it.

`infer` decides once, at fit, and says in `notes` what it decided; `check`, `check_row` and `encode` hold later rows to
it. Knows nothing about files (`table.py`) and nothing about models (`predictor.py`).
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from tools.dictionary import read_dictionary
from tools.errors import TableError, did_you_mean
from tools.feature import Feature, Words, alike_note, check_values, decoded, infer_feature, typed, typed_value
from tools.kinds import natural_key, text_of
from tools.table import CONTROL, Cell, cell, cells, check_columns

__all__ = ["Checked", "Feature", "Row", "Schema"]

Row = dict[str, Cell]

MIN_ROWS_PER_LABEL = 5
MAX_LABELS = 50


@dataclass(frozen=True)
class Checked:
    """A table in the schema's order and types, and what was noted on the way."""

    frame: pd.DataFrame
    notes: tuple[str, ...]

    def row(self, number: int) -> Row:
        """Return one row, by its place; a category that training has not seen stays what it is."""
        cells = ((str(name), self.frame[name].iloc[number]) for name in self.frame.columns)
        return {name: _plain(value) for name, value in cells}


class Schema(BaseModel):
    """Target, labels and features of one table.

    Examples
    --------
    >>> rows = [{"size": 1.5 * i, "kind": "ab"[i % 2], "class": "no" if i < 6 else "yes"} for i in range(12)]
    >>> schema = Schema.infer(pd.DataFrame(rows), "class")
    >>> schema.labels, schema.names
    (('no', 'yes'), ('size', 'kind'))
    >>> schema.check_row({"size": "3", "kind": "a"})
    {'size': 3.0, 'kind': 'a'}
    >>> schema.encode_row({"size": 3.0, "kind": None})
    array([ 3., nan])
    """

    model_config = ConfigDict(frozen=True)

    target: str
    labels: tuple[str, ...]
    id_column: str | None = None
    features: tuple[Feature, ...]
    description: str | None = None
    notes: tuple[str, ...] = ()
    target_words: Words = Words()
    id_words: Words = Words()

    @model_serializer(mode="wrap")
    def _said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        empty = {name for name in ("target_words", "id_words") if getattr(self, name) == Words()}
        return {key: value for key, value in handler(self).items() if key not in empty}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in column order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """Features by name."""
        return {feature.name: feature for feature in self.features}

    @classmethod
    def infer(
        cls,
        frame: pd.DataFrame,
        target: str,
        id_column: str | None = None,
        dictionary: Mapping[str, Any] | str | Path | None = None,
        rows_per_label: int = MIN_ROWS_PER_LABEL,
    ) -> Self:
        """Decide what each column is.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_columns)
            As read; text cells are parsed here.
        target, id_column : str
            Columns that are no features.
        dictionary : mapping or path of a YAML file, optional
            What `read_dictionary` reads; a text under ``description`` describes the table. The target's entry has
            description, synonyms and values (for its labels), that of the id column description and synonyms.
        rows_per_label : int
            The fewest that a label may have; at least 3, so that there is one to train, calibrate and measure on.

        Raises
        ------
        TableError
            Names what does not fit, where, and the mend.
        """
        check_columns(frame.columns)
        for column in (target, id_column):
            if column is not None:
                _require(column, frame.columns)
        if target == id_column:
            raise TableError("it cannot be target and id at once.", column=target, hint="Name another id column.")
        words = read_dictionary(dictionary)
        for column, entry in words.items():
            if not isinstance(entry, str):
                what = "described in the dictionary, but not in the table"
                _require(column, frame.columns, what, None if isinstance(dictionary, Mapping) else str(dictionary))
        labels, y = _labels(target, cells(frame[target]), rows_per_label)
        features: list[Feature] = []
        notes = [] if id_column is None else _id_notes(id_column, _ids(id_column, frame))
        notes += alike_note(target, labels)
        target_words, unused = _words(words, target, ("description", "synonyms", "values"))
        check_values(target, target_words, labels)
        id_words, more = _words(words, id_column, ("description", "synonyms"))
        notes += unused + more
        for column in frame.columns:
            if column in {target, id_column}:
                continue
            entry = words.get(column, {})
            feature, noted = infer_feature(column, cells(frame[column]), y, {} if isinstance(entry, str) else entry)
            features += [feature] if feature else []
            notes += noted
        if not features:
            raise TableError("no column is left to predict from.", column=target, hint=" ".join(notes))
        about = words.get("description")
        return cls(
            target=target,
            labels=labels,
            id_column=id_column,
            features=tuple(features),
            description=about if isinstance(about, str) else None,
            notes=tuple(notes),
            target_words=Words(**target_words),
            id_words=Words(**id_words),
        )

    def check(self, frame: pd.DataFrame) -> Checked:
        """Return exactly the feature columns, in order and typed.

        Numeric columns are float64 with NaN where missing; categorical and boolean ones hold their category as text,
        None where missing. A category that training has not seen stays as it is, and the notes say so.

        Raises
        ------
        TableError
            A column is missing, or a numeric one holds something else.
        """
        check_columns(frame.columns)
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            shown = ", ".join(repr(name) for name in missing[:5])
            hint = did_you_mean(missing[0], (str(column) for column in frame.columns))
            raise TableError(f"the table lacks {len(missing)} of its columns: {shown}.", hint=hint)
        notes: list[str] = []
        extra = [name for name in frame.columns if name not in {*self.names, self.target, self.id_column}]
        if extra:
            notes.append(f"ignored {len(extra)} other columns: {', '.join(map(repr, extra[:5]))}")
        columns = {feature.name: typed(feature, cells(frame[feature.name]), notes) for feature in self.features}
        return Checked(pd.DataFrame(columns, index=pd.RangeIndex(len(frame))), tuple(notes))

    def check_row(self, row: Mapping[str, Any], notes: list[str] | None = None) -> Row:
        """Return one row typed, in column order, ready for JSON.

        Parameters
        ----------
        row : mapping
            Feature to value; numbers may be text or NumPy's. A missing value is None or NaN; an absent key is an
            error. Other keys are left alone.
        notes : list of str, optional
            Where to note a category that training has not seen: it stays in the row, and the predictor takes it for
            missing.

        Raises
        ------
        TableError
            Names the column and the mend.
        """
        checked: Row = {}
        for feature in self.features:
            if feature.name not in row:
                hint = f"{did_you_mean(feature.name, map(str, row))} Give None where a value is missing."
                raise TableError("the row has no such value.", column=feature.name, hint=hint)
            value = cell(row[feature.name], feature.name)
            checked[feature.name] = typed_value(feature, value, notes)
        return checked

    def encode(self, rows: pd.DataFrame | Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return checked rows as numbers, shape (n, d): the value, 0/1, the category's code; NaN if missing or new."""
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), columns=list(self.names))
        encoded = np.empty((len(frame), len(self.features)))
        for position, feature in enumerate(self.features):
            column = frame[feature.name]
            encoded[:, position] = column.map(feature.codes) if feature.categories else column
        return encoded

    def encode_row(self, row: Mapping[str, Any]) -> NDArray[np.float64]:
        """Return one checked row as numbers, shape (d,); as `encode`, without a table."""
        encoded = np.empty(len(self.features))
        for position, feature in enumerate(self.features):
            value = row[feature.name]
            code = feature.codes.get(value) if feature.categories else value
            encoded[position] = np.nan if code is None else code
        return encoded

    def decode_row(self, x: NDArray[np.float64]) -> Row:
        """Return the typed row of its numbers, shape (d,); the inverse of `encode_row`."""
        return {feature.name: decoded(feature, float(code)) for feature, code in zip(self.features, x, strict=True)}

    def decode(self, X: NDArray[np.float64]) -> pd.DataFrame:
        """Return rows of numbers, shape (n, d), as the table a scikit-learn pipeline was fitted on."""
        columns = {}
        for position, feature in enumerate(self.features):
            column = X[:, position]
            if feature.categories == ("False", "True") and not np.isnan(column).any():
                columns[feature.name] = column.astype(bool)
            elif feature.categories:
                texts = np.array([*feature.categories, np.nan], dtype=object)
                columns[feature.name] = texts[np.where(np.isnan(column), -1, column).astype(int)]
            else:
                columns[feature.name] = column
        return pd.DataFrame(columns)

    def row_ids(self, frame: pd.DataFrame) -> tuple[str, ...] | None:
        """Return the id of each row as text, or None where the table has no id column.

        Raises
        ------
        TableError
            A row has no id.
        """
        return _ids(self.id_column, frame) if self.id_column in frame.columns else None

    def label_indices(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        """Return the index of the true label of each row, shape (n,).

        Raises
        ------
        TableError
            The target column is absent, or a row has no label or an unknown one.
        """
        _require(self.target, frame.columns)
        index = {label: position for position, label in enumerate(self.labels)}
        texts = [text_of(value) for value in cells(frame[self.target])]
        for row, text in enumerate(texts):
            if text not in index:
                what = "the row has no label." if text == "None" else f"{text[:60]!r} is no label."
                raise TableError(what, column=self.target, row=row, hint=did_you_mean(text, self.labels))
        return np.array([index[text] for text in texts], dtype=np.int64)


def _plain(value: Any) -> Any:
    """Return a cell as a Python value; NaN is missing."""
    plain = value.item() if hasattr(value, "item") else value
    return None if plain is None or plain != plain else plain  # noqa: PLR0124 - NaN


def _require(column: str, columns: pd.Index, what: str = "there is no such column", file: str | None = None) -> None:
    if column not in columns:
        raise TableError(f"{what}.", file=file, column=column, hint=did_you_mean(column, map(str, columns)))


def _words(dictionary: Mapping[str, Any], column: str | None, used: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Return what is used of the entry of a column that is no feature, and a note of what is not."""
    entry = dictionary.get(str(column), {})
    entry = {} if column is None or isinstance(entry, str) else entry
    unused = [key for key in entry if key not in used]
    notes = [f"the dictionary's {key!r} of {column!r} is not used: it is no feature" for key in unused]
    return {key: value for key, value in entry.items() if key in used}, notes


def _ids(id_column: str | None, frame: pd.DataFrame) -> tuple[str, ...]:
    values = cells(frame[id_column])
    if None in values:
        raise TableError("the row has no id.", column=id_column, row=values.index(None), hint="Give every row an id.")
    return tuple(map(text_of, values))


def _id_notes(id_column: str, values: tuple[str, ...]) -> list[str]:
    repeated = len(values) - len(set(values))
    return (
        [f"{repeated} rows of id column {id_column!r} repeat an id; the first one is found by it"] if repeated else []
    )


def _labels(target: str, values: list[Cell], least: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    if None in values:
        raise TableError("the row has no label.", column=target, row=values.index(None), hint="Leave such rows out.")
    texts = np.array([text_of(value) for value in values], dtype=object)
    labels = sorted(set(texts), key=natural_key)
    if len(labels) < 2:
        raise TableError(f"it has {len(labels)} class, two are needed.", column=target, hint="Name another target.")
    if odd := next(filter(CONTROL.search, labels), None):
        what = f"the label {odd[:60]!r} holds a line break or another control character."
        raise TableError(what, column=target, hint="Replace it.")
    if len(labels) > MAX_LABELS:
        hint = "Name a target with few classes, or group its values."
        raise TableError(f"it has {len(labels)} classes, more than {MAX_LABELS}.", column=target, hint=hint)
    index = {label: position for position, label in enumerate(labels)}
    y = np.array([index[text] for text in texts], dtype=np.int64)
    counts = np.bincount(y)
    if counts.min() < least:
        rare = labels[int(counts.argmin())]
        hint = "Add rows of it, or leave the class out."
        message = f"class {rare!r} has {counts.min()} rows, {least} are needed."
        raise TableError(message, column=target, hint=hint)
    return tuple(labels), y
