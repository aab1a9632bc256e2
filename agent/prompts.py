"""Every prompt, for running and for training.

What gathers and decides never sees text from a cell: categories appear as handles, such as "category 3 of 5". Column
and label names come from the bundle and are shown cut to one short line.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agent.explanation.evidence import Evidence
from tools.observation import Observation, display, show_name, show_number, show_percent
from tools.schema import Schema

__all__ = [
    "BRIEF_PROSE",
    "DECIDE",
    "EXPLAIN",
    "GATHER",
    "PROSE",
    "deciding",
    "explaining",
    "gathered",
    "gathering",
    "task_of",
]

GATHER = (
    "You examine one row of a table that was classified as one of: {labels}. "
    "Call tools to find out why: look at the features with the largest contributions, at similar rows, "
    "and make one useful calculation. Stop when you know enough."
)
DECIDE = (
    "You classify rows of a table as one of: {labels}. You are given a predictor's answer, the features that count "
    "most, and similar rows whose label is known. Answer with the label alone."
)
EXPLAIN = (
    "You explain to an expert why a row of a table was classified as it was. Write short, precise sentences: "
    "the predictor's answer, the reasons for it from the strongest on, what speaks against it, and a conclusion."
)
PROSE = (
    "You explain to an expert why a row of a table was classified as it was, one short sentence at a time. "
    "You are given statements that are true. Say in one plain sentence of your own what matters in them: for a feature "
    "its value, where the value lies, the rank of its contribution, and whether it speaks for or against the label. "
    "Add nothing that they do not say."
)
BRIEF_PROSE = "Say this in one plain sentence: the value, where it lies, the rank, and what it speaks for."
ENOUGH = "I know enough."
SHOWN_FEATURES = 12  # weaker ones tell little, and four rows of them have to fit into 4,096 tokens with all the rest


def _labels(schema: Schema) -> str:
    return ", ".join(show_name(label) for label in schema.labels)


def gathering(schema: Schema) -> list[BaseMessage]:
    """Return the conversation in which tools are called."""
    system = GATHER.format(labels=_labels(schema))
    return [SystemMessage(system), HumanMessage("Here is a row. Why is it classified as it is?")]


def gathered(observation: Observation, schema: Schema) -> str:
    """Return an observation in few words, numbers and names only.

    Examples
    --------
    >>> schema = Schema(target="y", labels=("no", "yes"), features=())
    >>> gathered(Observation(id="t2", tool="probability", result={"no": 0.031, "yes": 0.969}), schema)
    't2: “no” 3.1%, “yes” 96.9%'
    """
    if observation.error is not None or observation.result is None:
        return f"{observation.id}: not possible"
    result = observation.result
    match observation.tool:
        case "predict":
            said = f"predicted {show_name(result['label'])}"
        case "probability":
            said = ", ".join(f"{show_name(label)} {show_percent(100 * p)}" for label, p in result.items())
        case "explain":
            entries = (_entry(entry, schema) for entry in _strongest(observation, 10))
            said = f"towards {show_name(result['towards'])}: {', '.join(entries)}"
        case "feature_stats":
            said = _placed(result)
        case "similar":
            said = ", ".join(f"{count} of {result['k']} {show_name(x)}" for x, count in result["labels"].items())
        case "calculate":
            said = f"the result is {display('result', result['result'], 'calculate')}"
        case _:
            said = "known"
    return f"{observation.id}: {said}"


def _strongest(explained: Observation, default: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (explained.result or {})["features"]
    return entries[: min(explained.args.get("top", default), SHOWN_FEATURES)]


def _entry(entry: Mapping[str, Any], schema: Schema) -> str:
    amount = entry["contribution"]
    sign = "+" if amount > 0 else ""
    return f"{show_name(entry['feature'])} = {_handle(entry['feature'], entry['value'], schema)} ({sign}{amount:.2f})"


def _handle(feature: str, value: Any, schema: Schema) -> str:
    """Show a value without any text of the cell."""
    if value is None:
        return "missing"
    known = schema.by_name[feature]
    if known.categories:
        code = known.codes.get(str(value))
        return "a new category" if code is None else f"category {code + 1} of {len(known.categories)}"
    return show_number(float(value), 6)


def _placed(result: Mapping[str, Any]) -> str:
    name = show_name(str(result["feature"]))
    if result.get("percentile") is not None:
        means = ", ".join(
            f"mean of {show_name(label)} {show_number(part['mean'], 3)}"
            for label, part in result["by_label"].items()
            if part.get("mean") is not None
        )
        return f"{name} higher than {show_percent(result['below'])} of rows; {means}"
    if result.get("share") is not None:
        return f"{name} as in {show_percent(100 * result['share'])} of rows"
    return f"{name} has statistics"


def deciding(
    evidence: Evidence, examples: Sequence[tuple[Mapping[str, Any], str]], schema: Schema, order: Sequence[str]
) -> list[BaseMessage]:
    """Return the conversation in which the label is chosen.

    Parameters
    ----------
    evidence : Evidence
        With the predictor's probabilities and the contributions.
    examples : sequence of (row, label)
        The nearest labelled training rows.
    schema : Schema
        Names and categories.
    order : sequence of str
        The labels in the order in which they are offered; it comes last, so that the rest is read once.
    """
    entries = _strongest(evidence.explained, 4)
    names = [entry["feature"] for entry in entries]
    lines = [f"Similar row: {_described(row, names, schema)}. Label: {show_name(label)}." for row, label in examples]
    row = {entry["feature"]: entry["value"] for entry in entries}
    probabilities = gathered(evidence.find("probability")[-1], schema).partition(": ")[2]
    lines += [
        f"This row: {_described(row, names, schema)}.",
        f"The predictor says: {probabilities}.",
        f"Is the label {' or '.join(map(show_name, order))}?",
    ]
    return [SystemMessage(DECIDE.format(labels=_labels(schema))), HumanMessage("\n".join(lines))]


def _described(row: Mapping[str, Any], names: Sequence[str], schema: Schema) -> str:
    return ", ".join(f"{show_name(name)} {_handle(name, row[name], schema)}" for name in names)


def task_of(messages: Sequence[Mapping[str, str]]) -> str:
    """Return what the agent's model is asked for in a conversation (turns with ``content``).

    Examples
    --------
    >>> schema = Schema(target="y", labels=("no", "yes"), features=())
    >>> task_of([{"content": str(message.text)} for message in gathering(schema)])
    'tools'
    """
    opening = messages[0]["content"]
    tasks = {"tools": GATHER, "decision": DECIDE, "reasons": EXPLAIN, "prose": PROSE}
    return next(task for task, text in tasks.items() if opening.startswith(text.partition("{")[0]))


def explaining(evidence: Evidence) -> list[BaseMessage]:
    """Return the conversation that the explanation answers."""
    return [SystemMessage(EXPLAIN), HumanMessage(f"Why is this row classified as {show_name(evidence.label)}?")]
