"""The tools as an agent sees them: `Toolbox` carries out calls and keeps the record, `toolkit` gives LangChain tools.

This is the only module of `tools` that imports LangChain.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.bundle import Bundle
from tools.calculator import calculate
from tools.errors import ToolError, did_you_mean
from tools.observation import Observation, numbers, results

__all__ = ["Toolbox", "toolkit"]

DEFAULT_TOP = 10
NEGLIGIBLE = 1e-6  # of all contributions together: below, a receipt could be given the other sign within its tolerance


class _Args(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _NoArgs(_Args):
    pass


class _Explain(_Args):
    top: int | None = Field(None, ge=1, description="how many features to list; ten or more are listed")
    label: str | None = Field(None, description="explain towards this label instead of the predicted one")


class _FeatureStats(_Args):
    feature: str = Field(description="a column of the table, or the target")
    value: float | int | str | bool | None = Field(None, description="a value to place; by default the row's")


class _Similar(_Args):
    k: int = Field(5, ge=1, le=100, description="how many rows")


class _Calculate(_Args):
    expression: str = Field(
        description="arithmetic over numbers and earlier facts, e.g. (t1.value - t2.overall.mean) / 2"
    )


class _Describe(_Args):
    topic: Literal["data", "model", "abilities", "feature"]
    name: str | None = Field(None, description="the feature, for topic 'feature'")


class Toolbox:
    """Carries out tool calls on one row (or on all rows) of a bundle, and records each as an observation.

    Parameters
    ----------
    bundle : Bundle or None
        Without a bundle only `calculate` works.
    row : mapping, optional
        The row asked about, as `Schema.check_row` returns it; without one, the tools look at all stored rows.

    Attributes
    ----------
    observations : list of Observation
        Every call so far; the first is ``t1``.

    Examples
    --------
    >>> toolbox = Toolbox(None)
    >>> toolbox.call("calculate", {"expression": "2 / 3"}).result["exact"]
    '2/3'
    >>> toolbox.call("calculate", {"expression": "t1.result * 3"}).id
    't2'
    >>> print(toolbox.call("calculate", {"expression": "t9.result"}).error)
    There is no fact 't9.result' (at character 1). Did you mean 't2.result'?
    """

    def __init__(self, bundle: Bundle | None, row: Mapping[str, Any] | None = None) -> None:
        self._bundle = bundle
        self._row = None if row is None else dict(row)
        self.observations: list[Observation] = []
        self._lock = threading.Lock()

    def call(self, tool: str, args: Mapping[str, Any]) -> Observation:
        """Carry out one call and record it; a failed one is recorded with its error.

        Parameters
        ----------
        tool : str
            The tool's name.
        args : mapping
            Its arguments.

        Returns
        -------
        Observation
            With `result`, or with `error` saying what is wrong and the mend.
        """
        with self._lock:
            outcome: dict[str, Any]
            try:
                outcome = {"result": self._run(tool, args)}
            except ToolError as error:
                outcome = {"error": str(error)}
            given = {name: value for name, value in args.items() if value is not None}
            seen = Observation(id=f"t{len(self.observations) + 1}", tool=tool, args=given, **outcome)
            self.observations.append(seen)
            return seen

    def _run(self, tool: str, args: Mapping[str, Any]) -> dict[str, Any]:
        if tool not in _TOOLS:
            raise ToolError(f"There is no tool {tool!r}.", hint=did_you_mean(tool, _TOOLS))
        form, run = _TOOLS[tool]
        try:
            checked = form.model_validate(dict(args))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            hint = f"{tool} takes {', '.join(form.model_fields) or 'no arguments'}."
            raise ToolError(f"{tool}: {where}: {first['msg']}.", hint=hint) from None
        return run(self, checked)

    @property
    def _stored(self) -> Bundle:
        if self._bundle is None:
            raise ToolError("This needs a bundle.", hint="Load one with Bundle.load.")
        return self._bundle

    def _matrix(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the row, or all stored rows, as numbers, shape (n, d)."""
        return self._stored.schema.encode_row(self._row)[None] if self._row is not None else self._stored.X

    def _label(self, label: str | None) -> str:
        labels = self._stored.schema.labels
        if label is None:
            return labels[int(self._stored.predictor.probabilities(self._matrix())[0].argmax())]
        if label not in labels:
            raise ToolError(f"There is no label {label!r}.", hint=did_you_mean(label, labels))
        return label

    # -- the tools ---------------------------------------------------------------------------------------------------

    def _predict(self, _: _NoArgs) -> dict[str, Any]:
        labels, found = self._stored.schema.labels, self._stored.predictor.probabilities(self._matrix()).argmax(axis=1)
        if len(found) == 1:
            return {"label": labels[int(found[0])], "rows": 1}
        counts = Counter(found.tolist())
        return {"shares": {label: counts[i] / len(found) for i, label in enumerate(labels)}, "rows": len(found)}

    def _probability(self, _: _NoArgs) -> dict[str, Any]:
        labels, found = self._stored.schema.labels, self._stored.predictor.probabilities(self._matrix())
        if len(found) == 1:
            return {label: float(p) for label, p in zip(labels, found[0], strict=True)}
        spread = zip(labels, found.mean(axis=0), found.std(axis=0), strict=True)
        return {label: {"mean": float(mean), "std": float(std)} for label, mean, std in spread} | {"rows": len(found)}

    def _explain(self, args: _Explain) -> dict[str, Any]:
        if self._row is None:
            raise ToolError("explain needs one row.", hint="Make the toolkit with row=….")
        features = self._stored.schema.features
        found = self._stored.attributor.explain(self._matrix()[0], self._label(args.label))
        absolute = float(np.abs(found.contributions).sum())
        parts = [float(c) if abs(c) > NEGLIGIBLE * absolute else 0.0 for c in found.contributions]
        order = sorted(range(len(parts)), key=lambda i: (-abs(round(parts[i] / (absolute or 1), 12)), i))
        listed = order[: max(DEFAULT_TOP, args.top or 0)]
        entries = [
            {"feature": features[i].name, "value": self._row[features[i].name], "contribution": parts[i], "rank": rank}
            | ({"unit": features[i].unit} if features[i].unit else {})
            for rank, i in enumerate(listed)
        ]
        rest = float(found.total - found.base - sum(parts[i] for i in listed))
        sums = {"base": float(found.base), "total": float(found.total), "rest": rest, "absolute": absolute}
        return {"towards": found.towards, "space": found.space, **sums, "features": entries}

    def _feature_stats(self, args: _FeatureStats) -> dict[str, Any]:
        if args.value is None and self._row is not None:
            return self._stored.statistics.feature_stats(args.feature, self._row.get(args.feature), of_row=True)
        return self._stored.statistics.feature_stats(args.feature, args.value)

    def _similar(self, args: _Similar) -> dict[str, Any]:
        if self._row is None:
            raise ToolError("similar needs one row.", hint="Make the toolkit with row=….")
        return dict(self._stored.neighbours.similar(self._matrix()[0], args.k))

    def _calculate(self, args: _Calculate) -> dict[str, Any]:
        found = calculate(args.expression, numbers(results(self.observations)))
        return {"result": found.value, "exact": found.exact}

    def _describe(self, args: _Describe) -> dict[str, Any]:
        bundle = self._stored
        if args.topic == "feature":
            return self._describe_feature(args.name)
        if args.topic == "data":
            kinds = Counter(feature.kind for feature in bundle.schema.features)
            names = list(bundle.schema.names[:50])
            described = {"target": bundle.schema.target, "labels": list(bundle.schema.labels), "rows": bundle.row_count}
            return {**described, "features": len(bundle.schema.names), "kinds": dict(kinds), "names": names}
        if args.topic == "model":
            return {"predictor": bundle.predictor.kind, "held_out": dict(bundle.performance)}
        return {"tools": {name: _description(run) for name, (_, run) in _TOOLS.items()}}

    def _describe_feature(self, name: str | None) -> dict[str, Any]:
        features = self._stored.schema.by_name
        if name not in features:
            raise ToolError(f"There is no feature {name!r}.", hint=did_you_mean(str(name), features))
        feature = features[name]
        known = {"kind": feature.kind, "unit": feature.unit, "description": feature.description}
        return {"feature": name, **{key: value for key, value in known.items() if value}}


_TOOLS: dict[str, tuple[type[_Args], Callable[[Toolbox, Any], dict[str, Any]]]] = {
    "predict": (_NoArgs, Toolbox._predict),
    "probability": (_NoArgs, Toolbox._probability),
    "explain": (_Explain, Toolbox._explain),
    "feature_stats": (_FeatureStats, Toolbox._feature_stats),
    "similar": (_Similar, Toolbox._similar),
    "calculate": (_Calculate, Toolbox._calculate),
    "describe": (_Describe, Toolbox._describe),
}
_DESCRIPTIONS = {
    "predict": "Label of the row, or the share of each label over all rows.",
    "probability": "Calibrated probability of each label.",
    "explain": "Contribution of each feature to the prediction of the row, largest first.",
    "feature_stats": "Statistics of one column, overall and per label; places the row's value among them.",
    "similar": "The most similar labelled training rows.",
    "calculate": "Exact arithmetic; may refer to facts of earlier calls by their id, such as t3.total.",
    "describe": "What the data, the model, the tools, or one feature is.",
}


def _description(run: Callable[..., Any]) -> str:
    return _DESCRIPTIONS[run.__name__.lstrip("_")]


def toolkit(bundle: Bundle, row: Mapping[str, Any] | None = None) -> list[BaseTool]:
    """Return the tools of a bundle as LangChain tools, for anybody's agent.

    The tools of one toolkit share a record: the first call is ``t1``, and `calculate` may refer to earlier ones.

    Parameters
    ----------
    bundle : Bundle
        What they answer from.
    row : mapping, optional
        The row they answer about; without one, the tools that need a single row say so.

    Returns
    -------
    list of BaseTool
        Each returns ``"t1: {…}"`` for the model, and the `Observation` as its artifact. A call that cannot be carried
        out returns what is wrong and the mend, so that the model can correct it.

    Raises
    ------
    TableError
        If the row does not fit the bundle's schema.
    """
    toolbox = Toolbox(bundle, None if row is None else bundle.schema.check_row(row, []))
    return langchain_tools(toolbox, bundle)


def langchain_tools(toolbox: Toolbox, bundle: Bundle) -> list[BaseTool]:
    """Return LangChain tools that call one toolbox; columns and labels are spelled out in their schemas."""
    return [_langchain_tool(toolbox, name, form, bundle) for name, (form, _) in _TOOLS.items()]


def _narrowed(form: type[_Args], bundle: Bundle) -> dict[str, Any]:
    """Return the arguments' JSON schema with the bundle's columns and labels in place of any text."""
    schema = form.model_json_schema()
    columns = [*bundle.schema.names, bundle.schema.target]
    choices = {"label": list(bundle.schema.labels), "feature": columns, "name": columns}
    for name, described in schema["properties"].items():
        if name in choices:
            schema["properties"][name] = {"enum": choices[name], "description": described.get("description", "")}
    return schema


class _Tool(StructuredTool):
    """A tool that shows a narrowed schema; `form` is what its arguments have to fit."""

    form: type[_Args]

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002
        """Return the form."""
        return self.form


def _langchain_tool(toolbox: Toolbox, name: str, form: type[_Args], bundle: Bundle) -> BaseTool:
    """Return one tool; its arguments are checked by the toolbox, which records what went wrong and says the mend."""

    def run(**args: Any) -> tuple[str, Observation]:
        seen = toolbox.call(name, args)
        if seen.error is not None:
            raise ToolException(f"{seen.id}: {seen.error}")
        return f"{seen.id}: {json.dumps(seen.result, ensure_ascii=False)}", seen

    return _Tool.from_function(
        run,
        name=name,
        description=_DESCRIPTIONS[name],
        args_schema=_narrowed(form, bundle),
        form=form,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
