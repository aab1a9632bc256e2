"""Decide what a column of a table its authors have never seen is: numeric, categorical, boolean, or of no use.

Works on the plain cells of `table.cells`. Knows nothing about files, labels or models.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tools.errors import TableError
from tools.table import CONTROL, Cell, number

__all__ = [
    "Kind",
    "alike",
    "checked_number",
    "is_code",
    "kind_of",
    "natural_key",
    "predicts_alone",
    "text_of",
    "to_numbers",
]

LARGEST = 1e100  # squares and products of larger numbers leave the range of a float
MAX_CATEGORIES = 200
BOOLEAN_WORDS = ({"false", "true"}, {"no", "yes"}, {"f", "t"}, {"n", "y"}, {"off", "on"})
CODE = re.compile(r"0\d+", re.ASCII)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
# Numbers as people write them: a currency or per cent sign, groups of three digits, the typographic minus.
WRITTEN = re.compile(r"[-+−]?[$€£¥₹]?\s?[-+−]?(\d+|[1-9]\d{0,2}([,'’_\s]\d{3})+)([.,]\d+)?\s?[%‰$€£¥₹]?")
DATE = re.compile(
    r"\d{4}(?P<a>[-/.])\d{1,2}(?P=a)\d{1,2}([T ]\d{2}:\d{2}.*)?"
    r"|\d{1,2}(?P<b>[-/.])\d{1,2}(?P=b)(\d{4}|\d{2})( \d{1,2}:\d{2}.*)?",
    re.ASCII,
)
ID_NAME = re.compile(r"(^|[\W_])(id|index|idx|row|key|uuid|rownames?|rowid|unnamed)([\W_]|\d*$)|[a-z](Id|ID)$", re.I)


@dataclass(frozen=True)
class Kind:
    """What a column is; `categories` is empty for numeric columns."""

    kind: Literal["numeric", "categorical", "boolean"]
    integer: bool = False
    categories: tuple[str, ...] = ()


def kind_of(name: str, values: Sequence[Cell]) -> Kind | str:
    """Return the kind of a column, or the reason why it is left out.

    Raises
    ------
    TableError
        A column of numbers holds text, an infinity, a decimal comma, a currency sign, or a number beyond 1e100.

    Examples
    --------
    >>> kind_of("smoker", ["Yes", "No", None])
    Kind(kind='boolean', integer=False, categories=('No', 'Yes'))
    >>> kind_of("visited", ["2024-01-31", "2024-02-01"])
    'it holds dates; give a number instead, e.g. days since the first date'
    """
    present = [value for value in values if value is not None]
    if not present:
        return "every cell is missing"
    if len(set(present)) == 1:
        return f"it has the same value {text_of(present[0])!r} in every row"
    if _is_numeric(name, values):
        numbers = to_numbers(name, values)
        if np.nanmax(np.abs(numbers)) >= 2**53 and any(map(_loses_digits, present)):
            return "it holds integers of more digits than a number keeps; name it as the id column to keep it"
        return _numeric(name, numbers)
    return _textual({text_of(value) for value in present}, len(present))


def _is_numeric(name: str, values: Sequence[Cell]) -> bool:
    """Tell numbers from text; a lone text among numbers is an error, and so are decimal commas and ``12 %``."""
    present = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in present) or any(is_code(value) for value in present):
        return False
    if _quickly(values) is not None:
        return True
    texts = [
        value for value in present if isinstance(value, bool) or (isinstance(value, str) and number(value) is None)
    ]
    meant = all(isinstance(text, str) and WRITTEN.fullmatch(text) for text in texts)
    if not meant and len(texts) > 0.1 * len(present):
        return False
    to_numbers(name, values)  # names the first text
    return True


def is_code(value: Cell) -> bool:
    """Tell digits that are no number: they begin with a zero."""
    return isinstance(value, str) and value.startswith("0") and CODE.fullmatch(value) is not None


def _loses_digits(value: Cell) -> bool:
    whole = isinstance(value, int) or (isinstance(value, str) and INTEGER.fullmatch(value) is not None)
    return whole and value is not None and int(value) != int(float(value))


def _numeric(name: str, numbers: NDArray[np.float64]) -> Kind | str:
    present = numbers[~np.isnan(numbers)]
    integer = bool(np.all(present == np.round(present)) and np.abs(present).max() < 2**53)
    if integer:
        counts_rows = (
            len(present) == len(numbers) >= 20 and bool(np.all(np.diff(numbers) == 1)) and numbers[0] in (0, 1)
        )
        if counts_rows:
            return "it counts the rows; name it as the id column to keep it"
        if ID_NAME.search(name) and len(present) >= 20 and len(np.unique(present)) >= 0.9 * len(present):
            return "it looks like an identifier; name it as the id column to keep it"
    return Kind("numeric", integer)


def _textual(texts: set[str], count: int) -> Kind | str:
    if len(texts) == 2 and {text.casefold() for text in texts} in BOOLEAN_WORDS:
        return Kind("boolean", categories=tuple(sorted(texts, key=str.casefold)))  # f < t, n < y: false-like first
    if all(DATE.fullmatch(text) for text in texts):
        return "it holds dates; give a number instead, e.g. days since the first date"
    if count >= 20 and len(texts) == count:
        return "every text in it occurs once; name it as the id column to keep it"
    if len(texts) > MAX_CATEGORIES:
        return f"it has {len(texts)} categories, more than {MAX_CATEGORIES}; group them into fewer"
    if any(CONTROL.search(text) for text in texts):
        return "a text in it holds a line break or another control character; replace that to keep it"
    return Kind("categorical", categories=tuple(sorted(texts)))


def text_of(value: Cell) -> str:
    """Return the shortest text of a cell; a number that is whole has no point.

    Examples
    --------
    >>> text_of(1.0), text_of(True), text_of("a"), text_of(0.5)
    ('1', 'True', 'a', '0.5')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def alike(texts: Iterable[str]) -> tuple[str, str] | None:
    """Return two texts that differ in case only, or are the same number, or None.

    Examples
    --------
    >>> alike(["yes", "no", "Yes"]), alike(["1", "2", "1.0"]), alike(["a", "b"])
    (('yes', 'Yes'), ('1', '1.0'), None)
    """
    seen: dict[str | float, str] = {}
    for text in texts:
        value = number(text)
        key = text.casefold() if value is None else value
        if key in seen:
            return seen[key], text
        seen[key] = text
    return None


def natural_key(text: str) -> tuple[bool, float, str]:
    """Sort key of labels: numbers by size, before texts by alphabet."""
    value = number(text)
    return (value is None, value or 0.0, text)


def to_numbers(name: str, values: Sequence[Cell]) -> NDArray[np.float64]:
    """Return the numbers of a column, NaN where missing, shape (n,).

    Raises
    ------
    TableError
        Names column, row and value of the first cell that is no number, infinite, or beyond 1e100.

    Examples
    --------
    >>> to_numbers("age", ["1", None, "x"])
    Traceback (most recent call last):
    tools.errors.TableError: column 'age', row 2: 'x' is not a number. Correct it, or leave it empty.
    """
    numbers = _quickly(values)
    if numbers is None:
        numbers = np.array([to_number(name, value, row) for row, value in enumerate(values)], dtype=np.float64)
    wild = np.abs(numbers) > LARGEST
    if wild.any():
        _refuse_size(name, values[int(wild.argmax())], int(wild.argmax()))
    return numbers


def _quickly(values: Sequence[Cell]) -> NDArray[np.float64] | None:
    """Let Arrow read texts, 50 times as fast; None where one of them is none of the plain numbers that it reads."""
    try:
        texts = pa.array(values, pa.string())
        numbers = np.asarray(texts.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return numbers if np.isnan(numbers).sum() == texts.null_count else None


def to_number(name: str, value: Any, row: int | None = None) -> float:
    """Return one number, NaN where missing; finite and at most 1e100 is checked by the caller."""
    if value is None:
        return np.nan
    parsed = number(value) if isinstance(value, str) else value
    if parsed is None or isinstance(parsed, bool):
        raise TableError(f"{_short(value)} is not a number.", column=name, row=row, hint=_mend(value))
    try:
        return float(parsed)
    except OverflowError:
        return np.inf


def _mend(value: str | bool) -> str:
    if isinstance(value, bool):
        return "Write 1 for true, 0 for false."
    if GROUPED.fullmatch(value):
        return f"Write {value.replace(',', '')}, or {value.replace(',', '.', 1)} if the comma is a decimal one."
    if DECIMAL_COMMA.fullmatch(value):
        return "Write decimal points: 1.5, not 1,5."
    if WRITTEN.fullmatch(value):
        return "Write the bare number, without signs and separators."
    return "Correct it, or leave it empty."


def _refuse_size(name: str, value: Cell, row: int | None) -> None:
    what = "is infinite" if np.isinf(to_number(name, value)) else f"is beyond {LARGEST:g}"
    raise TableError(f"{_short(value)} {what}.", column=name, row=row, hint="Correct it, or leave it empty.")


def checked_number(name: str, value: Any) -> float:
    """Return one number of one row, NaN where missing, checked as `to_numbers` checks."""
    parsed = to_number(name, value)
    if abs(parsed) > LARGEST:
        _refuse_size(name, value, None)
    return parsed


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def predicts_alone(codes: NDArray[np.float64], y: NDArray[np.int64], *, numeric: bool) -> bool:
    """Tell whether one column alone gives every label away: by its category, or by thresholds on its number.

    Parameters
    ----------
    codes : ndarray, shape (n,)
        Numbers or category codes, NaN where missing.
    y : ndarray, shape (n,)
        Label indices.

    Examples
    --------
    >>> predicts_alone(np.array([1.0, 2.0, 8.0, 9.0]), np.array([0, 0, 1, 1]), numeric=True)
    True
    """
    present = ~np.isnan(codes)
    if present.sum() < len(codes):
        return False
    pairs = np.unique(np.stack([codes, y], axis=1), axis=0)
    if len(np.unique(pairs[:, 0])) < len(pairs):
        return False
    changes = sum(before != after for before, after in pairwise(pairs[:, 1]))
    return not numeric or bool(changes == len(np.unique(y)) - 1)
