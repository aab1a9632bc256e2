"""The tools as an agent sees them: `Toolbox` carries out calls and keeps the record.

Which tools there are, what each is for, the form of its arguments, and who does the work. Knows nothing about LangChain
(`kit.py`).
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any

import pandas as pd
from pydantic import ValidationError

from tools import described, forms
from tools.bundle import Bundle
from tools.calculator import calculate
from tools.cohort import Cohort, Rows
from tools.contributions import explain, importance
from tools.counterfactual import counterfactual
from tools.errors import ToolError, did_you_mean
from tools.given import Given
from tools.interactions import interactions
from tools.listing import show
from tools.mistakes import mistakes
from tools.observation import Observation, numbers, results
from tools.performance import score
from tools.predictions import labels, predict, probability
from tools.summaries import feature_stats
from tools.where import Where, both, dump, parse

__all__ = ["Tool", "Toolbox"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """One tool.

    Parameters
    ----------
    what : str
        What it is for, in a sentence.
    form : type of Args
        Its arguments.
    run : callable
        From the toolbox, the cohort (None for a tool that looks at no rows) and the checked arguments to the result.
    """

    what: str
    form: type[forms.Args]
    run: Callable[["Toolbox", Any, Any], Json]


class Toolbox:
    """Carries out tool calls on one row, or on the rows of a table, and records each as an observation.

    Parameters
    ----------
    bundle : Bundle or None
        Without a bundle only `calculate` works.
    row : mapping, optional
        The row asked about, as `Schema.check_row` returns it: seven tools that look at it alone.
    data : DataFrame or Given, optional
        Another table than the bundle's, as read.
    previous : list or dict, optional
        The conditions of the answer before; calls with ``scope: "previous"`` look among its rows.

    Attributes
    ----------
    observations : list of Observation
        Every call so far; the first is ``t1``.

    Raises
    ------
    TableError
        The table does not fit the bundle's schema.

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

    def __init__(
        self,
        bundle: Bundle | None,
        row: Mapping[str, Any] | None = None,
        data: pd.DataFrame | Given | None = None,
        previous: Any = None,
    ) -> None:
        self._bundle = bundle
        self._row = None if row is None else dict(row)
        self._previous = previous
        if isinstance(data, pd.DataFrame):
            data = Given.of(data, self._stored.schema)
        self._given = data
        self.observations: list[Observation] = []
        self._lock = threading.Lock()

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools there are, by name."""
        return ROW_TOOLS if self._row is not None else TOOLS

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
            outcome: Json = {}
            try:
                self._run(tool, args, outcome)
            except ToolError as error:
                outcome["error"] = str(error)
            given = {name: value for name, value in args.items() if value is not None}
            seen = Observation(id=f"t{len(self.observations) + 1}", tool=tool, args=given, **outcome)
            self.observations.append(seen)
            return seen

    def _run(self, name: str, args: Mapping[str, Any], outcome: Json) -> None:
        if name not in self.tools:
            raise ToolError(f"There is no tool {name!r}.", hint=did_you_mean(name, self.tools))
        tool = self.tools[name]
        checked = _checked(name, tool.form, args)
        cohort = None
        if isinstance(checked, forms.Cohorts):
            where = self._where(checked)
            if checked.scope is not None:
                outcome["resolved"] = {"where": dump(where)}
            cohort = Cohort(self._rows, where, tuple(checked.changes or ()))
            cohort = cohort if name == "count" else cohort.some()
        elif isinstance(checked, forms.OneRow):
            cohort = self._one
        outcome["result"] = tool.run(self, cohort, checked)

    def _where(self, args: forms.Cohorts) -> Where:
        """Return which rows are meant."""
        where = parse(args.where, self._rows.column)
        if args.scope is None:
            return where
        if self._previous is None:
            raise ToolError("there is no answer before this one.", hint="Leave out scope.")
        return both(parse(self._previous, self._rows.column), where)

    @property
    def _stored(self) -> Bundle:
        if self._bundle is None:
            raise ToolError("This needs a bundle.", hint="Load one with Bundle.load.")
        return self._bundle

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self._stored, self._given)

    @cached_property
    def _one(self) -> Cohort:
        """The row asked about."""
        return Cohort(Rows(self._stored, Given.one(self._row or {}, self._stored.schema)))

    # -- tools that need more than the cohort ------------------------------------------------------------------------

    def _calculate(self, _: Cohort | None, args: forms.Calculate) -> Json:
        found = calculate(args.expression, numbers(results(self.observations)))
        return {"result": found.value, "exact": found.exact}

    def _describe(self, _: Cohort | None, args: forms.Describe) -> Json:
        if args.topic == "abilities":
            return {"tools": {name: tool.what for name, tool in self.tools.items()}}
        if args.topic == "model":
            return described.model(self._stored)
        if self._row is not None:
            schema = self._stored.schema
            return described.feature(schema, args.name) if args.topic == "feature" else described.data(self._rows)
        if args.topic == "feature":
            return described.column(self._stored.schema, args.name)
        about = self._stored.schema.description
        return described.data(self._rows) | ({"description": about} if about else {})

    def _row_stats(self, _: Cohort | None, args: forms.FeatureStats) -> Json:
        """Place the row's value, or another one, among those of the training rows."""
        statistics, row = self._stored.statistics, self._row or {}
        if args.value is None:
            return statistics.feature_stats(args.feature, row.get(args.feature), of_row=True)
        return statistics.feature_stats(args.feature, args.value)


def __getattr__(name: str) -> Any:
    """Find what has moved to `kit.py` here for a release more."""
    if name in {"langchain_tools", "toolkit"}:
        return getattr(import_module("tools.kit"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _checked(name: str, form: type[forms.Args], args: Mapping[str, Any]) -> forms.Args:
    try:
        return form.model_validate(dict(args))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        hint = f"{name} takes {', '.join(form.model_fields) or 'no arguments'}."
        raise ToolError(f"{name}: {where}: {first['msg']}.", hint=hint) from None


def _similar(cohort: Cohort, k: int) -> Json:
    at = cohort.one("similar")
    own = None if cohort.rows.given is not None else int(cohort.numbers[at])
    return dict(cohort.rows.bundle.neighbours.similar(cohort.X[at], k, without=own))


_CALCULATE = Tool(
    "Exact arithmetic; may refer to facts of earlier calls by their id, such as t3.total.",
    forms.Calculate,
    Toolbox._calculate,
)
_DESCRIBE = Tool("What the data, the model, the tools, or one feature is.", forms.Describe, Toolbox._describe)

TOOLS = {
    "predict": Tool(
        "Label that one row is predicted to have, or the share of each label among several.",
        forms.Cohorts,
        lambda _, cohort, __: predict(cohort),
    ),
    "probability": Tool(
        "Calibrated probability of each label for one row; mean and standard deviation over several.",
        forms.Cohorts,
        lambda _, cohort, __: probability(cohort),
    ),
    "explain": Tool(
        "Contribution of each feature to the prediction of one row, or on average over several, largest first.",
        forms.ExplainCohort,
        lambda _, cohort, args: explain(cohort, args.label, args.top),
    ),
    "importance": Tool(
        "Ranking of the features by their mean absolute contribution, or the rank of one feature.",
        forms.Importance,
        lambda _, cohort, args: importance(cohort, args.feature, args.top),
    ),
    "interactions": Tool(
        "Pairs of features that act together most strongly.",
        forms.Interactions,
        lambda _, cohort, args: interactions(cohort, args.top),
    ),
    "counterfactual": Tool(
        "Smallest changes of one row under which another label is predicted.",
        forms.Counterfactual,
        lambda _, cohort, args: counterfactual(cohort, args.target),
    ),
    "score": Tool(
        "How good the predictor is by one metric, on held-out rows where there are any.",
        forms.Score,
        lambda _, cohort, args: score(cohort, args.metric),
    ),
    "mistakes": Tool(
        "Rows that are predicted wrongly (examples), or conditions under which more are (patterns).",
        forms.Mistakes,
        lambda _, cohort, args: mistakes(cohort, args.kind),
    ),
    "labels": Tool(
        "True label of one row, or the share and number of each among several.",
        forms.Cohorts,
        lambda _, cohort, __: labels(cohort),
    ),
    "count": Tool("Number of rows.", forms.Cohorts, lambda _, cohort, __: {"rows": len(cohort)}),
    "show": Tool("Rows as they are.", forms.Show, lambda _, cohort, args: show(cohort, args.columns, args.limit)),
    "feature_stats": Tool(
        "Statistics of one column, overall and per label; places a value among them.",
        forms.FeatureStatsCohort,
        lambda _, cohort, args: feature_stats(cohort, args.feature, args.value),
    ),
    "similar": Tool(
        "The labelled training rows that are most similar to one row.",
        forms.SimilarCohort,
        lambda _, cohort, args: _similar(cohort, args.k),
    ),
    "calculate": _CALCULATE,
    "describe": _DESCRIBE,
}
"""The tools that look at the rows of a table."""

ROW_TOOLS = {
    "predict": Tool(
        "Label of the row, or the share of each label over all rows.",
        forms.OneRow,
        lambda _, cohort, __: predict(cohort),
    ),
    "probability": Tool(
        "Calibrated probability of each label.", forms.OneRow, lambda _, cohort, __: probability(cohort)
    ),
    "explain": Tool(
        "Contribution of each feature to the prediction of the row, largest first.",
        forms.Explain,
        lambda _, cohort, args: explain(cohort, args.label, args.top),
    ),
    "feature_stats": Tool(
        "Statistics of one column, overall and per label; places the row's value among them.",
        forms.FeatureStats,
        Toolbox._row_stats,
    ),
    "similar": Tool(
        "The most similar labelled training rows.", forms.Similar, lambda _, cohort, args: _similar(cohort, args.k)
    ),
    "calculate": _CALCULATE,
    "describe": _DESCRIBE,
}
"""The tools that look at one row; what they show and answer is in receipts of classifications, and stays."""
