"""Calls as short texts: what a chat model reads in examples and writes, a choice at a time.

    predict where (age > 50) and (bmi > 30) change (age + 3)
    feature_stats (glucose) of those where (sex == female)

Every value ends with a mark, so that no text is the beginning of another one. Knows the arguments of the tools; knows
nothing about models.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["CANNOT", "STEPS", "change_text", "condition_text", "head_of", "write_calls"]

CANNOT = "none"
STEPS = {"increase": "+", "decrease": "-", "set": "="}
_HEADS = {"score": "metric", "mistakes": "kind", "describe": "topic"}  # arguments that belong to the tool's name
_NAMED = ("feature", "name", "columns", "expression")  # arguments that follow it in parentheses
_LATER = ("top", "label", "target", "k", "limit", "value")

Call = Mapping[str, Any]


def head_of(call: Call) -> str:
    """Return how a call begins: the tool, with what belongs to its name.

    Examples
    --------
    >>> head_of({"tool": "score", "args": {"metric": "brier"}})
    'score brier'
    """
    belongs = call["args"].get(_HEADS.get(call["tool"], ""))
    return call["tool"] if belongs is None else f"{call['tool']} {belongs}"


def write_calls(calls: Sequence[Call]) -> str:
    """Return the text of some calls; `CANNOT` for none.

    Examples
    --------
    >>> where = [["age", ">", 50], ["sex", "==", "female"]]
    >>> write_calls([{"tool": "count", "args": {"where": where}}, {"tool": "importance", "args": {"feature": "age"}}])
    'count where (age > 50) and (sex == female) also importance (age)'
    >>> write_calls([])
    'none'
    """
    return " also ".join(map(_write, calls)) or CANNOT


def _write(call: Call) -> str:
    return head_of(call) + "".join(_parts(call["args"]))


def _parts(args: Mapping[str, Any]) -> Iterator[str]:
    for name in _NAMED:
        if name in args:
            value = args[name]
            yield "".join(f" ({part})" for part in (value if isinstance(value, list) else [value]))
    if args.get("scope") == "previous":
        yield " of those"
    if args.get("where"):
        yield f" where {_where(args['where'])}"
    if args.get("changes"):
        yield f" change {' and '.join(f'({change_text(change)})' for change in args['changes'])}"
    yield from (f" {name} ({_shown(args[name])})" for name in _LATER if name in args)


def _where(where: Any) -> str:
    groups = where["any"] if isinstance(where, Mapping) else [where]
    return " or ".join(" and ".join(f"({condition_text(condition)})" for condition in group) for group in groups)


def condition_text(condition: Sequence[Any]) -> str:
    """Return a condition in words.

    Examples
    --------
    >>> condition_text(["kind", "in", ["a", "b"]])
    'kind in a, b'
    """
    column, sign, value = condition
    return f"{column} {sign} {', '.join(map(_shown, value)) if isinstance(value, list) else _shown(value)}"


def change_text(change: Mapping[str, Any]) -> str:
    """Return a change in words.

    Examples
    --------
    >>> change_text({"column": "age", "action": "increase", "value": 3})
    'age + 3'
    """
    return f"{change['column']} {STEPS[change['action']]} {_shown(change['value'])}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
