"""The facts of one row by what people call them: a feature's value, a label's mean, a contribution."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.explanation.evidence import Evidence
from tools.errors import ToolError
from tools.observation import reference

__all__ = ["Facts"]

NOISE = 1e-9  # relative to all contributions: what is smaller is rounding


@dataclass(frozen=True)
class Facts:
    """Looks up the references of facts in evidence.

    Parameters
    ----------
    evidence : Evidence
        Where they are.
    """

    evidence: Evidence

    @cached_property
    def entries(self) -> dict[str, int]:
        """The place of each feature in the list of contributions."""
        found = self.evidence.explained.result or {}
        return {entry["feature"]: at for at, entry in enumerate(found["features"])}

    @cached_property
    def calls(self) -> dict[str, str]:
        """The call that holds each feature's statistics with the row's value."""
        seen = [o for o in self.evidence.find("feature_stats") if "value" not in o.args]
        return {str((call.result or {})["feature"]): call.id for call in seen}

    @property
    def features(self) -> list[str]:
        """Every feature that something is known of."""
        return list(dict.fromkeys([*self.entries, *self.calls]))

    @cached_property
    def labels(self) -> list[str]:
        """Every label that something is known of."""
        known = [label for call in self.evidence.find("probability") for label in call.result or {}]
        return list(dict.fromkeys([self.evidence.label, *known]))

    @cached_property
    def categories(self) -> dict[str, list[str]]:
        """The categories of each feature that has some."""
        found: dict[str, list[str]] = {}
        for feature, call in self.calls.items():
            shares = self._get(reference(call, "overall", "shares")) or {}
            found[feature] = [str(category) for category in shares]
            value = self._get(reference(call, "value"))
            if isinstance(value, str) and value not in found[feature]:
                found[feature].append(value)
        for feature in self.entries:
            value = self.evidence.value(self.value(feature))
            if isinstance(value, str):
                found.setdefault(feature, [value])
        return found

    def value(self, feature: str) -> str:
        """Return the reference of the row's value of a feature."""
        if feature in self.calls:
            return reference(self.calls[feature], "value")
        return reference(self.evidence.explained.id, "features", self.entries[feature], "value")

    def number(self, feature: str) -> float:
        """Return the row's value of a feature; not a number where it is none."""
        value = self.evidence.value(self.value(feature))
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan

    def contribution(self, feature: str) -> str:
        """Return the reference of a feature's contribution.

        Raises
        ------
        ToolError
            When it is not among those listed.
        """
        if feature not in self.entries:
            raise ToolError(f"The contribution of {feature!r} is not listed.")
        return reference(self.evidence.explained.id, "features", self.entries[feature], "contribution")

    def statistic(self, feature: str, name: str, label: str | None) -> str:
        """Return the reference of a statistic of a feature, overall or for one label."""
        scope = ("overall",) if label is None else ("by_label", label)
        return self._known(reference(self._call(feature), *scope, name))

    def position(self, feature: str, side: str, label: str | None) -> str:
        """Return the reference of the percent of rows ``below`` or ``above`` the row's value."""
        scope = () if label is None else ("value_by_label", label)
        return self._known(reference(self._call(feature), *scope, side))

    def share(self, feature: str, category: str | None, label: str | None) -> str:
        """Return the reference of the share of rows that have a category; None for the row's."""
        chosen = str(self.evidence.value(self.value(feature))) if category is None else category
        scope = ("overall",) if label is None else ("by_label", label)
        return self._known(reference(self._call(feature), *scope, "shares", chosen))

    def side(self, label: str) -> int:
        """Return +1 for the label that the contributions are towards, -1 for the only other one."""
        if label == self.evidence.label:
            return 1
        if label in self.labels and len(self.labels) == 2:
            return -1
        raise ToolError(f"What moves the result towards {label!r} is not known.")

    def ranking(self, side: str) -> list[str]:
        """Return the references of the contributions of one side, the largest first."""
        sign = {"any": 0, "for": 1, "against": -1}[side]
        entries = (self.evidence.explained.result or {})["features"]
        kept = [name for name, at in self.entries.items() if not sign or entries[at]["contribution"] * sign > 0]
        return [self.contribution(name) for name in kept]

    def signs(self, top: int | None) -> list[int]:
        """Return the signs of the strongest contributions; of all, where the list is complete."""
        result = self.evidence.explained.result or {}
        entries, noise = result["features"], NOISE * result["absolute"]
        if top is not None and top > len(entries):
            raise ToolError(f"Only {len(entries)} contributions are listed.")
        listed = sum(abs(entry["contribution"]) for entry in entries)
        if top is None and listed < result["absolute"] * (1 - 1e-6):
            raise ToolError("Not all contributions are listed.")
        kept = entries[: top or len(entries)]
        return [0 if abs(entry["contribution"]) <= noise else 1 if entry["contribution"] > 0 else -1 for entry in kept]

    def likely(self) -> list[str]:
        """Return the labels, the likeliest first."""
        found = self.evidence.find("probability")[-1].result or {}
        return sorted(found, key=lambda label: -found[label])

    def _call(self, feature: str) -> str:
        if feature not in self.calls:
            raise ToolError(f"The statistics of {feature!r} were not asked for.")
        return self.calls[feature]

    def _known(self, ref: str) -> str:
        self.evidence.value(ref)
        return ref

    def _get(self, ref: str) -> Any:
        return self.evidence.value(ref) if self.evidence.has(ref) else None
