"""The smallest changes of one row under which the predictor says something else.

Changes go to values that training rows have, within the limits of the data dictionary: nothing that is immutable, no
value out of its range. One change is tried first, then two, then three; each found one is brought as near to the row as
it still counts, and what is returned was predicted again for exactly the row that is shown.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.cohort import Cohort
from tools.errors import ToolError, did_you_mean
from tools.feature import decoded
from tools.models import Floats
from tools.predictor import Predictor
from tools.statistics import Statistics

__all__ = ["counterfactual"]

MOST_OPTIONS = 3
MOST_CHANGES = 3
MANY_VALUES = 65  # of one column, where it changes alone
FEW_VALUES = 12  # of one column, where several change together
MOST_COLUMNS = 16  # that are combined: those that bring the row furthest alone
BEAM = 40  # pairs of changes that a third one is added to
SURE = 1e-6  # of a logit, by which the other label has to lead: it does on any machine


def counterfactual(cohort: Cohort, target: str | None = None) -> dict[str, Any]:
    """Return the smallest changes that flip the prediction of one row.

    Sizes are summed over the changes: a number counts its distance in standard deviations of the training rows, a
    category 1, as does a missing cell (and its new number the distance from the mean).

    Parameters
    ----------
    cohort : Cohort
        Of one row.
    target : str, optional
        The label to reach; by default any other one.

    Returns
    -------
    dict
        ``{"label", "target", "found", "options": [{"changes": [{"feature", "from", "to"}], "label", "probability"}]}``:
        at most three options, smallest first, all with as few changes as there have to be. Without a target and with
        more than two labels, ``target`` is the label of the first option, or None.

    Raises
    ------
    ToolError
        There is not one row, or the target is no label or predicted already.
    """
    cohort.one("counterfactual")
    labels, code = cohort.schema.labels, int(cohort.predicted[0])
    if target is not None and target not in labels:
        raise ToolError(f"there is no label {target!r}.", hint=did_you_mean(target, labels))
    if target == labels[code]:
        raise ToolError(f"the row is predicted {target!r} already.", hint="Name another label, or none.")
    goal = None if target is None else labels.index(target)
    search = _Search(cohort, code, goal)
    options = [search.told(row) for row in search.smallest()]
    if target is None:
        others = [label for label in labels if label != labels[code]]
        target = others[0] if len(others) == 1 else next((option["label"] for option in options), None)
    return {"label": labels[code], "target": target, "found": bool(options), "options": options}


@dataclass(frozen=True)
class _Search:
    """Search around one row for the label `goal`, or for any but `label`; what is tried are whole changed rows."""

    cohort: Cohort
    label: int
    goal: int | None

    @cached_property
    def x(self) -> Floats:
        """The row, shape (d,)."""
        return np.asarray(self.cohort.X[0])

    def smallest(self) -> list[Floats]:
        """Return up to three rows that reach the goal, with the fewest changes that do, smallest first."""
        tried = self._singles()
        for size in range(1, MOST_CHANGES + 1):
            leads = self._leads(tried)
            best = sorted((self._nearer(row) for row in self._best_of_each(tried[leads > SURE])), key=self._order)
            found = [row for row in best if self._verified(row)]
            if found or size == MOST_CHANGES:
                return found[:MOST_OPTIONS]
            tried = tried[np.argsort(-leads, kind="stable")]
            tried = self._pairs(tried) if size == 1 else self._triples(tried)
        return []

    def told(self, row: Floats) -> dict[str, Any]:
        """Return a changed row as an option of the result."""
        features, before = self.cohort.schema.features, self.cohort.cells(0)
        found = self._predictor.probabilities(row[None])[0]
        moved = [
            {"feature": features[at].name, "from": before[features[at].name], "to": decoded(features[at], row[at])}
            for at in np.flatnonzero(self._differs(row[None])[0])
        ]
        code = int(found.argmax())
        return {"changes": moved, "label": self.cohort.schema.labels[code], "probability": float(found[code])}

    # What is tried.

    @cached_property
    def _values(self) -> list[Floats]:
        """All values that each column may be changed to, ascending."""
        return [self._allowed(at) for at in range(len(self.x))]

    def _allowed(self, at: int) -> Floats:
        feature = self.cohort.schema.features[at]
        if feature.immutable:
            return np.empty(0)
        if feature.categories:
            values = np.arange(len(feature.categories), dtype=np.float64)
        else:
            values = self._statistics.observed(feature.name)
            low, high = feature.range or (None, None)
            inside = (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))
            values = values[inside]
        return np.asarray(values[values != self.x[at]])

    def _spread(self, at: int, most: int) -> Floats:
        """Return at most so many values of a number, evenly among those observed; all of a category."""
        values = self._values[at]
        return values if self.cohort.schema.features[at].categories else _evenly(values, most)

    def _with(self, row: Floats, at: int, values: Floats) -> Floats:
        rows = np.tile(row, (len(values), 1))
        rows[:, at] = values
        return rows

    def _singles(self) -> Floats:
        return np.concatenate([self._with(self.x, at, self._spread(at, MANY_VALUES)) for at in range(len(self.x))])

    def _columns(self, tried: Floats) -> list[int]:
        """Return the columns that the first of some rows change, in the order of these rows."""
        changed: list[int] = np.nonzero(self._differs(tried))[1].tolist()
        return list(dict.fromkeys(changed))[:MOST_COLUMNS]

    def _pairs(self, singles: Floats) -> Floats:
        """Return rows with two changes, of the columns that bring the row furthest alone."""
        rows = [np.empty((0, len(self.x)))]
        for a, b in combinations(sorted(self._columns(singles)), 2):
            first = self._with(self.x, a, self._spread(a, FEW_VALUES))
            rows += [self._with(row, b, self._spread(b, FEW_VALUES)) for row in first]
        return np.concatenate(rows)

    def _triples(self, pairs: Floats) -> Floats:
        """Add a third change to the furthest row of each of the best pairs of columns."""
        best: dict[bytes, Floats] = {}
        for row, key in zip(pairs, self._differs(pairs), strict=True):
            best.setdefault(key.tobytes(), row)
        columns, rows = self._columns(pairs), [np.empty((0, len(self.x)))]
        for row in list(best.values())[:BEAM]:
            others = set(columns) - set(np.flatnonzero(self._differs(row[None])[0]).tolist())
            rows += [self._with(row, at, self._spread(at, FEW_VALUES)) for at in sorted(others)]
        return np.concatenate(rows)

    def _nearer(self, row: Floats) -> Floats:
        """Bring each changed number in turn to the nearest observed value at which the goal is still reached."""
        for at in np.flatnonzero(self._differs(row[None])[0]).tolist():
            if self.cohort.schema.features[at].categories:
                continue
            while True:
                rows = self._with(row, at, self._values[at])
                nearer = np.sort(self._values[at][self._sizes(rows) < self._sizes(row[None])])
                rows = self._with(row, at, _evenly(nearer, MANY_VALUES))
                rows = rows[self._leads(rows) > SURE]
                if not len(rows):
                    break
                row = rows[np.argmin(self._sizes(rows))]
        return row

    # Judging it.

    @property
    def _predictor(self) -> Predictor:
        return self.cohort.rows.bundle.predictor

    @property
    def _statistics(self) -> Statistics:
        return self.cohort.rows.bundle.statistics

    def _leads(self, tried: Floats) -> Floats:
        """Return by how much the goal's logit leads in each row, shape (n,)."""
        if not len(tried):
            return np.empty(0)
        logits = self._predictor.logits(tried)
        if self.goal is None:
            return np.asarray(np.delete(logits, self.label, axis=1).max(axis=1) - logits[:, self.label])
        return np.asarray(logits[:, self.goal] - np.delete(logits, self.goal, axis=1).max(axis=1))

    def _verified(self, row: Floats) -> bool:
        """Predict the row once more, as anybody would who types in the values that are shown."""
        schema = self.cohort.schema
        found = int(self._predictor.probabilities(schema.encode_row(schema.decode_row(row))[None])[0].argmax())
        return found == self.goal if self.goal is not None else found != self.label

    def _differs(self, tried: Floats) -> NDArray[np.bool_]:
        """Return which columns of each row are changed, shape (n, d)."""
        return np.asarray((tried != self.x) & ~(np.isnan(tried) & np.isnan(self.x)))

    def _sizes(self, tried: Floats) -> Floats:
        """Return how large the changes of each row are together, shape (n,)."""
        features = self.cohort.schema.features
        mean, std = np.array([self._statistics.moments(feature.name) for feature in features], dtype=np.float64).T
        absent, categories = np.isnan(self.x), np.array([bool(feature.categories) for feature in features])
        scale = np.where(std > 0, std, 1.0)  # NaN where there is none
        start = np.where(absent, np.nan_to_num(mean), self.x)
        distance = np.where(categories, 1.0, np.abs(tried - start) / scale + absent)
        return np.asarray(np.where(self._differs(tried), distance, 0.0).sum(axis=1).round(9))

    def _order(self, row: Floats) -> tuple[float, list[float]]:
        return float(self._sizes(row[None])[0]), np.nan_to_num(row).tolist()

    def _best_of_each(self, reached: Floats) -> list[Floats]:
        """Return the smallest changes of each set of columns, and of these the smallest few."""
        best: dict[bytes, Floats] = {}
        order = np.argsort(self._sizes(reached), kind="stable")
        for row, key in zip(reached[order], self._differs(reached)[order], strict=True):
            best.setdefault(key.tobytes(), row)
        return list(best.values())[: 2 * MOST_OPTIONS]


def _evenly(values: Floats, most: int) -> Floats:
    """Return at most so many of some values, evenly, with the first and the last."""
    if len(values) <= most:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, most).round().astype(int)])
