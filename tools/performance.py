"""How good the predictor is on the rows of a cohort: score, and which rows are looked at for it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tools.cohort import Cohort
from tools.columns import Mask
from tools.given import Codes
from tools.metrics import RATES, metric

__all__ = ["Judged", "score"]


@dataclass(frozen=True)
class Judged:
    """The rows of a cohort on which the predictor is judged: those it has not seen, where there are any.

    Raises
    ------
    ToolError
        The table has no labels, or one of the rows has none.
    """

    cohort: Cohort

    @cached_property
    def held_out(self) -> Mask | None:
        """Which rows of the cohort did not train the predictor, shape (m,); None where none is known to."""
        if self.cohort.rows.given is not None:
            return None
        found = ~self.cohort.rows.bundle.train[self.cohort.numbers]
        return found if found.any() else None

    @property
    def split(self) -> str:
        """Which rows these are: ``held-out``, ``train`` where the cohort has no others, ``data`` of a given table."""
        if self.cohort.rows.given is not None:
            return "data"
        return "train" if self.held_out is None else "held-out"

    @cached_property
    def positions(self) -> Codes:
        """Positions in the cohort, ascending, shape (j,)."""
        return np.arange(len(self.cohort)) if self.held_out is None else np.flatnonzero(self.held_out)

    @cached_property
    def y(self) -> Codes:
        """Index of the true label of each, shape (j,)."""
        return self.cohort.labels()[self.positions]

    @cached_property
    def predicted(self) -> Codes:
        """Index of the predicted label of each, shape (j,)."""
        return self.cohort.predicted[self.positions]


def score(cohort: Cohort, name: str) -> dict[str, Any]:
    """Return one metric over the rows of a cohort; see `metrics.metric`.

    Returns
    -------
    dict
        ``{"metric", "value", "rows", "split"}``, `rows` being those that were looked at, and ``positive``: the label
        that the metric is about, where it is about one.

    Raises
    ------
    ToolError
        The metric is not defined on these rows, or they have no labels.
    """
    judged, labels = Judged(cohort), cohort.schema.labels
    value = metric(name, cohort.probabilities[judged.positions], judged.predicted, judged.y, labels)
    about = {"positive": labels[1]} if name in RATES and len(labels) == 2 else {}
    return {"metric": name, "value": value, "rows": len(judged.positions), "split": judged.split, **about}
