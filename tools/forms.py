"""The arguments of every tool: what is checked of them, and what an agent is shown of them as JSON schema."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from tools.changes import Change
from tools.columns import SIGNS
from tools.metrics import METRICS

__all__ = [
    "Args",
    "Calculate",
    "Cohorts",
    "Counterfactual",
    "Describe",
    "Explain",
    "ExplainCohort",
    "FeatureStats",
    "FeatureStatsCohort",
    "Importance",
    "Interactions",
    "Mistakes",
    "OneRow",
    "Score",
    "Show",
    "Similar",
    "SimilarCohort",
]

_SCALAR: dict[str, Any] = {"type": ["number", "string", "boolean", "null"]}
_CONDITION: dict[str, Any] = {
    "type": "array",
    "prefixItems": [
        {"type": "string"},
        {"enum": list(SIGNS)},
        {"anyOf": [_SCALAR, {"type": "array", "items": {"type": ["number", "string", "boolean"]}, "minItems": 1}]},
    ],
    "minItems": 3,
    "maxItems": 3,
}
_LIST: dict[str, Any] = {"type": "array", "items": _CONDITION}
_ANY: dict[str, Any] = {
    "type": "object",
    "properties": {"any": {"type": "array", "items": {**_LIST, "minItems": 1}, "minItems": 1}},
    "required": ["any"],
    "additionalProperties": False,
}
_CHANGE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "column": {"type": "string"},
        "action": {"enum": ["set", "increase", "decrease"]},
        "value": _SCALAR,
    },
    "required": ["column", "action", "value"],
    "additionalProperties": False,
}


class Args(BaseModel):
    """Arguments of a tool; others than these are an error."""

    model_config = ConfigDict(extra="forbid")


class OneRow(Args):
    """Arguments of a tool that looks at one row: none."""


class Cohorts(Args):
    """Which rows a tool looks at, and as what."""

    where: Annotated[Any, WithJsonSchema({"anyOf": [_LIST, _ANY]})] = Field(
        None,
        description="conditions [column, sign, value] that all have to hold; for or, {any: [[…], […]]}; by default "
        "every row. column is a feature, label (the true one), prediction, row (its number) or the id column.",
    )
    changes: Annotated[list[Change] | None, WithJsonSchema({"type": "array", "items": _CHANGE})] = Field(
        None, description="what-if changes of the selected rows"
    )
    scope: Literal["previous"] | None = Field(None, description="only among the rows of the answer before")


class Explain(OneRow):
    """Arguments of `explain` for one row."""

    top: int | None = Field(None, ge=1, description="how many features to list; ten or more are listed")
    label: str | None = Field(None, description="explain towards this label instead of the predicted one")


class ExplainCohort(Explain, Cohorts):
    """Arguments of `explain`."""


class Importance(Cohorts):
    """Arguments of `importance`."""

    top: int | None = Field(None, ge=1, description="how many features; ten by default")
    feature: str | None = Field(None, description="only this feature, with its rank")


class Interactions(Cohorts):
    """Arguments of `interactions`."""

    top: int | None = Field(None, ge=1, description="how many pairs; ten by default")


class Counterfactual(Cohorts):
    """Arguments of `counterfactual`."""

    target: str | None = Field(None, description="the label to reach; any other one by default")


class Score(Cohorts):
    """Arguments of `score`."""

    metric: Literal[METRICS]  # type: ignore[valid-type]


class Mistakes(Cohorts):
    """Arguments of `mistakes`."""

    kind: Literal["examples", "patterns"]


class Show(Cohorts):
    """Arguments of `show`."""

    columns: list[str] | None = Field(None, min_length=1, description="by default the most important ones")
    limit: int | None = Field(None, ge=1, le=100, description="how many rows; ten by default")


class FeatureStats(Args):
    """Arguments of `feature_stats` for one row."""

    feature: str = Field(description="a column of the table, or the target")
    value: float | int | str | bool | None = Field(None, description="a value to place; by default the row's")


class FeatureStatsCohort(Cohorts):
    """Arguments of `feature_stats`."""

    feature: str = Field(description="a column of the table, or the target")
    value: float | int | str | bool | None = Field(None, description="a value to place among those of the column")


class Similar(OneRow):
    """Arguments of `similar` for one row."""

    k: int = Field(5, ge=1, le=100, description="how many rows")


class SimilarCohort(Similar, Cohorts):
    """Arguments of `similar`."""


class Calculate(Args):
    """Arguments of `calculate`."""

    expression: str = Field(
        description="arithmetic over numbers and earlier facts, e.g. (t1.value - t2.overall.mean) / 2"
    )


class Describe(Args):
    """Arguments of `describe`."""

    topic: Literal["data", "model", "abilities", "feature"]
    name: str | None = Field(None, description="the feature, for topic 'feature'")
