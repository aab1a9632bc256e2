"""What the tools found for one row, addressed by reference: the only source of numbers and names for a text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.errors import ToolError
from tools.feature import Feature
from tools.observation import Observation, display, reference, resolve, results

__all__ = ["Called", "Evidence"]


@dataclass(frozen=True)
class Called:
    """What people call things, for texts that are read back: labels, and features with their categories.

    Attributes
    ----------
    labels : mapping of str to sequence of str
    features : mapping of str to Feature
    """

    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    features: Mapping[str, Feature] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """The observations of one row, and the decision taken on them.

    Parameters
    ----------
    observations : sequence of Observation
        In the order of the calls; failed calls are passed over.
    decision : mapping, optional
        The decision's fields, addressed as ``decision.llm`` and so on.
    called : Called, optional
        What people call labels, features and categories.

    Examples
    --------
    >>> from tools.observation import Observation
    >>> seen = Observation(id="t1", tool="probability", result={"benign": 0.9731})
    >>> Evidence([seen]).shown("t1.benign")
    '97.3%'
    """

    observations: Iterable[Observation]
    decision: Mapping[str, Any] | None = None
    called: Called = field(default_factory=Called)
    _results: dict[str, Any] = field(init=False, repr=False)
    _tools: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        observations = tuple(self.observations)
        object.__setattr__(self, "observations", observations)
        found: dict[str, Any] = dict(results(observations))
        if self.decision is not None:
            found["decision"] = dict(self.decision)
        object.__setattr__(self, "_results", found)
        object.__setattr__(self, "_tools", {o.id: o.tool for o in observations} | {"decision": "decision"})

    def value(self, ref: str) -> Any:
        """Return the value of a fact; raises ToolError where there is none."""
        return resolve(ref, self._results)

    def shown(self, ref: str) -> str:
        """Return a fact as every text shows it."""
        value = self.value(ref)
        if isinstance(value, dict | list) and not ref.endswith(("|name", "|count")):
            raise ToolError(f"{ref!r} is not a single value.", hint="Refer to a value inside it.")
        return display(ref, value, self._tools[ref.split(".", maxsplit=1)[0]])

    def shown_number(self, ref: str) -> float:
        """Return a numeric fact as its reader reads it: at the precision shown."""
        return float(self.shown(ref).rstrip("%"))

    def has(self, ref: str) -> bool:
        """Tell whether a fact exists and has a value."""
        try:
            return self.value(ref) is not None
        except ToolError:
            return False

    def find(self, tool: str) -> list[Observation]:
        """Return the successful calls of one tool, in order."""
        return [o for o in self.observations if o.tool == tool and o.result is not None]

    def observation(self, observation_id: str) -> Observation:
        """Return one observation by its id."""
        for observation in self.observations:
            if observation.id == observation_id:
                return observation
        raise ToolError(f"No observation {observation_id!r}.")

    @property
    def explained(self) -> Observation:
        """The last `explain` call: the one towards the final label.

        Raises
        ------
        ToolError
            If the contributions were never asked for.
        """
        calls = self.find("explain")
        if not calls:
            raise ToolError("There is nothing to explain: no call of `explain` succeeded.")
        return calls[-1]

    @property
    def label(self) -> str:
        """The final label: an explanation is always of it."""
        return str((self.explained.result or {})["towards"])

    @property
    def probability_ref(self) -> str:
        """The reference of the final label's probability."""
        return reference(self.find("probability")[-1].id, self.label)

    def statistics(self, feature: str) -> Observation | None:
        """Return the statistics that were asked for about one feature with the row's value, if any."""
        asked = [o for o in self.find("feature_stats") if "value" not in o.args]
        calls = [o for o in asked if (o.result or {}).get("feature") == feature]
        return calls[-1] if calls else None

    def unit(self, feature: str) -> str:
        """Return the unit of a feature's values, as the dictionary has it; empty where nothing says it."""
        entries = [entry for call in self.find("explain") for entry in (call.result or {})["features"]]
        known = [*entries, *((call.result or {}) for call in self.find("feature_stats"))]
        return next((str(one["unit"]) for one in known if one.get("feature") == feature and one.get("unit")), "")

    def described(self, feature: str) -> str | None:
        """Return the reference of a feature's description, if it was asked for and there is one."""
        for call in self.find("describe"):
            if (call.result or {}).get("feature") == feature and self.has(reference(call.id, "description")):
                return reference(call.id, "description")
        return None
