"""The data dictionary: what columns mean and what people call them, from a mapping or a YAML file.

Only plain texts and numbers come out of it: tags and aliases never become anything else. Knows nothing about the table.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.errors import TableError, did_you_mean
from tools.kinds import LARGEST, text_of
from tools.table import CONTROL

__all__ = ["read_dictionary"]

MOST_BYTES = 2**20
MOST_CHARACTERS = 2000
MOST_WORDS = 100  # in one list, and categories with words of their own
LONGEST_WORD = 100
FORM = "Write `column: {description: …, unit: …}`."


def read_dictionary(source: Mapping[str, Any] | str | Path | None) -> dict[str, str | dict[str, Any]]:
    """Return what a dictionary says of each column.

    A text under ``description`` describes the table and stays a text.

    Parameters
    ----------
    source : mapping or path of a YAML file, optional
        Column to entry. All of an entry is optional: ``description`` and ``unit``; ``synonyms``, texts that people call
        the column; ``higher`` and ``lower``, texts such as *older* and *younger*; ``values``, for a category or label
        the texts that people call it; ``immutable``, true where nobody can change it; ``range``, the lowest and the
        highest value that make sense (null for none). Numbers that stand for a text are taken as one.

    Returns
    -------
    dict
        The same, with tuples for lists.

    Raises
    ------
    TableError
        It cannot be read, or an entry has another form: names file and column.

    Examples
    --------
    >>> read_dictionary({"size": {"unit": "mm"}, "age": None, "description": "fish"})
    {'size': {'unit': 'mm'}, 'age': {}, 'description': 'fish'}
    >>> read_dictionary({"age": {"higher": ["older"], "range": [0, 120]}, "sex": {"values": {"f": ["women"]}}})
    {'age': {'higher': ('older',), 'range': (0.0, 120.0)}, 'sex': {'values': {'f': ('women',)}}}
    """
    file = None if source is None or isinstance(source, Mapping) else str(source)
    words = _load(file) if file is not None else source
    if not isinstance(words, Mapping | None):
        raise TableError("the dictionary is no mapping.", file=file, hint=FORM)
    return {str(column): _entry(str(column), entry, file) for column, entry in (words or {}).items()}


def _load(file: str) -> Any:
    path = Path(file)
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            what = f"larger than {MOST_BYTES} bytes" if path.is_file() else "there is no such file"
            raise TableError(f"{what}.", file=file, hint="Give a YAML file.")
        return yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise TableError(f"cannot be read: {_reason(error)}.", file=file, hint="Give a YAML file.") from error


def _reason(error: BaseException) -> str:
    """Return one line about what is wrong with a file."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    if isinstance(error, OSError):
        return str(error.strerror)
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]


def _entry(column: str, entry: Any, file: str | None) -> str | dict[str, Any]:
    if column == "description" and isinstance(entry, str):
        return _text(column, entry, file)
    words = {} if entry is None else entry
    if not isinstance(words, Mapping):
        raise TableError("its entry has another form.", file=file, column=column, hint=FORM)
    if odd := next((key for key in words if key not in _PARTS), None):
        message = f"its entry has another form: {str(odd)[:60]!r} is not known."
        raise TableError(message, file=file, column=column, hint=f"{did_you_mean(str(odd), _PARTS)} {FORM}")
    return {str(key): _PARTS[key](column, value, file) for key, value in words.items() if value is not None}


def _text(column: str, value: Any, file: str | None, longest: int = MOST_CHARACTERS) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        hint = "Put it in quotation marks."
        raise TableError(f"{type(value).__name__} is no text.", file=file, column=column, hint=hint)
    text = " ".join(str(value).split())
    if CONTROL.search(text) or len(text) > longest:
        what = "a description or unit" if longest == MOST_CHARACTERS else "a synonym"
        hint = f"Write at most {longest} ordinary characters."
        raise TableError(f"{what} is not usable.", file=file, column=column, hint=hint)
    return text


def _texts(column: str, value: Any, file: str | None) -> tuple[str, ...]:
    """Return a list of words; one alone counts as a list."""
    listed = value if isinstance(value, list | tuple) else [value]
    if len(listed) > MOST_WORDS:
        hint = f"Write at most {MOST_WORDS}."
        raise TableError(f"{len(listed)} words are too many.", file=file, column=column, hint=hint)
    texts = [_text(column, word, file, LONGEST_WORD) for word in listed]
    if "" in texts:
        raise TableError("a synonym is empty.", file=file, column=column, hint="Leave it out.")
    return tuple(dict.fromkeys(texts))


def _values(column: str, value: Any, file: str | None) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping) or len(value) > MOST_WORDS:
        hint = f"Write `values: {{category: [synonym, …]}}`, at most {MOST_WORDS} categories."
        raise TableError("its values have another form.", file=file, column=column, hint=hint)
    words: dict[str, tuple[str, ...]] = {}
    for category, called in value.items():
        name = _text(column, text_of(category) if isinstance(category, float) else category, file)
        words[name] = () if called is None else _texts(column, called, file)
    return words


def _flag(column: str, value: Any, file: str | None) -> bool:
    if not isinstance(value, bool):
        raise TableError("immutable is neither true nor false.", file=file, column=column, hint="Write true or false.")
    return value


def _range(column: str, value: Any, file: str | None) -> tuple[float | None, float | None]:
    ends = list(value) if isinstance(value, list | tuple) else []
    if len(ends) != 2 or not all(end is None or _is_number(end) for end in ends):
        hint = "Write `range: [lowest, highest]`, null where there is no limit."
        raise TableError("its range is no pair of numbers.", file=file, column=column, hint=hint)
    low, high = (None if end is None else float(end) for end in ends)
    if low is not None and high is not None and low > high:
        what = f"its range begins at {low:g} and ends at {high:g}."
        raise TableError(what, file=file, column=column, hint="Write the lowest value first.")
    return low, high


def _is_number(value: Any) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and (isinstance(value, int) or math.isfinite(value)) and abs(value) <= LARGEST


_PARTS: dict[str, Callable[[str, Any, str | None], Any]] = {
    "description": _text,
    "unit": _text,
    "synonyms": _texts,
    "higher": _texts,
    "lower": _texts,
    "values": _values,
    "immutable": _flag,
    "range": _range,
}
