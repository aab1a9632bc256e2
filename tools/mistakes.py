"""Where the predictor errs: single rows that it gets wrong, and conditions under which it errs more often."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from tools.cohort import Cohort
from tools.columns import Mask
from tools.feature import Feature
from tools.models import Floats
from tools.performance import Judged
from tools.where import Condition, Where, dump, mask

__all__ = ["mistakes"]

MOST_EXAMPLES = 10
MOST_PATTERNS = 4
DEPTH = 3
LEAST_ROWS, LEAST_SHARE = 5, 0.02  # of a pattern
LEAST_MISTAKES = 2  # one mistake is no pattern
MOST_ROWS = 20_000  # that the tree learns from; patterns are counted over all

Json = dict[str, Any]


def mistakes(cohort: Cohort, kind: str) -> Json:
    """Return what the predictor gets wrong among the rows of a cohort.

    Parameters
    ----------
    cohort : Cohort
    kind : {"examples", "patterns"}
        Examples are the rows that it was surest of, at most ten. Patterns are conditions on features that a decision
        tree of depth 3 finds, under which more is wrong than in the cohort: at most four, each with rows and mistakes
        as the conditions themselves count them.

    Returns
    -------
    dict
        ``{"rows", "mistakes", "share", "split"}`` with ``"examples": [{"row", "id"?, "label", "prediction",
        "probability"}]`` or ``"patterns": [{"where", "rows", "mistakes", "share"}]``.

    Raises
    ------
    ToolError
        The rows have no labels.
    """
    judged = Judged(cohort)
    wrong = judged.predicted != judged.y
    count, rows = int(wrong.sum()), len(wrong)
    found = {"rows": rows, "mistakes": count, "share": count / rows, "split": judged.split}
    if kind == "examples":
        return found | {"examples": _examples(judged, wrong)}
    return found | {"patterns": _patterns(judged, wrong)}


def _examples(judged: Judged, wrong: Mask) -> list[Json]:
    cohort, labels = judged.cohort, judged.cohort.schema.labels
    at = judged.positions[wrong]
    sure = cohort.probabilities[at].max(axis=1)
    first = np.argsort(-sure, kind="stable")[:MOST_EXAMPLES]
    y, predicted = judged.y[wrong], judged.predicted[wrong]
    return [
        {
            **cohort.id_of(int(at[i])),
            "label": labels[int(y[i])],
            "prediction": labels[int(predicted[i])],
            "probability": float(sure[i]),
        }
        for i in first
    ]


@dataclass(frozen=True)
class _Region:
    """What a path through the tree says of one feature: limits, categories that are left, or that it is missing."""

    above: float | None = None
    upto: float | None = None
    left: frozenset[int] | None = None
    there: bool | None = None

    def conditions(self, feature: Feature) -> list[Condition]:
        """Return it as conditions."""
        if self.left is not None:
            names = sorted(feature.categories[code] for code in self.left)
            one = len(names) == 1
            return [Condition(feature.name, "==" if one else "in", names[0] if one else tuple(names))]
        limits = ((">", self.above), ("<=", self.upto))
        found = [Condition(feature.name, sign, _plain(limit)) for sign, limit in limits if limit is not None]
        if found or self.there is None:
            return found
        return [Condition(feature.name, "!=" if self.there else "==", None)]


def _patterns(judged: Judged, wrong: Mask) -> list[Json]:
    """Return the leaves in which more is wrong, most mistakes first."""
    if not LEAST_MISTAKES <= wrong.sum() < len(wrong):
        return []
    rows, numbers = judged.cohort.rows, judged.cohort.numbers[judged.positions]
    values = rows.values[numbers]
    found: list[Json] = []
    for where in _leaves(values, wrong, rows.features):
        covered = mask(where, rows.column, len(rows))[numbers]
        errors, count = int((covered & wrong).sum()), int(covered.sum())
        if errors >= LEAST_MISTAKES and errors * len(wrong) > count * int(wrong.sum()):
            found.append({"where": dump(where), "rows": count, "mistakes": errors, "share": errors / count})
    return sorted(found, key=lambda pattern: (-pattern["mistakes"], pattern["rows"]))[:MOST_PATTERNS]


def _leaves(values: Floats, wrong: Mask, features: tuple[Feature, ...]) -> list[Where]:
    """Return the conditions of each leaf of a shallow tree that tells wrong rows from right ones."""
    generator = np.random.default_rng(0)
    chosen = np.sort(generator.permutation(len(values))[:MOST_ROWS])
    wide, columns = _spread(values[chosen], features)
    least = max(LEAST_ROWS, int(np.ceil(LEAST_SHARE * len(chosen))))
    fitted = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=least, random_state=0).fit(wide, wrong[chosen])
    tree = fitted.tree_
    found: list[Where] = []
    paths: list[tuple[int, dict[int, _Region]]] = [(0, {})]
    while paths:
        node, regions = paths.pop()
        if tree.children_left[node] < 0:
            conditions = [c for at in sorted(regions) for c in regions[at].conditions(features[at])]
            found += [(tuple(conditions),)] if conditions else []
            continue
        at, code = columns[tree.feature[node]]
        left, right = _split(values[:, at], regions.get(at, _Region()), code, float(tree.threshold[node]))
        paths.append((int(tree.children_right[node]), {**regions, at: right}))
        paths.append((int(tree.children_left[node]), {**regions, at: left}))
    return found


def _spread(values: Floats, features: tuple[Feature, ...]) -> tuple[Floats, list[tuple[int, int | None]]]:
    """Return numbers as they are and one indicator per category, and what each column is: feature and category."""
    parts, columns = [], []
    for at, feature in enumerate(features):
        codes = range(len(feature.categories)) if feature.categories else [None]
        columns += [(at, code) for code in codes]
        parts += [values[:, at] if code is None else (values[:, at] == code).astype(np.float64) for code in codes]
    return np.stack(parts, axis=1), columns


def _split(column: Floats, region: _Region, code: int | None, threshold: float) -> tuple[_Region, _Region]:
    """Return the two parts of a region that a split of the tree makes."""
    if code is None and np.isinf(threshold):  # missing cells go to the right, all others to the left
        return replace(region, there=True), replace(region, there=False)
    if code is None:
        limit = _between(column, threshold)
        return replace(region, upto=limit), replace(region, above=limit)
    there = frozenset(np.unique(column[~np.isnan(column)]).astype(int).tolist())
    left = (there if region.left is None else region.left) - {code}
    return replace(region, left=left), replace(region, left=frozenset({code}))


def _between(column: Floats, threshold: float) -> float:
    """Return the shortest number that separates the same values as the threshold."""
    present = column[~np.isnan(column)]
    low, high = present[present <= threshold].max(), present[present > threshold].min()
    rounded = (round(float(low + high) / 2, digits) for digits in range(16))
    return next((number for number in rounded if low <= number < high), float(low))


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number
