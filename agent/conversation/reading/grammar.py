"""The grammar of calls: from a question's offers to calls, asking only where there is a choice.

Every result is a valid call: a tool of the list, conditions and changes that the question's words allow, each used once
in a call, and no end before everything is accounted for that has to be. Knows a chooser; knows nothing about prompts or
models.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.conversation.reading.calltext import CANNOT, condition_text, head_of
from agent.conversation.reading.offers import Offer, Offers
from agent.conversation.reading.question import Question
from tools.metrics import METRICS

__all__ = ["HEADS", "MOST_CALLS", "Reader"]

HEADS: dict[str, dict[str, Any]] = {
    "predict": {},
    "probability": {},
    "explain": {},
    "importance": {},
    "interactions": {},
    "counterfactual": {},
    **{f"score {metric}": {"metric": metric} for metric in METRICS},
    "mistakes examples": {"kind": "examples"},
    "mistakes patterns": {"kind": "patterns"},
    "labels": {},
    "count": {},
    "show": {},
    "feature_stats": {},
    "similar": {},
    "calculate": {},
    **{f"describe {topic}": {"topic": topic} for topic in ("data", "model", "abilities", "feature")},
}
CHANGED = {"predict", "probability", "explain"}
AMOUNT = {"explain": "top", "importance": "top", "interactions": "top", "similar": "k", "show": "limit"}
LABEL = {"explain": "label", "counterfactual": "target"}
ABOUT_ROWS = {"predict", "probability", "explain", "counterfactual", "similar", "labels", "show", "count"}
MOST_CALLS, MOST_PARTS = 4, 8
END, NEXT, OR = "", " also ", " or ("

Choose = Callable[[str, Sequence[str]], int]


@dataclass(frozen=True)
class _Part:
    """One argument of a call: how it is announced, what it may be, and what joins two of them."""

    name: str
    keyword: str
    offers: Sequence[Offer]
    joints: tuple[str, ...] = ()
    must: bool = False


@dataclass
class Reader:
    """Writes the calls for one question.

    Parameters
    ----------
    question : Question
    choose : callable
        ``choose(text, options) -> index`` picks how the text so far goes on.
    heads : sequence of str
        The beginnings of calls in the order in which they are offered; `CANNOT` among them.
    follows : bool
        Whether there are rows of an answer before.

    Examples
    --------
    >>> from agent.conversation.reading.names import Terms
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> question = Question("how many are over 50?", Terms(schema))
    >>> reader = Reader(question, lambda text, options: 0, ["count"])
    >>> reader.read()
    [{'tool': 'count', 'args': {'where': [['age', '>', 50]]}}]
    >>> reader.text
    'count where (age > 50)'
    """

    question: Question
    choose: Choose
    heads: Sequence[str] = (*HEADS, CANNOT)
    follows: bool = False
    text: str = ""
    _offers: Offers = field(init=False)
    _used: set[int] = field(default_factory=set)
    _again: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self._offers = Offers(self.question)

    def read(self) -> list[dict[str, Any]]:
        """Return the calls; none where no tool can answer."""
        calls: list[dict[str, Any]] = []
        written = 0
        while not written or (self.text.endswith(NEXT) and written < MOST_CALLS):
            head = self._write(self._heads(calls))
            if head == CANNOT:
                return []
            call: dict[str, Any] = {"tool": head.split()[0], "args": dict(HEADS[head])}
            written += 1
            self._arguments(call["tool"], call["args"], calls, written)
            if call not in calls:
                calls.append(call)
        return calls

    def _heads(self, calls: Sequence[dict[str, Any]]) -> list[str]:
        """Return how a call may begin: a measure of quality only as the question names it."""
        barred = {CANNOT} if calls else set()
        barred |= set() if self.question.expression is not None else {"calculate"}
        barred |= set() if self._offers.names_column else {"feature_stats", "describe feature"}
        barred |= {"predict"} if self.question.asks_truth else set()
        barred |= {head_of(call) for call in calls if not self._goes_on(call, calls)}
        if not calls and self.question.clauses == 1 and not self.question.compares:
            barred |= {head for head in self.heads if head != CANNOT and not self._can_say_all(head)}
        heads = [head for head in self.heads if head not in barred] or [CANNOT if not calls else self.heads[0]]
        named = [f"score {metric}" for metric in self.question.metrics] or ["score accuracy"]
        made = [f"score {call['args']['metric']}" for call in calls if call["tool"] == "score"]
        if made and made[-1] in named and (left := [head for head in named if head not in made]):
            return left
        return [head for head in heads if not head.startswith("score ") or head in named] or heads

    def _can_say_all(self, head: str) -> bool:
        """Tell whether one call of a tool can account for all that has to be accounted for."""
        needed = self._offers.required - {count.start for count in self.question.counts}
        parts = _parts(self._offers, head.split(maxsplit=1)[0], dict(HEADS[head]), follows=self.follows)
        return needed <= _reachable(parts, needed, set())

    def _goes_on(self, call: dict[str, Any], calls: Sequence[dict[str, Any]]) -> bool:
        """Tell whether a tool may be called once more: something of the question is not said in its calls yet."""
        said = [part for c in calls for key in ("where", "changes") for part in _said(c["args"].get(key))]
        columns = {c["args"].get(key) for c in calls for key in ("feature", "name")}
        offers = [*self._offers.conditions_for(call["tool"]), *self._offers.changes]
        return any(offer.value not in said for offer in offers) or bool(set(self.question.named) - columns)

    def _write(self, options: Sequence[str]) -> str:
        """Choose one of some texts and write it."""
        chosen = options[self.choose(self.text, options) if len(options) > 1 else 0]
        self.text += chosen
        return chosen

    def _arguments(self, tool: str, args: dict[str, Any], calls: Sequence[dict[str, Any]], number: int) -> None:
        """Write the arguments of one call, up to its end."""
        parts, taken = list(_parts(self._offers, tool, args, follows=self.follows)), set[int]()
        required = self._offers.required_by(tool) - self._used or self._again
        self._again = frozenset()
        current: _Part | None = None
        while True:
            steps = dict(self._steps(parts, current, args, taken))
            missing = _reachable(steps.values(), required - taken, taken)
            steps = {
                text: part
                for text, part in steps.items()
                if not missing - _reachable(parts[parts.index(part) :], missing, taken)
            }
            due = next((text for text, part in steps.items() if part.must and part.name not in args), None)
            if due is not None:  # nothing may pass over it
                steps = dict(list(steps.items())[: list(steps).index(due) + 1])
            written = due if len(steps) == 1 else None
            if written is not None:
                self.text += written
            else:
                needed = [text for text, part in steps.items() if _reachable([part], missing, taken)]
                ends = self._ends(args, calls, number)
                if missing:  # they may belong to another call: "men over 50 against women over 60"
                    begun = args.get("where") or args.get("changes")
                    ends = [NEXT] if self.question.compares and begun and NEXT in ends else []
                ends = ends if due is None else []
                written = self._write([*needed, *ends, *(text for text in steps if text not in needed)])
            if written in (END, NEXT):
                self._again = frozenset(taken) & self._offers.required
                return
            part = steps[written]
            parts = parts[parts.index(part) :]
            self._fill(part, args, taken, required, new_group=written == OR)
            if part.must and part.name in {
                "feature",
                "name",
                "columns",
                "expression",
            }:  # what may follow depends on the column
                parts = list(_parts(self._offers, tool, args, follows=self.follows))[1:]
            current = part

    def _ends(self, args: dict[str, Any], calls: Sequence[dict[str, Any]], number: int) -> list[str]:
        """Return how a call may end: for good only when everything is accounted for that has to be."""
        if number >= MOST_CALLS:
            return [END]
        columns = {call["args"].get(key) for call in calls for key in ("feature", "name")} | {
            args.get("feature"),
            args.get("name"),
        }
        asked = [str(condition[0]) for condition in _said(args.get("where"))]
        others = [column for column in self.question.named if column not in columns and column not in asked]
        metrics = [call["args"].get("metric") for call in calls] + [args.get("metric")]
        more = (
            self._offers.required - self._used - {count.start for count in self.question.counts}
            or (number < self.question.clauses and args.get("topic") not in {"model", "data", "abilities"})
            or ((args.get("feature") or args.get("name")) and others)
            or (args.get("metric") in self.question.metrics and set(self.question.metrics) - set(metrics))
        )
        return [NEXT] if more else [END, NEXT] if number <= self.question.joints else [END]

    def _steps(
        self, parts: Sequence[_Part], current: _Part | None, args: dict[str, Any], taken: set[int]
    ) -> Iterator[tuple[str, _Part]]:
        """Yield what may come next in a call, with the part it belongs to."""
        if current is not None and len(_said(args[current.name])) < MOST_PARTS:
            for joint in current.joints:
                if self._left(current, args, taken, new_group=joint == OR):
                    yield joint, current
        for part in parts:
            if part is not current and self._left(part, args, taken):
                yield part.keyword, part

    def _left(self, part: _Part, args: dict[str, Any], taken: set[int], *, new_group: bool = False) -> list[Offer]:
        """Return what may still be written there: words are used once in a call, and nothing is said twice."""
        said = _said(args.get(part.name))
        free = [offer for offer in part.offers if not offer.uses & taken and offer.value not in said]
        return [
            offer
            for offer in free
            if part.name != "where" or new_group or not _contradicts(offer.value, args.get("where"))
        ]

    def _fill(
        self, part: _Part, args: dict[str, Any], taken: set[int], required: frozenset[int], *, new_group: bool
    ) -> None:
        """Choose one value for an argument and write it."""
        if part.name == "scope":
            args["scope"] = "previous"
            return
        offers = self._left(part, args, taken, new_group=new_group)
        shared = _shared(args, offers, required - taken) if new_group else []
        for condition in shared:
            self.text += f"{condition_text(condition)}) and ("
        offers.sort(key=lambda offer: not offer.uses & required)
        by_text = {f"{offer.text})": offer for offer in offers}
        offer = by_text[self._write(list(by_text))]
        taken |= offer.uses
        self._used |= offer.uses
        args[part.name] = _joined(args.get(part.name), offer.value, part, new_group=new_group)
        if shared:
            args["where"]["any"][-1][:0] = shared


def _shared(args: dict[str, Any], offers: Sequence[Offer], wanted: frozenset[int]) -> list[Any]:
    """Return the conditions of the first group that hold for the next too: "women under 20 or over 60"."""
    where = args["where"]
    first = where["any"][0] if isinstance(where, dict) else where
    to_come = {str(offer.value[0]) for offer in offers if offer.uses & wanted}
    again = [condition for condition in first if condition[0] in to_come]
    return [condition for condition in first if condition[0] not in to_come] if again else []


def _parts(  # noqa: C901 - one line for each argument
    offers: Offers, tool: str, args: dict[str, Any], *, follows: bool
) -> Iterator[_Part]:
    """Yield the arguments a tool may have, in the order in which they are written."""
    question, topic = offers.question, args.get("topic")
    if tool == "calculate":
        yield _Part("expression", " (", [Offer(str(question.expression), str(question.expression))], must=True)
    elif topic == "feature":
        yield _Part("name", " (", offers.columns, must=True)
    elif tool == "feature_stats":
        yield _Part("feature", " (", offers.columns, must=True)
    elif tool == "importance":
        yield _Part(
            "feature", " (", [column for column in offers.columns if column.value != question.terms.schema.target]
        )
    elif tool == "show":
        yield _Part("columns", " (", offers.shown, must=bool(offers.shown))
    if tool in {"calculate", "describe"}:
        return
    if follows and (not question.repeats or question.refers or question.supposes):
        alone = tool in ABOUT_ROWS and not question.general and not offers.required
        yield _Part("scope", " of those", [Offer("", "previous")], must=question.refers or alone)
    joints = (OR,) if offers.either else (" and (", OR) if question.alternatives else (" and (",)
    conditions = offers.conditions_for(tool)
    if tool == "feature_stats":  # a value of the column itself is to be placed
        conditions = [each for each in conditions if each.value[:2] != [args.get("feature"), "=="]]
    yield _Part("where", " where (", conditions, joints)
    if tool in CHANGED:
        yield _Part("changes", " change (", offers.changes, (" and (",))
    if tool in AMOUNT:
        yield _Part(AMOUNT[tool], f" {AMOUNT[tool]} (", offers.amounts)
    if tool in LABEL:
        labels = offers.labels_for(tool)
        yield _Part(LABEL[tool], f" {LABEL[tool]} (", labels, must=bool(labels) and offers.asks_label(tool))
    if tool == "feature_stats":
        yield _Part("value", " value (", offers.values(args.get("feature", "")))


def _reachable(parts: Iterable[_Part], wanted: frozenset[int], taken: set[int]) -> frozenset[int]:
    """Return those of the wanted places in the question that may still be accounted for in some parts."""
    found = {at for part in parts for offer in part.offers if not offer.uses & taken for at in offer.uses}
    return frozenset(wanted & found)


def _joined(before: Any, value: Any, part: _Part, *, new_group: bool) -> Any:
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


def _contradicts(condition: Sequence[Any], where: Any) -> bool:
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


def _said(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [condition for group in value["any"] for condition in group]
    return value if isinstance(value, list) else [] if value is None else [value]
