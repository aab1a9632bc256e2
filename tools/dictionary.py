"""The data dictionary: descriptions and units of columns, from a mapping or a YAML file.

Only plain texts and numbers come out of it: tags and aliases never become anything else. Knows nothing about the table.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.errors import TableError
from tools.table import CONTROL

__all__ = ["read_dictionary"]

MOST_BYTES = 2**20
MOST_CHARACTERS = 2000
FORM = "Write `column: {description: …, unit: …}`."


def read_dictionary(source: Mapping[str, Any] | str | Path | None) -> dict[str, str | dict[str, str]]:
    """Return what a dictionary says of each column: ``{"description": …, "unit": …}``, either may be absent.

    A text under ``description`` describes the table and stays a text.

    Parameters
    ----------
    source : mapping or path of a YAML file, optional

    Raises
    ------
    TableError
        It cannot be read, or an entry has another form: names file and column.

    Examples
    --------
    >>> read_dictionary({"size": {"unit": "mm"}, "age": None, "description": "fish"})
    {'size': {'unit': 'mm'}, 'age': {}, 'description': 'fish'}
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


def _entry(column: str, entry: Any, file: str | None) -> str | dict[str, str]:
    if column == "description" and isinstance(entry, str):
        return _text(column, entry, file)
    words = {} if entry is None else entry
    if not isinstance(words, Mapping) or not set(words) <= {"description", "unit"}:
        raise TableError("its entry has another form.", file=file, column=column, hint=FORM)
    return {str(key): _text(column, value, file) for key, value in words.items() if value is not None}


def _text(column: str, value: Any, file: str | None) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        hint = "Put it in quotation marks."
        raise TableError(f"{type(value).__name__} is no text.", file=file, column=column, hint=hint)
    text = " ".join(str(value).split())
    if CONTROL.search(text) or len(text) > MOST_CHARACTERS:
        hint = f"Write at most {MOST_CHARACTERS} ordinary characters."
        raise TableError("a description or unit is not usable.", file=file, column=column, hint=hint)
    return text
