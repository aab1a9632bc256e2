"""The arguments that a call may have, and how values are joined in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.conversation.reading.offers import Offer, Offers

__all__ = ["OR", "Part", "contradicts", "joined", "parts_of", "reachable", "said_in", "shared"]

CHANGED = {"predict", "probability", "explain"}
AMOUNT = {"explain": "top", "importance": "top", "interactions": "top", "similar": "k", "show": "limit"}
LABEL = {"explain": "label", "counterfactual": "target"}
ABOUT_ROWS = {"predict", "probability", "explain", "counterfactual", "similar", "labels", "show", "count"}
OR = " or ("


@dataclass(frozen=True)
class Part:
    """One argument of a call: how it is announced, what it may be, and what joins two of them."""

    name: str
    keyword: str
    offers: Sequence[Offer]
    joints: tuple[str, ...] = ()
    must: bool = False


def shared(args: dict[str, Any], offers: Sequence[Offer], wanted: frozenset[int]) -> list[Any]:
    """Return the conditions of the first group that hold for the next too: "women under 20 or over 60"."""
    where = args["where"]
    first = where["any"][0] if isinstance(where, dict) else where
    to_come = {str(offer.value[0]) for offer in offers if offer.uses & wanted}
    again = [condition for condition in first if condition[0] in to_come]
    return [condition for condition in first if condition[0] not in to_come] if again else []


def parts_of(  # noqa: C901 - one line for each argument
    offers: Offers, tool: str, args: dict[str, Any], *, follows: bool
) -> Iterator[Part]:
    """Yield the arguments a tool may have, in the order in which they are written."""
    question, topic = offers.question, args.get("topic")
    if tool == "calculate":
        yield Part("expression", " (", [Offer(str(question.expression), str(question.expression))], must=True)
    elif topic == "feature":
        yield Part("name", " (", offers.columns, must=True)
    elif tool == "feature_stats":
        yield Part("feature", " (", offers.columns, must=True)
    elif tool == "importance":
        columns = [column for column in offers.columns if column.value != question.terms.schema.target]
        yield Part("feature", " (", columns, must=bool(question.named))
    elif tool == "show":
        chosen = {str(offer.value[0]) for offer in offers.conditions if offer.uses} | offers.held
        yield Part("columns", " (", offers.shown, must=any(set(shown.value) - chosen for shown in offers.shown))
    if tool in {"calculate", "describe"}:
        return
    if follows and (question.refers or not question.has_row):
        alone = not question.repeats and tool in ABOUT_ROWS and not question.general and not offers.required
        must = alone or (question.refers and not question.has_row)
        yield Part("scope", " of those", [Offer("", "previous")], must=must)
    joints = (OR,) if offers.either else (" and (", OR) if question.alternatives else (" and (",)
    joints = joints[::-1] if question.either else joints  # what is offered first is likelier
    conditions = offers.conditions_for(tool)
    if tool == "feature_stats":  # a value of the column itself is to be placed
        placed = {at for offer in offers.values(args.get("feature", "")) for at in offer.uses}
        conditions = [each for each in conditions if each.value[0] != args.get("feature") or not each.uses & placed]
    yield Part("where", " where (", conditions, joints)
    if tool in CHANGED:
        yield Part("changes", " change (", offers.changes, (" and (",))
    if tool in AMOUNT:
        yield Part(AMOUNT[tool], f" {AMOUNT[tool]} (", offers.amounts)
    if tool in LABEL:
        must = bool(offers.towards) and offers.asks_label(tool)
        yield Part(LABEL[tool], f" {LABEL[tool]} (", offers.towards, must=must)
    if tool == "feature_stats":
        yield Part("value", " value (", offers.values(args.get("feature", "")))


def reachable(parts: Iterable[Part], wanted: frozenset[int], taken: set[int]) -> frozenset[int]:
    """Return those of the wanted places in the question that may still be accounted for in some parts."""
    found = {at for part in parts for offer in part.offers if not offer.uses & taken for at in offer.uses}
    return frozenset(wanted & found)


def joined(before: Any, value: Any, part: Part, *, new_group: bool) -> Any:
    """Return an argument with one more value; "or" begins a new group of conditions."""
    if not part.joints:
        return value
    if new_group:
        groups = before["any"] if isinstance(before, dict) else [before]
        return {"any": [*groups, [value]]}
    if isinstance(before, dict):
        *groups, group = before["any"]
        return {"any": [*groups, [*group, value]]}
    return [*(before or []), value]


def contradicts(condition: Sequence[Any], where: Any) -> bool:
    """Tell whether a condition leaves nothing of the conditions it would join, or nothing of it is new."""
    group = where["any"][-1] if isinstance(where, dict) else where or []
    column, sign, value = condition
    for other, other_sign, other_value in group:
        if other != column:
            continue
        if (
            {sign, other_sign} <= {"==", "in"}
            or (sign, value) == ("!=", other_value)
            or (other_sign, other_value) == ("!=", value)
        ):
            return True
        low, high = (">", ">="), ("<", "<=")
        if (sign in low and other_sign in high and value >= other_value) or (
            sign in high and other_sign in low and value <= other_value
        ):
            return True
        if (sign in low and other_sign in low) or (sign in high and other_sign in high):
            return True
    return False


def said_in(value: Any) -> list[Any]:
    """Return the values of an argument, from all its groups."""
    if isinstance(value, dict):
        return [condition for group in value["any"] for condition in group]
    return value if isinstance(value, list) else [] if value is None else [value]
