"""What a sentence claims, as far as it is understood: each feature's value, rank, direction and place, and the answer.

`read` decides whether a sentence is true, and refuses what it does not understand as a whole. Here the question is what
a reader takes from a sentence, be it true or not: words that nobody knows are passed over, and what is left is put
together by nearness. Same words, same phrases; only measured (`benchmarks.claims`), never trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from agent.explanation.evidence import Evidence
from agent.explanation.parsing.assertions import (
    Assertion,
    Effect,
    HasCategory,
    Nearer,
    Number,
    Ordered,
    Predicted,
    Quantity,
    Ranked,
    Stated,
    owner_of,
)
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import Statistic, Subject, phrases
from agent.explanation.parsing.lexer import Token, tokens
from agent.explanation.parsing.parser import read
from tools.errors import ToolError

__all__ = ["Claims", "Said", "claims_in"]

STATISTICS = {"mean", "median", "q1", "q3", "min", "max"}
LINKS = {
    "be",
    "of",
    "for",
    "makes",
    "comma",
    "open",
    "which",
    "value",
    "to",
    "contrib",
    "row1",
    "effect",
    "label",
    "as",
}
GIVEN = {"is", "exactly", "about", "nearly", "just over"}  # how a number is said where it is no bound
MISSING = {"missing", "unknown", "unrecorded"}
EACH = "each"  # of ranks that count on from feature to feature


@dataclass(frozen=True)
class Said:
    """One thing that a sentence says.

    Attributes
    ----------
    kind : str
        ``value``, ``direction``, ``rank``, ``amount``, ``order``, ``nearer``, ``label`` or ``probability``.
    feature : str
        Of which feature; empty for what is said of the answer.
    what : object
        A `Number` or a category; the sign towards the answer; a rank from 0; ``above``, ``below`` or ``equal``; a label.
    of : str
        The side among which a rank counts; what a value is compared with, or the label whose mean is farther; the label of
        a probability; ``not`` for a label that is denied.
    group : str
        The label of the rows that it is compared with.
    """

    kind: str
    feature: str
    what: Any
    of: str = ""
    group: str = ""


@dataclass(frozen=True)
class Claims:
    """What one sentence claims.

    Attributes
    ----------
    said : list of Said
    facts : Facts
        What it can be about.
    """

    said: list[Said]
    facts: Facts

    @cached_property
    def features(self) -> list[str]:
        """The features that it speaks of, in order."""
        return list(dict.fromkeys(one.feature for one in self.said if one.feature))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of each feature among all, from 0."""
        return {one.feature: one.what for one in self.said if one.kind == "rank" and not one.of}

    @cached_property
    def signs(self) -> dict[str, int]:
        """The direction of each feature, towards the answer."""
        return {one.feature: one.what for one in self.said if one.kind == "direction"}

    @cached_property
    def values(self) -> dict[str, bool]:
        """Whether the value that it gives of each feature is the row's."""
        return {one.feature: self._right(one) for one in self.said if one.kind == "value"}

    @cached_property
    def labels(self) -> list[str]:
        """The labels that it says are the answer."""
        return [one.what for one in self.said if one.kind == "label"]

    @property
    def of_answer(self) -> bool:
        """Whether it says the answer, or how probable it is."""
        return any(one.kind in {"label", "probability"} for one in self.said)

    @cached_property
    def misplaced(self) -> list[Said]:
        """What it says is above, below or nearer to something, and is not."""
        return [one for one in self.said if one.kind in {"order", "nearer"} and self._lies(one) is False]

    @cached_property
    def refs(self) -> list[str]:
        """The facts that it is about, as far as there are such facts."""
        found = []
        for one in self.said:
            try:
                found += self._facts_of(one)
            except ToolError:
                continue
        return list(dict.fromkeys(found))

    def _facts_of(self, one: Said) -> list[str]:
        if one.kind == "value":
            return [self.facts.value(one.feature)]
        if one.kind in {"direction", "rank", "amount"}:
            return [self.facts.contribution(one.feature)]
        if one.kind == "order" and one.of in STATISTICS:
            return [self.facts.statistic(one.feature, one.of, one.group or None)]
        return []

    def _right(self, one: Said) -> bool:
        value = self.facts.evidence.value(self.facts.value(one.feature))
        if value is None or isinstance(value, bool | str) or not isinstance(one.what, Number):
            return str(value) == str(one.what) or (value is None and one.what == "missing")
        return one.what.fits(float(value))

    def _lies(self, one: Said) -> bool | None:
        """Tell whether a value lies where it is said to; None where that is not known."""
        try:
            value = float(self.facts.evidence.value(self.facts.value(one.feature)))
            if one.kind == "nearer":
                means = (self.facts.statistic(one.feature, "mean", label) for label in (one.group, one.of))
                near, far = (abs(float(self.facts.evidence.value(ref)) - value) for ref in means)
                return near <= far
            if one.of not in STATISTICS or one.what == "equal":
                return None
            other = float(self.facts.evidence.value(self.facts.statistic(one.feature, one.of, one.group or None)))
        except (ToolError, KeyError, TypeError, ValueError):
            return None
        return value > other if one.what == "above" else value < other


def claims_in(sentence: str, evidence: Evidence) -> Claims:
    """Return what a sentence claims.

    Parameters
    ----------
    sentence : str
        Plain text; citation marks are passed over.
    evidence : Evidence
        What features, labels and categories there are; never what is true of them.

    Examples
    --------
    >>> from tools.observation import Observation
    >>> explained = {"towards": "ill", "absolute": 0.4, "features": [{"feature": "age", "value": 61, "contribution": 0.4}]}
    >>> seen = [Observation(id="t1", tool="probability", result={"ill": 0.8, "well": 0.2})]
    >>> seen.append(Observation(id="t2", tool="explain", result=explained))
    >>> found = claims_in("Honestly, age is the main driver towards ill.", Evidence(seen))
    >>> found.ranks, found.signs
    ({'age': 0}, {'age': 1})
    """
    facts, reading = Facts(evidence), read(sentence, evidence)
    if reading.verdict is not None:
        found = [one for made in reading.assertions for one in _said(made, facts)]
    else:
        found = _Reader(phrases(tokens(sentence, facts)).tokens, facts).said()
    return Claims(list(dict.fromkeys(found)), facts)


def _said(made: Assertion, facts: Facts) -> list[Said]:
    """Return what an assertion of a sentence that is understood says."""
    match made:
        case Stated(quantity=Quantity(refs=(ref,), minus=None)):
            return _stated(ref, made.number, facts)
        case HasCategory(negated=False):
            return [Said("value", owner_of(made.ref, facts.evidence), made.category)]
        case Effect(negated=False):
            return [Said("direction", owner_of(made.ref, facts.evidence), made.sign * facts.side(made.label))]
        case Ranked(negated=False, within=False) if made.rank >= 0:
            feature, side = owner_of(made.ref, facts.evidence), "" if made.side == "any" else made.side
            way = {"": [], "for": [Said("direction", feature, 1)], "against": [Said("direction", feature, -1)]}[side]
            return [Said("rank", feature, made.rank, side), *way]
        case Predicted(place=0):
            return [Said("label", "", made.label, "not" if made.negated else "")]
        case Ordered(negated=False):
            return _ordered(made, facts)
        case Nearer(negated=False):
            return [Said("nearer", owner_of(made.value, facts.evidence), "", _group(made.far), _group(made.near))]
    return []


def _stated(ref: str, number: Number, facts: Facts) -> list[Said]:
    """Return what a number of a value, a contribution or a probability says."""
    call, *path = ref.split(".")
    tool = facts.evidence.observation(call).tool
    if tool == "probability":
        return [Said("probability", "", number, unquote(path[0]))]
    if path[-1] == "value":
        return [Said("value", owner_of(ref, facts.evidence), number)]
    if path[-1] == "contribution":
        return _amount(owner_of(ref, facts.evidence), number)
    if path[-1] in {"below", "above"} and tool == "feature_stats":
        group = unquote(path[1]) if path[0] == "value_by_label" else ""
        relation = "above" if path[-1] == "below" else "below"
        return [Said("order", owner_of(ref, facts.evidence), relation, "rows", group)]
    return []


def _ordered(made: Ordered, facts: Facts) -> list[Said]:
    """Return what a comparison of a row's value says."""
    if len(made.left.refs) != 1 or not made.left.refs[0].endswith((".value", ".z_score")):
        return []
    feature = owner_of(made.left.refs[0], facts.evidence)
    relation = "equal" if made.relation in {"equal", "same"} else made.relation
    if made.left.refs[0].endswith(".z_score"):
        return [Said("order", feature, relation, "mean")]
    if made.right.number is not None:
        return [Said("order", feature, relation, "number")]
    last = made.right.refs[0].rpartition(".")[2]
    return [Said("order", feature, relation, last, _group(made.right.refs[0]))] if last in STATISTICS else []


def _group(ref: str) -> str:
    """Return the label whose rows a statistic is of."""
    path = ref.split(".")
    return unquote(path[2]) if path[1] == "by_label" else ""


def _amount(feature: str, number: Number) -> list[Said]:
    """Return the size of a contribution, and its direction where the number has a sign."""
    found = [Said("amount", feature, number)]
    if number.signed and number.value:
        found.append(Said("direction", feature, 1 if number.value > 0 else -1))
    return found


class _Reader:
    """Puts phrases together by nearness: each predicate with the features last mentioned, or else with the next ones."""

    def __init__(self, words: Sequence[Token], facts: Facts) -> None:
        self._words, self._facts = list(words), facts
        self._topic: tuple[str, ...] = ()
        self._valued: set[str] = set()  # features whose value was given
        self._waiting: list[Said] = []  # said before the feature is named
        self._listed: int | None = None  # the direction of all features that follow: *two features speak for it: …*
        self._found: list[Said] = []

    def said(self) -> list[Said]:
        """Return everything, in order."""
        for at, word in enumerate(self._words):
            take = getattr(self, f"_at_{word.kind}", None)
            if take is not None:
                take(at, word.value)
        return self._found

    # -- features ----------------------------------------------------------------------------------------------------

    def _at_subj(self, at: int, subject: Subject) -> None:
        self._topic = tuple(dict.fromkeys(subject.features))
        numbers = [(feature, number) for feature, number in subject.numbers if number.bound in GIVEN]
        self._valued = {feature for feature, _ in (*numbers, *subject.categories)}
        for feature, number in numbers:
            self._found.append(Said("amount" if subject.sized else "value", feature, number))
        for feature, number in subject.contributions:
            self._found += _amount(feature, number)
        for feature, category in subject.categories:
            if not self._denied(at):
                self._found.append(Said("value", feature, category))
        if self._listed is not None:
            self._found += [Said("direction", feature, self._listed) for feature in self._topic]
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if one.kind == "value":
                self._value(one.what)
                continue
            for place, feature in enumerate(self._topic):
                step = place if one.group == EACH else 0
                self._found.append(Said(one.kind, feature, one.what + step, one.of))

    def _at_but(self, at: int, _: Any) -> None:
        self._listed = None
        self._waiting = self._waiting if at == 0 else []

    # -- values ------------------------------------------------------------------------------------------------------

    def _at_num(self, at: int, number: Number) -> None:
        """Take *at 5* or *its value of 5* as the value of the one feature that is spoken of."""
        before = [word.kind for word in self._words[max(0, at - 2) : at]]
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        given = before[-1:] == ["of"] and self._words[at - 1].text in {"at", "of", "with a"} and number.bound in GIVEN
        plain = before[:1] != ["statq"] and not set(before) & {"contrib", "group", "rows", "prob", "label", "statq"}
        if not (given and plain) or number.percent or set(after) & {"z", "num", "neighbours", "drivers"}:
            return
        if self._topic:
            self._value(number)
        elif self._ahead(at):
            self._waiting.append(Said("value", "", number))

    def _at_category(self, at: int, value: tuple[tuple[str, ...], str]) -> None:
        owners, category = value
        if not self._denied(at) and set(owners) & set(self._topic):
            self._value(category)

    def _at_label(self, at: int, label: str) -> None:
        """Take *it is Yes* and *(Yes)* as the value of a feature that has such a category."""
        before = [word.kind for word in self._words[max(0, at - 1) : at]]
        own = self._facts.categories.get(self._topic[0], []) if len(self._topic) == 1 else []
        if before in (["be"], ["open"]) and label in own and not self._denied(at - 1):
            self._value(label)

    def _at_unknown(self, at: int, _: Any) -> None:
        if self._words[at].text in MISSING and [word.kind for word in self._words[max(0, at - 1) : at]] == ["be"]:
            self._value("missing")

    def _value(self, what: Any) -> None:
        if len(self._topic) == 1 and self._topic[0] not in self._valued:
            self._valued.add(self._topic[0])
            self._found.append(Said("value", self._topic[0], what))

    # -- contributions -----------------------------------------------------------------------------------------------

    def _at_rankp(self, at: int, value: tuple[int, str]) -> None:
        rank, side = value
        if rank >= 0 and not self._denied(at):
            self._ranked(at, rank, "" if side == "any" else side)

    def _at_ord(self, at: int, rank: int) -> None:
        if [word.kind for word in self._words[at + 1 : at + 2]] == ["sup"]:
            self._ranked(at, rank, "")

    def _at_sup(self, at: int, rank: int) -> None:
        """Take *the three strongest features are …* as their ranks."""
        several = [word.kind for word in self._words[at + 1 : at + 2]] == ["drivers"]
        if several and rank == 0 and self._ahead(at + 1) and not self._denied(at):
            self._waiting.append(Said("rank", "", 0, "", EACH))

    def _ranked(self, at: int, rank: int, side: str) -> None:
        if self._side(at) is not None:
            side = self._side(at) or ""
        if self._ahead(at) or not self._topic:
            self._waiting.append(Said("rank", "", rank, side))
            return
        places = [at for at, _ in self._ranks_of_topic(at)]
        if len(places) == len(self._topic) > 1 and at in places:
            self._found.append(Said("rank", self._topic[places.index(at)], rank, side))
            return
        self._found += [Said("rank", feature, rank, side) for feature in self._topic]

    def _side(self, at: int) -> str | None:
        """Return the side of *the strongest reason for …*."""
        after = self._words[at + 1 : at + 2]
        if not after or after[0].kind != "effect" or " " not in after[0].text:
            return None
        return {1: "for", -1: "against"}[1 if after[0].value > 0 else -1]

    def _ranks_of_topic(self, at: int) -> list[tuple[int, Token]]:
        """Return the ranks between the features before a place and those after it."""
        first = max((n for n in range(at) if self._words[n].kind == "subj"), default=0)
        last = next((n for n in range(at, len(self._words)) if self._words[n].kind == "subj"), len(self._words))
        found = []
        for n in range(first, last):
            pair = [word.kind for word in self._words[n : n + 2]]
            if pair[:1] == ["rankp"] or pair == ["ord", "sup"]:
                found.append((n, self._words[n]))
        return found

    def _at_effect(self, at: int, sign: int) -> None:
        against_a_number = self._after(at, {"statq", "num"}, {"of"}) is not None  # *against a mean of 5*
        pushed = None if self._denied(at) or against_a_number else self._push(at, sign)
        if pushed is None:
            return
        sign = pushed
        before = [word.kind for word in self._words[max(0, at - 3) : at]]
        if {"drivers", "quantity"} & set(before) and "subj" not in before:
            self._listed = sign
        elif self._topic and not (before[-1:] == ["rankp"] and self._ahead(at + 1)):
            self._found += [Said("direction", feature, sign) for feature in self._topic]
        else:
            self._waiting.append(Said("direction", "", sign))
        number = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None
        if isinstance(number, Number) and len(self._topic) == 1:  # *takes 0.6 off the log-odds*
            self._found.append(Said("amount", self._topic[0], number))

    def _at_mostfor(self, at: int, sign: int) -> None:
        pushed = self._push(at, sign)
        if pushed is None:
            return
        sign = pushed
        made = [Said("direction", "", sign), Said("rank", "", 0, "for" if sign > 0 else "against")]
        if self._topic and not self._ahead(at):
            self._found += [Said(one.kind, feature, one.what, one.of) for one in made for feature in self._topic]
        else:
            self._waiting += made

    def _at_contributes(self, at: int, _: Any) -> None:
        """Take *adds 0.6 to the log-odds*."""
        number = self._words[at + 1].value if self._words[at + 1 : at + 2] else None
        pushed = self._push(at + 1, 1)
        if isinstance(number, Number) and pushed is not None and len(self._topic) == 1:
            self._found += [Said("amount", self._topic[0], number), Said("direction", self._topic[0], pushed)]

    def _push(self, at: int, sign: int) -> int | None:
        """Return the direction of a push towards the label named next, or else the answer; None where that is not known."""
        label = self._target(at)
        try:
            return (1 if sign > 0 else -1) * (1 if label is None else self._facts.side(label))
        except ToolError:
            return None

    def _target(self, at: int) -> str | None:
        """Return the label that a push is towards, where it is named."""
        for word in self._words[at + 1 : at + 5]:
            if word.kind in {"label", "plabel"}:
                return str(word.value)
            if word.kind not in {"of", "for", "result", "comma", "open", "prob", "predict", "unknown"}:
                return None
        return None

    def _at_contrib(self, at: int, _: Any) -> None:
        number = self._after(at, {"num"}, {"of", "be", "open", "comma"})
        if number is not None and len(self._topic) == 1:
            self._found += _amount(self._topic[0], number)

    # -- where values lie --------------------------------------------------------------------------------------------

    def _at_rel(self, at: int, relation: str) -> None:
        if relation not in {"above", "below", "equal", "same"} or self._denied(at):
            return
        relation = "equal" if relation == "same" else relation
        for n, word in enumerate(self._words[at + 1 : at + 5], start=at + 1):
            if word.kind == "statq" and word.value.name in STATISTICS:
                self._placed(relation, word.value)
                return
            if word.kind == "num":
                groups = [w.value for w in self._words[n + 1 : n + 4] if w.kind == "group"]
                over = "rows" if word.value.percent or groups else "number"
                group = (groups[0][0] or "") if groups else ""
                self._found += [Said("order", feature, relation, over, group) for feature in self._topic[-1:]]
                return
            if word.kind not in {"of", "for", "be", "quantity", "which", "value", "unknown"}:
                return

    def _placed(self, relation: str, statistic: Statistic) -> None:
        groups = statistic.labels or ("",)
        for feature in self._topic:
            self._found += [Said("order", feature, relation, statistic.name, group or "") for group in groups]

    # -- the answer --------------------------------------------------------------------------------------------------

    def _at_predict(self, at: int, _: Any) -> None:
        label = self._after(at, {"label", "plabel"}, {"of", "for", "be", "comma", "open", "row1"})
        if label is not None:
            self._found.append(Said("label", "", label, of="not" if self._denied(at) else ""))

    def _at_result(self, at: int, _: Any) -> None:
        pushed = any(word.kind in {"effect", "raises", "moves"} for word in self._words[max(0, at - 2) : at])
        if not pushed and not any(word in self._words[at].text for word in ("odds", "score", "margin", "scale")):
            self._at_predict(at, None)

    def _at_prob(self, at: int, _: Any) -> None:
        label = self._after(at, {"label", "plabel"}, {"of", "for", "be", "row1", "value"})
        number = next((word.value for word in self._words[at + 1 : at + 7] if word.kind == "num"), None)
        before = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None
        given = number or before
        if isinstance(given, Number):
            self._found.append(Said("probability", "", given, label or self._facts.evidence.label))

    # -- looking around ----------------------------------------------------------------------------------------------

    def _after(self, at: int, kinds: set[str], between: set[str]) -> Any:
        for word in self._words[at + 1 :]:
            if word.kind in kinds:
                return word.value
            if word.kind not in between:
                return None
        return None

    def _denied(self, at: int) -> bool:
        return any(word.kind in {"not", "neither"} for word in self._words[max(0, at - 2) : max(0, at)])

    def _ahead(self, at: int) -> bool:
        """Tell whether what is said is of the feature that comes next: *the main driver is age*."""
        before = [word.kind for word in self._words[:at]]
        linked = before[-1:] and before[-1] in {"be", "makes", "of", "as"} and "subj" in before
        following = [word.kind for word in self._words[at + 1 :]]
        while following and following[0] in LINKS:
            following.pop(0)
        return following[:1] == ["subj"] and not linked
