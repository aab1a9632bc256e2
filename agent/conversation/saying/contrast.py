"""Two calls that differ in one thing, compared: "higher among rows with sex male than …: 12.1% against 9.0%"."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agent.conversation.claims import Contrast
from agent.conversation.saying.call import Call
from agent.conversation.saying.quality import FRACTIONS, METRICS
from agent.conversation.saying.words import Said, braced

__all__ = ["compared"]


class _Measure(NamedTuple):
    """What is compared, in words and as two facts."""

    what: str
    left: str
    right: str


def compared(calls: Sequence[Call]) -> list[Said]:
    """Compare the two calls of a tool that ask the same of other rows, or of another feature.

    Parameters
    ----------
    calls : sequence of Call
        All successful calls of an answer; where a tool is called three times or more, nothing is compared.
    """
    said: list[Said] = []
    for tool in dict.fromkeys(call.seen.tool for call in calls):
        pair = [call for call in calls if call.seen.tool == tool]
        if len(pair) == 2 and not any(call.changed for call in pair):
            said += _features(*pair) if tool == "importance" and pair[0].where == pair[1].where else _groups(*pair)
    return said


def _features(left: Call, right: Call) -> list[Said]:
    """Compare the places of two features among all."""
    if not all("rank" in call.result for call in (left, right)) or left.result["rank"] == right.result["rank"]:
        return []
    first, second = sorted((left, right), key=lambda call: int(call.result["rank"]))
    ranks = [f"{call.raw('rank')}|place" for call in (first, second)]
    text = (
        f"{first.ref('feature')} is more important than {second.ref('feature')}: "
        f"rank {braced(ranks[0])} against rank {braced(ranks[1])}"
    )
    return [Said(text, (Contrast(left=ranks[0], relation="below", right=ranks[1]),))]


def _groups(left: Call, right: Call) -> list[Said]:
    """Compare one number of two groups of rows, where there is one."""
    sides, found = _sides(left, right), _measure(left, right)
    claim = Contrast.of(left.evidence, found.left, found.right) if sides and found else None
    if sides is None or found is None or claim is None:
        return []
    claims = (claim, left.about, right.about)
    if claim.relation == "equal":
        return [Said(f"{found.what} is the same {sides[0]} and {sides[1]}: {braced(found.left)}", claims)]
    more = "higher" if claim.relation == "above" else "lower"
    shown = f"{braced(found.left)} against {braced(found.right)}"
    return [Said(f"{found.what} is {more} {sides[0]} than {sides[1]}: {shown}", claims)]


# -- what distinguishes them -----------------------------------------------------------------------------------------


def _sides(left: Call, right: Call) -> tuple[str, str] | None:
    """Return what distinguishes the rows of two calls; None where that is not the conditions on one column."""
    rest = [{k: v for k, v in call.seen.args.items() if k not in {"where", "scope"}} for call in (left, right)]
    wheres = [_placed(call) for call in (left, right)]
    if rest[0] != rest[1] or wheres[0] is None or wheres[1] is None:
        return None
    own = [_without(wheres[0], wheres[1]), _without(wheres[1], wheres[0])]
    columns = {cond[0] for conds in own for _, cond in conds}
    alone = all(conds or not where for conds, where in zip(own, wheres, strict=True))
    if len(columns) != 1 or not alone:
        return None
    first, second = _side(left, own[0]), _side(right, own[1])
    return first, second.replace("among rows", "among those") if first.startswith("among rows") else second


def _placed(call: Call) -> list[tuple[int, Any]] | None:
    """Return the conditions of a call with their places; None where there are alternatives."""
    return None if isinstance(call.where, Mapping) else list(enumerate(call.where or []))


def _without(conds: Sequence[tuple[int, Any]], others: Sequence[tuple[int, Any]]) -> list[tuple[int, Any]]:
    shared = [cond for _, cond in others]
    return [(i, cond) for i, cond in conds if cond not in shared]


def _side(call: Call, own: Sequence[tuple[int, Any]]) -> str:
    """Return "for row 7", "among rows with sex male" or "among all rows"."""
    if not own:
        return "among all rows"
    phrase = call.only(own)
    return f"for {phrase.row}" if phrase.row else f"among rows{phrase.rest}"


# -- what is compared ------------------------------------------------------------------------------------------------


def _measure(left: Call, right: Call) -> _Measure | None:
    """Return what two calls of one tool have in common that can be compared."""
    tool, results = left.seen.tool, (left.result, right.result)
    if tool in {"predict", "labels"} and all("shares" in result for result in results):
        label = _telling(left, *(result["shares"] for result in results))
        words = "predicted" if tool == "predict" else "labelled"
        return _both(left, right, f"The share {words} {left.ref('shares', label, form='name')}", "shares", label)
    if tool == "probability":
        return _probability(left, right)
    if tool == "count":
        return _both(left, right, "The number of rows", "rows")
    if tool == "score" and None not in {result["value"] for result in results}:
        what = f"The {METRICS[left.result['metric']]}"
        return _both(left, right, what, "value", form="share" if left.result["metric"] in FRACTIONS else "")
    if tool == "mistakes" and all(result["rows"] > 1 for result in results):
        return _both(left, right, "The share of wrong predictions", "share")
    if tool == "feature_stats" and all((r.get("overall") or {}).get("mean") is not None for r in results):
        return _both(left, right, f"The mean of {left.ref('feature')}", "overall", "mean")
    if tool == "importance" and all("rank" in result for result in results):
        return _both(left, right, f"The importance of {left.ref('feature')}", "importance")
    return None


def _both(left: Call, right: Call, what: str, *path: str, form: str = "") -> _Measure:
    end = f"|{form}" if form else ""
    return _Measure(what, left.raw(*path) + end, right.raw(*path) + end)


def _probability(left: Call, right: Call) -> _Measure | None:
    found = [{label: call.result[label] for label in call.labels} for call in (left, right)]
    means = [all(isinstance(value, Mapping) for value in values.values()) for values in found]
    if means[0] != means[1]:
        return None
    if means[0]:
        label = _telling(left, *({name: value["mean"] for name, value in values.items()} for values in found))
        return _both(left, right, f"The mean probability of {left.ref(label, form='name')}", label, "mean")
    label = _telling(left, *found)
    return _both(left, right, f"The probability of {left.ref(label, form='name')}", label)


def _telling(call: Call, left: Mapping[str, float], right: Mapping[str, float]) -> str:
    """Return the label whose numbers differ most; of several, the last of the schema, such as yes."""
    return max(enumerate(call.labels), key=lambda pair: (round(abs(left[pair[1]] - right[pair[1]]), 9), pair[0]))[1]
