"""The grammar of calls: from a question's offers to calls, asking only where there is a choice.

Every result is a valid call: a tool of the list, conditions and changes that the question's words allow, each used once
in a call, and no end before everything is accounted for that has to be. Knows a chooser; knows nothing about prompts or
models.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent.conversation.reading.calltext import CANNOT, condition_text, head_of
from agent.conversation.reading.offers import Offer, Offers
from agent.conversation.reading.parts import OR, Part, contradicts, joined, parts_of, reachable, said_in, shared
from agent.conversation.reading.question import Question
from agent.conversation.reading.unread import unread
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
COLUMN = {"feature", "name"}
MOST_CALLS, MOST_PARTS = 4, 8
END, NEXT = "", " also "

Choose = Callable[[str, Sequence[str]], int]


def canonical_of(tool: str, args: Mapping[str, Any]) -> tuple[str, str]:
    """Return a call in a form in which the order of its conditions does not count."""
    where = args.get("where")
    listed = sorted(map(repr, where)) if isinstance(where, list) else repr(where)
    return tool, repr(sorted((key, repr(listed if key == "where" else value)) for key, value in args.items()))


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
    _columns: set[str] = field(default_factory=set)
    _again: frozenset[int] = frozenset()
    _made: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._offers = Offers(self.question)

    def read(self) -> list[dict[str, Any]]:
        """Return the calls; none where no tool can answer."""
        calls = self._made = []
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
        barred |= {"predict"} if self.question.asks_truth and not self.question.joints else set()
        barred |= set() if self.follows or self.question.has_row or self.question.flips else {"counterfactual"}
        barred |= {head_of(call) for call in calls if not self._goes_on(call, calls)}
        if not calls and self.question.clauses == 1 and not self.question.compares:
            barred |= {head for head in self.heads if head != CANNOT and not self._can_say_all(head)}
        heads = [head for head in self.heads if head not in barred] or [CANNOT if not calls else self.heads[0]]
        asked = self.question.metrics or [*self.question.metrics_before, "accuracy"]
        named = [f"score {metric}" for metric in dict.fromkeys(asked)]
        made = [f"score {call['args']['metric']}" for call in calls if call["tool"] == "score"]
        if made and made[-1] in named and (left := [head for head in named if head not in made]):
            return left
        return [head for head in heads if not head.startswith("score ") or head in named] or heads

    def _can_say_all(self, head: str) -> bool:
        """Tell whether one call of a tool can account for all that has to be accounted for."""
        needed = self._offers.required_by(head.split(maxsplit=1)[0]) & self._offers.required - self.question.counted
        parts = parts_of(self._offers, head.split(maxsplit=1)[0], dict(HEADS[head]), follows=self.follows)
        return needed <= reachable(parts, needed, set())

    def _goes_on(self, call: dict[str, Any], calls: Sequence[dict[str, Any]]) -> bool:
        """Tell whether a tool may be called once more: something of the question is not said in its calls yet."""
        known = [*calls, *self.question.before]
        said = [part for c in known for key in ("where", "changes") for part in said_in(c["args"].get(key))]
        columns = {c["args"].get(key) for c in calls for key in COLUMN}
        another = bool(COLUMN & call["args"].keys()) and bool(set(self.question.named) - columns)
        offers = [*self._offers.conditions_for(call["tool"]), *self._offers.changes]
        return any(offer.value not in said for offer in offers) or another

    @cached_property
    def _clauses(self) -> int:
        """How many calls there have to be: one less where a clause may be about what the table does not know."""
        return self.question.clauses - bool(unread(self.question))

    def _write(self, options: Sequence[str]) -> str:
        """Choose one of some texts and write it."""
        chosen = options[self.choose(self.text, options) if len(options) > 1 else 0]
        self.text += chosen
        return chosen

    def _arguments(self, tool: str, args: dict[str, Any], calls: Sequence[dict[str, Any]], number: int) -> None:
        """Write the arguments of one call, up to its end."""
        parts, taken = list(parts_of(self._offers, tool, args, follows=self.follows)), set[int]()
        required = self._offers.required_by(tool) - self._used or self._again
        self._again = frozenset()
        current: Part | None = None
        while True:
            steps = dict(self._steps(parts, current, args, taken))
            missing = reachable(steps.values(), required - taken, taken)
            steps = {
                text: part
                for text, part in steps.items()
                if not missing - reachable(parts[parts.index(part) :], missing, taken)
            }
            due = next((text for text, part in steps.items() if part.must and part.name not in args), None)
            if due is not None:  # nothing may pass over it
                steps = dict(list(steps.items())[: list(steps).index(due) + 1])
            written = due if len(steps) == 1 else None
            if written is not None:
                self.text += written
            else:
                needed = [text for text, part in steps.items() if reachable([part], missing, taken)]
                ends = self._ends(tool, args, calls, number)
                if missing:  # they may belong to another call: "men over 50 against women over 60"
                    begun = args.get("where") or args.get("changes")
                    ends = [NEXT] if self.question.compares and begun and NEXT in ends else []
                ends = ends if due is None and not (steps and self._is_made(tool, args)) else []
                written = self._write([*needed, *ends, *(text for text in steps if text not in needed)])
            if written in (END, NEXT):
                self._again = frozenset(taken) & self._offers.required - self.question.counted
                return
            part = steps[written]
            parts = parts[parts.index(part) :]
            self._fill(tool, part, args, taken, required, new_group=written == OR)
            if tool == "feature_stats" and args["feature"] == self.question.terms.schema.target:
                required -= self._offers.labels  # how they are distributed, not the rows that have them
            if part.must and part.name in {
                "feature",
                "name",
                "columns",
                "expression",
            }:  # what may follow depends on the column
                parts = list(parts_of(self._offers, tool, args, follows=self.follows))[1:]
            current = part

    def _is_made(self, tool: str, args: dict[str, Any]) -> bool:
        """Tell whether a call is one that was made before."""
        return canonical_of(tool, args) in [canonical_of(call["tool"], call["args"]) for call in self._made]

    def _says_again(self, tool: str, part: Part, offer: Offer, offers: Sequence[Offer], args: dict[str, Any]) -> bool:
        """Tell whether a condition would end in a call that was made before: no other one could follow it."""
        if part.name != "where" or any(not other.uses & offer.uses for other in offers if other is not offer):
            return False
        more = {**args, part.name: joined(args.get(part.name), offer.value, part, new_group=False)}
        return self._is_made(tool, more)

    def _ends(self, tool: str, args: dict[str, Any], calls: Sequence[dict[str, Any]], number: int) -> list[str]:
        """Return how a call may end: for good only when everything is accounted for that has to be."""
        if number >= MOST_CALLS:
            return [END]
        columns = {call["args"].get(key) for call in calls for key in ("feature", "name")} | {
            args.get("feature"),
            args.get("name"),
        }
        asked = [str(condition[0]) for condition in said_in(args.get("where"))]
        others = [column for column in self.question.named if column not in columns and column not in asked]
        metrics = [call["args"].get("metric") for call in calls] + [args.get("metric")]
        if (self._offers.required & self._offers.required_by(tool)) - self._used - self.question.counted or (
            args.get("metric") in self.question.metrics and set(self.question.metrics) - set(metrics)
        ):
            return [NEXT]
        clauses = number < self._clauses and args.get("topic") not in {"model", "data", "abilities"}
        if clauses or ((args.get("feature") or args.get("name")) and others):
            return [NEXT, END]  # there may be fewer things asked than it seems
        return [END, NEXT] if number <= self.question.joints else [END]

    def _steps(
        self, parts: Sequence[Part], current: Part | None, args: dict[str, Any], taken: set[int]
    ) -> Iterator[tuple[str, Part]]:
        """Yield what may come next in a call, with the part it belongs to."""
        if current is not None and len(said_in(args[current.name])) < MOST_PARTS:
            for joint in current.joints:
                if self._left(current, args, taken, new_group=joint == OR):
                    yield joint, current
        for part in parts:
            if part is not current and self._left(part, args, taken):
                yield part.keyword, part

    def _left(self, part: Part, args: dict[str, Any], taken: set[int], *, new_group: bool = False) -> list[Offer]:
        """Return what may still be written there: words are used once in a call, and nothing is said twice."""
        said = said_in(args.get(part.name))
        free = [offer for offer in part.offers if not offer.uses & taken and offer.value not in said]
        return [
            offer
            for offer in free
            if part.name != "where" or new_group or not contradicts(offer.value, args.get("where"))
        ]

    def _fill(
        self, tool: str, part: Part, args: dict[str, Any], taken: set[int], required: frozenset[int], *, new_group: bool
    ) -> None:
        """Choose one value for an argument and write it."""
        if part.name == "scope":
            args["scope"] = "previous"
            return
        offers = self._left(part, args, taken, new_group=new_group)
        offers = [offer for offer in offers if not self._says_again(tool, part, offer, offers, args)] or offers
        if part.name in COLUMN:  # a column that is named and asked of nowhere yet
            left = set(self.question.named) - self._columns
            offers = [offer for offer in offers if self._columns and offer.value in left] or offers
        again = shared(args, offers, required - taken) if new_group else []
        for condition in again:
            self.text += f"{condition_text(condition)}) and ("
        offers.sort(key=lambda offer: (part.name in COLUMN and offer.value in self._columns, not offer.uses & required))
        by_text = {f"{offer.text})": offer for offer in offers}
        offer = by_text[self._write(list(by_text))]
        taken |= offer.uses
        self._used |= offer.uses
        self._columns |= {offer.value} if part.name in COLUMN else set()
        args[part.name] = joined(args.get(part.name), offer.value, part, new_group=new_group)
        if again:
            args["where"]["any"][-1][:0] = again
