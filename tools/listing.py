"""Rows as they are: show."""

from collections.abc import Sequence
from typing import Any

from tools.cohort import Cohort
from tools.table import Cell

__all__ = ["show"]

DEFAULT_ROWS = 10
DEFAULT_FEATURES = 6


def show(cohort: Cohort, columns: Sequence[str] | None = None, limit: int | None = None) -> dict[str, Any]:
    """Return the first rows of a cohort.

    Parameters
    ----------
    cohort : Cohort
    columns : sequence of str, optional
        Features, label, prediction, id or row; by default the id, the most important features, label and prediction.
    limit : int, optional
        How many rows; ten by default.

    Returns
    -------
    dict
        ``{"rows": number of rows in the cohort, "columns", "table": [[cell, …], …]}``.

    Raises
    ------
    ToolError
        There is no such column.
    """
    rows = cohort.rows
    names = list(columns or _default(cohort))
    roles = [rows.role(name) for name in names]
    table = [_cells(cohort, roles, position) for position in range(min(limit or DEFAULT_ROWS, len(cohort)))]
    return {"rows": len(cohort), "columns": names, "table": table}


def _default(cohort: Cohort) -> list[str]:
    ranking = [entry["feature"] for entry in cohort.rows.bundle.importance[:DEFAULT_FEATURES]]
    labels = ["label"] if cohort.rows.y is not None else []
    return [cohort.rows.id_name, *(name for name in ranking if name != cohort.rows.id_name), *labels, "prediction"]


def _cells(cohort: Cohort, roles: Sequence[str | int], position: int) -> list[Cell]:
    row, known, features = cohort.id_of(position), cohort.schema.labels, list(cohort.cells(position).values())
    y = cohort.rows.y
    label = -1 if y is None else int(y[row["row"]])
    others: dict[str, Cell] = {
        "row": row["row"],
        "id": row.get("id"),
        "label": known[label] if label >= 0 else None,
        "prediction": known[int(cohort.predicted[position])] if "prediction" in roles else None,
    }
    return [others[role] if isinstance(role, str) else features[role] for role in roles]
