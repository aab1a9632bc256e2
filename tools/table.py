"""Read and write tables: CSV, Parquet and JSON lines, from local bytes only.

Every cell of a text file stays text here, so that the id ``007`` stays ``007``; what a column means is decided in
`schema.py`. pandas never sees a path: it would open URLs and decompress by file name. Knows nothing about features,
labels or kinds.
"""

import codecs
import csv
import hashlib
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tools.errors import StorageError, TableError, did_you_mean

__all__ = [
    "CONTROL",
    "HALF",
    "MISSING",
    "Cell",
    "cell",
    "cells",
    "check_columns",
    "located",
    "number",
    "read_table",
    "write_csv",
]

Cell = str | float | int | bool | None

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "None", "?"})
LIMIT_BYTES = 4 * 2**30
DELIMITERS = ",;\t"
COMPRESSED = re.compile(rb"\x1f\x8b|PK\x03\x04|BZh[1-9]1AY&SY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd")  # gz zip bz2 xz zstd
PARQUET = b"PAR1"
JSON_LINES = {".jsonl", ".ndjson", ".json"}
WIDE = {  # UTF-32 first: its mark begins with that of UTF-16
    **dict.fromkeys((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-32"),
    **dict.fromkeys((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-16"),
}
# Control characters, line breaks, marks that turn the direction of writing, halves of characters.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
HALF = re.compile(r"[\ud800-\udfff]")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE | re.ASCII)


def read_table(source: str | Path, *, limit_bytes: int = LIMIT_BYTES) -> pd.DataFrame:
    r"""Read one table.

    Parameters
    ----------
    source : str or Path
        ``.jsonl``, ``.ndjson`` and ``.json`` hold JSON lines; what begins as a Parquet file is one; anything else is
        CSV with ``,``, ``;`` or tab between the cells. ``-`` reads standard input: JSON lines if the first byte is
        ``{``. Text is UTF-8, or has the byte order mark of UTF-16 or UTF-32.
    limit_bytes : int
        Largest size that is read.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        CSV cells are text; JSON and Parquet cells keep their types. ``attrs`` has its ``file``, for messages, and the
        ``sha256`` of its bytes.

    Raises
    ------
    TableError
        The file is missing, too large, compressed, not UTF-8, empty, has blank or duplicate column names, or has a
        row of another length.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "rows.csv"
    >>> _ = path.write_text("id;radius\n007;17.99\n")
    >>> read_table(path).to_dict("records")
    [{'id': '007', 'radius': '17.99'}]
    """
    if str(source) == "-":
        name, data = "standard input", sys.stdin.buffer.read(limit_bytes + 1)
    else:
        name, data = str(source), _read_bytes(str(source), limit_bytes)
    if len(data) > limit_bytes:
        raise TableError(f"larger than {limit_bytes} bytes.", file=name, hint="Split it, or take a sample of its rows.")
    if not data.strip():
        raise TableError("the file is empty.", file=name, hint="Give a header line and at least one row.")
    if COMPRESSED.match(data):
        hint = "Decompress it first, e.g. `gunzip` or `unzip`; save a spreadsheet as CSV."
        raise TableError("compressed files and spreadsheets are not read.", file=name, hint=hint)
    suffix = Path(name).suffix.lower()
    if suffix == ".parquet" or data.startswith(PARQUET):
        frame = _parse_parquet(data, name, limit_bytes)
    else:
        text = _decode(data, name)
        json_lines = suffix in JSON_LINES or (str(source) == "-" and text.lstrip().startswith("{"))
        frame = _parse_json_lines(text, name) if json_lines else _parse_csv(text, name)
    frame.attrs |= {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
    return frame


@contextmanager
def located(frame: pd.DataFrame) -> Iterator[None]:
    """Name the file a table was read from in the errors about it."""
    try:
        yield
    except TableError as error:
        if error.file is None and "file" in frame.attrs:
            error.file = frame.attrs["file"]
            error.message = f"{error.file}{': ' if error.column is None else ', '}{error.message}"
        raise


def _read_bytes(source: str, limit_bytes: int) -> bytes:
    if re.match(r"[a-z][a-z0-9+.-]+:/", source, re.IGNORECASE):
        raise TableError("this is a URL, not a file.", file=source, hint="Download it first.")
    path = Path(source)
    try:
        if not path.is_file():  # before it is opened: a pipe without a writer would wait for ever
            raise _no_file(path)
        with path.open("rb") as file:
            return file.read(limit_bytes + 1)
    except OSError as error:
        hint = "Check its path and permissions."
        raise TableError(f"cannot be read: {error.strerror}.", file=source[:200], hint=hint) from error


def _no_file(path: Path) -> TableError:
    if path.is_dir():
        return TableError("this is a directory.", file=str(path), hint="Give the path of one file.")
    if path.exists():
        return TableError("this is no ordinary file.", file=str(path), hint="Give '-' and pipe it to standard input.")
    tables = {".csv", ".tsv", ".txt", ".parquet", *JSON_LINES}
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    siblings = sorted(entry.name for entry in beside if entry.suffix.lower() in tables)
    hint = did_you_mean(path.name, siblings) if siblings else "Give the path of one file."
    return TableError("there is no such file.", file=str(path), hint=hint)


def _decode(data: bytes, name: str) -> str:
    encoding = next((wide for mark, wide in WIDE.items() if data.startswith(mark)), "utf-8-sig")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "Convert it, e.g. `iconv -f windows-1252 -t utf-8`."
        raise TableError(
            f"line {line} is not {encoding.removesuffix('-sig').upper()}.", file=name, hint=hint
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        hint = "Is it UTF-16? Convert it, e.g. `iconv -f utf-16le -t utf-8`."
        raise TableError(f"line {line} holds a NUL character.", file=name, hint=hint)
    return text


def _parse_csv(text: str, name: str) -> pd.DataFrame:
    delimiter = _delimiter(text)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise TableError(f"not a CSV file: {error}.", file=name, hint="Check its quotation marks.") from error
    first = next(position for position, record in enumerate(records) if record)
    header = [name.strip() for name in records[first]]
    check_columns(header, file=name)
    rows = [row or [""] for row in records[first + 1 :] if row or len(header) == 1]
    while rows and len(header) == 1 and rows[-1] == [""]:
        rows.pop()
    for number_, row in enumerate(rows):
        if len(row) != len(header):
            message = f"{len(row)} cells, but the header has {len(header)}."
            raise TableError(message, file=name, row=number_, hint="Quote cells that contain the delimiter.")
    return _frame(header, rows, name)


def _delimiter(text: str) -> str:
    """Return the delimiter that splits the first records into the most cells, all records alike if possible."""
    head = text[:65536].splitlines()[:50]

    def score(delimiter: str) -> tuple[bool, int]:
        widths = [len(record) for record in csv.reader(head, delimiter=delimiter) if record]
        whole = widths[:-1] or widths  # the last one may be cut off
        return (whole[0] > 1 and len(set(whole)) == 1, whole[0])

    return max(DELIMITERS, key=score)


def _parse_json_lines(text: str, name: str) -> pd.DataFrame:
    rows: list[list[Any]] = []
    header: list[str] = []
    hint = "Write one object per line, e.g. with `jq -c`."
    for number_, line in enumerate(line for line in text.split("\n") if line.strip()):
        try:
            pairs = json.loads(line, object_pairs_hook=_Object)
        except (json.JSONDecodeError, RecursionError, ValueError) as error:
            why = str(error).split(";")[0]
            raise TableError(f"not JSON: {why}.", file=name, row=number_, hint=hint) from error
        if not isinstance(pairs, _Object):
            raise TableError("not a JSON object.", file=name, row=number_, hint=hint)
        if not rows:
            header = [key.strip() for key, _ in pairs]
            check_columns(header, file=name)
        record = {key.strip(): value for key, value in pairs}
        if len(pairs) != len(header) or set(record) != set(header):
            odd = sorted(set(record) ^ set(header)) or sorted(record)
            hint = "Give every object the same keys, null where a value is missing."
            raise TableError(f"its keys differ from the first object's: {odd[:5]}.", file=name, row=number_, hint=hint)
        rows.append([record[column] for column in header])
    return _frame(header, rows, name)


class _Object(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a repeated key is seen."""


def _frame(header: Sequence[str], rows: Sequence[Sequence[Any]], name: str) -> pd.DataFrame:
    if not rows:
        raise TableError("there is a header, but no row.", file=name, hint="Add at least one row.")
    columns = zip(*rows, strict=True)
    return pd.DataFrame(dict(zip(header, map(list, columns), strict=True)), dtype=object)


def _parse_parquet(data: bytes, name: str, limit_bytes: int) -> pd.DataFrame:
    try:
        stored = pq.ParquetFile(pa.BufferReader(data))
        check_columns(stored.schema_arrow.names, file=name)
        if stored.metadata.num_rows * stored.metadata.num_columns * 8 > limit_bytes:
            raise TableError(f"unpacks to more than {limit_bytes} bytes.", file=name, hint="Take a sample of its rows.")
        table = stored.read()
    except (pa.ArrowException, OSError) as error:
        raise TableError("not a Parquet file.", file=name, hint="Write it again, or give CSV.") from error
    if not table.num_rows:
        raise TableError("there are columns, but no row.", file=name, hint="Add at least one row.")
    # Integers with gaps become objects here, not floats: 2**53 + 1 in an id column survives.
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True, ignore_metadata=True)
    return frame


def check_columns(columns: Iterable[Hashable], *, file: str | None = None) -> None:
    """Refuse blank, duplicate and non-text column names, and those with control characters.

    Examples
    --------
    >>> check_columns(["a", "b", "a"])
    Traceback (most recent call last):
    tools.errors.TableError: column 'a': the name occurs 2 times. Give every column a name of its own.
    """
    names = list(columns)
    for position, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            message = f"column {position} (counted from 0) has no name." if name == "" else f"{name!r} is not a name."
            raise TableError(message, file=file, hint="Give every column a name of its own, as text.")
        if CONTROL.search(name):
            message = "the name holds a line break or another control character."
            raise TableError(message, file=file, column=name, hint="Rename the column.")
    hint = "Give every column a name of its own."
    if not names:
        raise TableError("there is no column.", file=file, hint=hint)
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise TableError(f"the name occurs {count} times.", file=file, column=str(name), hint=hint)


def number(text: str) -> float | None:
    """Return the number that a text is, or None; no underscores, no foreign digits, no ``nan``.

    Examples
    --------
    >>> number("1e3"), number("1_000"), number("-.5")
    (1000.0, None, -0.5)
    """
    return float(text) if NUMBER.fullmatch(text) else None


def cells(column: "pd.Series[Any]") -> list[Cell]:
    """Return a column as plain Python values, None where it is missing, text without surrounding blanks.

    Raises
    ------
    TableError
        A cell holds a list, an object, or something else that is not one value.

    Examples
    --------
    >>> cells(pd.Series([" a", "NA", None, 2.0]))
    ['a', None, None, 2.0]
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iufb":
        values = column.tolist()
        return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN is not itself
    return [cell(value, str(column.name), row) for row, value in enumerate(column.tolist())]


def cell(value: Any, column: str, row: int | None = None) -> Cell:
    """Return one cell as a plain value, as `cells` does."""
    if isinstance(value, str):
        stripped = value.strip()
        if not stripped.isascii() and HALF.search(stripped):
            hint = "Write the whole character, or leave it out."
            raise TableError("the text holds half a character.", column=column, row=row, hint=hint)
        return None if stripped in MISSING else stripped
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, date | pd.Timestamp):
        return value.isoformat()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float | Decimal):
        return None if value != value else float(value)  # noqa: PLR0124 - NaN is not itself
    what = type(value).__name__.strip("_").lower()
    hint = "Give one number or one text per cell, or leave the column out."
    raise TableError(f"{what} is not a single value.", column=column, row=row, hint=hint)


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as CSV; a text that a spreadsheet would run as a formula gets a leading ``'``.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    try:
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([_safe(str(column)) for column in frame.columns])
            columns = [cells(frame[column]) for column in frame.columns]
            writer.writerows([_safe(value) for value in row] for row in zip(*columns, strict=True))
    except OSError as error:
        hint = "Check the folder and the free space."
        raise StorageError(f"{path}: cannot be written: {error.strerror}.", hint=hint) from error


def _safe(value: Cell) -> Cell:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) and number(value) is None:
        return f"'{value}"
    return value
