"""Questions with their calls as examples: the grammar runs as ever, and whoever chooses knows the right calls."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, permutations, product
from typing import Any

from agent.conversation.reading.calltext import CANNOT, write_calls
from agent.conversation.reading.grammar import HEADS, Reader
from agent.conversation.reading.question import Question
from agent.conversation.reading.understanding import understand
from agent.training.example import Example, Part
from agent.training.recording import Recorder
from tools.calculator import calculate
from tools.schema import Schema

__all__ = ["asked", "canonical", "oracle"]

ORDERS, WAYS = 2000, 120  # of the calls of a question, and of one call
Call = Mapping[str, Any]


def asked(
    question: Question, calls: Sequence[Call], schema: Schema, table: str, turns: Sequence[Mapping[str, Any]] = ()
) -> list[Example]:
    """Return the example that a question with its calls makes; none where the grammar does not reach them.

    Parameters
    ----------
    question : Question
    calls : sequence of mapping
        The right ones.
    schema : Schema
    table : str
        Its name.
    turns : sequence of mapping
        The turns before.
    """
    found, text = oracle(question, calls, follows=bool(turns))
    if canonical(found) != canonical(calls):
        return []
    recorder = Recorder(teacher=partial(_longest, text), trained=frozenset({"questions"}))
    reached, written = understand(question, recorder, schema, turns)
    if canonical(reached) != canonical(calls):
        return []
    return [_whole(example, written) for example in recorder.examples("questions", table)]


def _whole(example: Example, written: str) -> Example:
    """Return an example with the end of its answer, where nothing was left to choose."""
    rest = written.removeprefix(example.text)
    return example.model_copy(update={"answer": (*example.answer, *([Part(text=rest)] if rest else []))})


def oracle(question: Question, calls: Sequence[Call], *, follows: bool) -> tuple[list[dict[str, Any]], str]:
    """Return the calls the grammar gives when whoever chooses knows the right ones: what it can reach at all."""
    texts = list(islice(_texts(calls), ORDERS))

    def any_order(text: str, options: Sequence[str]) -> int:
        fits = [at for at, option in enumerate(options) if any(t.startswith(text + option) for t in texts)]
        return max(fits, key=lambda at: len(options[at]), default=0)

    def given_order(text: str, options: Sequence[str]) -> int:
        return next((at for known in texts if (at := _longest(known, text, options, -1)) >= 0), 0)

    for choose in (given_order, any_order):
        reader = Reader(question, choose, (*HEADS, CANNOT), follows=follows)
        read = reader.read()
        if canonical(read) == canonical(calls):
            break
    return read, reader.text


def _longest(right: str, so_far: str, options: Sequence[str], otherwise: int = 0) -> int:
    """Return the longest option that goes on towards the right text."""
    fits = [at for at, option in enumerate(options) if right.startswith(so_far + option)]
    return max(fits, key=lambda at: len(options[at]), default=otherwise)


def _texts(calls: Sequence[Call]) -> Iterator[str]:
    """Yield all ways to write some calls."""
    for order in permutations(calls):
        for ways in product(*(list(islice(_ways(call), WAYS)) for call in order)):
            yield write_calls(ways)


def _ways(call: Call) -> Iterator[dict[str, Any]]:
    """Yield a call with its conditions and changes in every order."""
    args = call["args"]
    where = args.get("where")
    for changes in permutations(args["changes"]) if "changes" in args else [None]:
        more = {} if changes is None else {"changes": list(changes)}
        if isinstance(where, list):
            for conditions in permutations(where):
                yield {"tool": call["tool"], "args": {**args, **more, "where": list(conditions)}}
        elif isinstance(where, dict):
            for groups in permutations(where["any"]):
                yield {"tool": call["tool"], "args": {**args, **more, "where": {"any": list(groups)}}}
        else:
            yield {"tool": call["tool"], "args": {**args, **more}}


def canonical(calls: Sequence[Call]) -> list[str]:
    """Return calls in a form in which only what they mean counts: no order, no repetition."""
    return sorted({json.dumps(_call(call), sort_keys=True) for call in calls})


def _call(call: Call) -> Any:
    args = {key: value for key, value in call["args"].items() if value not in (None, [])}
    if "expression" in args:
        args["expression"] = calculate(args["expression"]).exact
    if "where" in args:
        where = args["where"]
        groups = where["any"] if isinstance(where, dict) else [where]
        args["where"] = sorted(sorted(json.dumps(_condition(c)) for c in group) for group in groups)
    for key in ("changes", "columns"):
        if key in args:
            args[key] = sorted(json.dumps(part, sort_keys=True) for part in args[key])
    return [call["tool"], args]


def _condition(condition: Sequence[Any]) -> list[Any]:
    column, sign, value = condition
    if sign == "in":
        return [column, sign, sorted(value, key=str)]
    return [column, sign, float(value) if isinstance(value, int | float) else value]
