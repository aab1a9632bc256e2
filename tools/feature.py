"""One feature: what a column is, decided once at fit, and its values typed, encoded and decoded.

Knows nothing about files, and about labels only whether a column alone gives them away.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from tools.errors import TableError, did_you_mean
from tools.kinds import alike, checked_number, is_code, kind_of, predicts_alone, text_of, to_numbers
from tools.table import Cell

__all__ = ["Feature", "Words", "alike_note", "check_values", "decoded", "infer_feature", "typed", "typed_value"]

RESERVED = {"label", "prediction", "row_id", "split"}  # what conditions and stored rows add to the features


LATER = ("synonyms", "values", "higher", "lower", "immutable", "range")  # left out where empty, as before they were


class Words(BaseModel):
    """What the dictionary says of any column: its description, and what people call it and its values.

    Examples
    --------
    >>> Words(synonyms=("sugar",)).model_dump(mode="json")
    {'description': None, 'synonyms': ['sugar']}
    """

    model_config = ConfigDict(frozen=True)

    description: str | None = None
    synonyms: tuple[str, ...] = ()
    values: dict[str, tuple[str, ...]] = {}

    @model_serializer(mode="wrap")
    def _said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value or key not in LATER}


class Feature(Words):
    """One column that the predictor sees.

    `categories` is sorted; for a boolean it is the two words of the table, the false-like first. `higher` and `lower`
    are words such as *older* and *younger*; nobody can change what is `immutable`; `range` is the lowest and the
    highest value that make sense, None for no limit.
    """

    name: str
    kind: Literal["numeric", "categorical", "boolean"]
    integer: bool = False
    unit: str | None = None
    categories: tuple[str, ...] = ()
    higher: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()
    immutable: bool = False
    range: tuple[float | None, float | None] | None = None

    @cached_property
    def codes(self) -> dict[str, int]:
        """Code of each category: its position."""
        return {category: code for code, category in enumerate(self.categories)}


def infer_feature(
    name: str, values: list[Cell], y: NDArray[np.int64], words: Mapping[str, Any]
) -> tuple[Feature | None, list[str]]:
    """Decide what a column is.

    Parameters
    ----------
    name : str
    values : list of cells, length n
    y : ndarray, shape (n,)
        Label indices.
    words : mapping
        Its entry in the dictionary, as `read_dictionary` returns it.

    Returns
    -------
    Feature or None
        None where the column is left out.
    list of str
        Notes.

    Raises
    ------
    TableError
        The column's name is reserved, it is neither numbers nor text (see `kinds.kind_of`), or the dictionary says
        something of it that it cannot have.

    Examples
    --------
    >>> infer_feature("size", [1.5, 2.5, None], np.array([0, 1, 1]), {"unit": "mm"})[0].unit
    'mm'
    """
    kind = kind_of(name, values)
    if isinstance(kind, str):
        return None, [f"left out column {name!r}: {kind}"]
    if name in RESERVED:
        raise TableError("the name is reserved in conditions.", column=name, hint="Rename the column.")
    check_values(name, words, kind.categories)
    if kind.categories and (odd := next((part for part in ("higher", "lower", "range") if words.get(part)), None)):
        hint = "Leave it out: the column holds categories."
        raise TableError(f"the dictionary gives {odd!r}, which only numbers have.", column=name, hint=hint)
    feature = Feature(name=name, kind=kind.kind, integer=kind.integer, categories=kind.categories, **words)
    notes = alike_note(name, kind.categories)
    if any(map(is_code, kind.categories)):
        notes.append(f"column {name!r}: texts that begin with 0 are taken for codes, not for numbers")
    if predicts_alone(_codes(feature, values), y, numeric=kind.kind == "numeric"):
        notes.append(f"WARNING: column {name!r} alone gives the label of every row away (leak?)")
    return feature, notes


def check_values(column: str, words: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse words of the dictionary for a category or label that the column does not have."""
    odd = next((value for value in words.get("values", ()) if value not in known), None)
    if odd is not None:
        hint = did_you_mean(odd, known) if known else "Leave `values` out: the column holds numbers."
        raise TableError(f"the dictionary's value {odd[:60]!r} does not occur.", column=column, hint=hint)


def alike_note(column: str, texts: Sequence[str]) -> list[str]:
    """Note two texts of a column that look like one and are not."""
    pair = alike(texts)
    if pair is None:
        return []
    return [f"column {column!r}: {pair[0][:60]!r} and {pair[1][:60]!r} are taken for two different values"]


def _codes(feature: Feature, values: list[Cell]) -> NDArray[np.float64]:
    if feature.kind == "numeric":
        return to_numbers(feature.name, values)
    return np.array([np.nan if value is None else feature.codes[text_of(value)] for value in values])


def typed(feature: Feature, values: list[Cell], notes: list[str]) -> "pd.Series[Any]":
    """Return a column of a table as the feature's type, shape (n,); a category new to training is kept and noted."""
    if feature.kind == "numeric":
        return pd.Series(to_numbers(feature.name, values))
    texts = [None if value is None else text_of(value) for value in values]
    unseen = sorted({text for text in texts if text is not None and text not in feature.codes})
    if unseen:
        notes.append(_unseen(feature, unseen[0], sum(text in unseen for text in texts)))
    return pd.Series(texts, dtype=object)


def typed_value(feature: Feature, value: Cell, notes: list[str] | None) -> Cell:
    """Return one value as the feature's type; a category that training has not seen is kept, and noted."""
    if value is None:
        return None
    if feature.kind == "numeric":
        return decoded(feature, checked_number(feature.name, value))
    text = text_of(value)
    if text not in feature.codes and notes is not None:
        notes.append(_unseen(feature, text, 1))
    return text


def _unseen(feature: Feature, text: str, rows: int) -> str:
    count = "1 row" if rows == 1 else f"{rows} rows"
    hint = did_you_mean(text, feature.categories)
    return f"column {feature.name!r}: {text[:60]!r} is new, the predictor takes it for missing ({count}). {hint}"


def decoded(feature: Feature, code: float) -> Cell:
    """Return the value that a number stands for; the inverse of encoding."""
    if np.isnan(code):
        return None
    if feature.categories:
        return feature.categories[int(code)]
    return int(code) if feature.integer and code.is_integer() else code
