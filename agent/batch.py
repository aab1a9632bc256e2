"""Many rows in turn: ids, receipts, and nothing lost on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from agent.classifier import Classifier
from agent.explanation import receipt
from agent.explanation.result import Explanation
from tools.errors import TableError, UserError
from tools.kinds import text_of
from tools.storage import outside_bundles
from tools.table import cells

__all__ = ["classify_table"]

Progress = Callable[[Iterator[int], int, str], Iterator[int]]


def classify_table(
    clf: Classifier,
    table: pd.DataFrame,
    limit: int | None = None,
    receipts: Path | None = None,
    source: str | None = None,
    progress: Progress | None = None,
    note: Callable[[str], Any] | None = None,
) -> Iterator[tuple[str, Explanation]]:
    """Classify the rows of a table in order.

    The whole table is checked before the first row is classified: a mistake in the last row costs no waiting.

    Parameters
    ----------
    clf : Classifier
        Does one row.
    table : DataFrame
        With the bundle's columns.
    limit : int, optional
        Stop after so many rows.
    receipts : Path, optional
        Folder for one receipt per row, written as soon as the row is done.
    source : str, optional
        The table's file, for messages.
    progress, note : callable, optional
        Show the loop; receive notes about the table.

    Yields
    ------
    name : str
        The row's id, or ``row 0``, ``row 1``, ….
    explanation : Explanation

    Raises
    ------
    TableError
        If a column is missing, or a value does not fit: names the column and the row.
    """
    schema = clf.bundle.schema
    rows = table.iloc[:limit] if limit is not None else table
    if receipts is not None:
        outside_bundles(receipts / "receipt.json")
        if receipts.exists() and not receipts.is_dir():
            raise UserError(f"{receipts}: is a file, not a folder.", hint="Name a folder for the receipts.")
    try:
        checked, ids = schema.check(rows), _ids(rows, schema.id_column)
    except TableError as error:
        raise TableError(error.message, file=error.file or source, hint=error.hint) from error
    for text in checked.notes:
        (note or (lambda _: None))(f"Note: {text}")
    files = [receipt.file_name(row_id, number) for number, row_id in enumerate(ids)]
    if receipts is not None:
        _apart(files, source, schema.id_column)
    numbers: Iterator[int] = iter(range(len(rows)))
    if progress is not None:
        numbers = progress(numbers, len(rows), "classifying")
    for number in numbers:
        explanation = clf.classify(checked.row(number), ids[number])
        if receipts is not None:
            receipt.write(explanation, receipts / files[number])
        yield ids[number] or f"row {number}", explanation


def _ids(rows: pd.DataFrame, column: str | None) -> list[str | None]:
    """Return each row's id, or None where it has none."""
    if column not in rows.columns:
        return [None] * len(rows)
    return [None if value is None else text_of(value) for value in cells(rows[column])]


def _apart(files: list[str], source: str | None, column: str | None) -> None:
    """Refuse rows whose receipts would overwrite each other."""
    first: dict[str, int] = {}
    for number, name in enumerate(files):
        if first.setdefault(name, number) != number:
            message = f"its receipt and that of row {first[name]} would be one file ({name})."
            raise TableError(message, file=source, column=column, row=number, hint="Give every row its own id.")
