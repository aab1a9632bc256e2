"""Many rows in turn: ids, receipts, and nothing lost on the way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from agent.classifier import Classifier
from agent.explanation import receipt
from agent.explanation.result import Explanation
from tools.errors import TableError

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
    try:
        checked = schema.check(rows)
    except TableError as error:
        raise TableError(error.message, file=error.file or source, hint=error.hint) from error
    for text in checked.notes:
        (note or (lambda _: None))(f"Note: {text}")
    ids = [str(value) for value in rows[schema.id_column]] if schema.id_column in rows.columns else None
    numbers: Iterator[int] = iter(range(len(rows)))
    if progress is not None:
        numbers = progress(numbers, len(rows), "classifying")
    for number in numbers:
        row = {name: _plain(checked.frame[name].iloc[number]) for name in schema.names}
        row_id = ids[number] if ids is not None else None
        explanation = clf.classify(row, row_id)
        if receipts is not None:
            receipt.write(explanation, receipts / receipt.file_name(row_id, number))
        yield row_id if row_id is not None else f"row {number}", explanation


def _plain(value: Any) -> Any:
    """Return a cell as a Python value; NaN is missing."""
    plain = value.item() if hasattr(value, "item") else value
    return None if plain is None or plain != plain else plain  # noqa: PLR0124 - NaN
