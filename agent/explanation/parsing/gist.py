"""The gist of a sentence: its phrases put together by nearness, where it is not understood as a whole.

Every predicate is about the features last mentioned, or else about the next ones. Words that nobody knows are passed
over. Knows phrases; knows nothing of what is true.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import Statistic, Subject
from agent.explanation.parsing.lexer import Token
from agent.explanation.parsing.said import STATISTICS, Said, amount_of, numbered, reached
from tools.errors import ToolError

__all__ = ["gist"]

LINKS = set("as be comma contrib effect for label makes of open row1 to value which".split())  # noqa: SIM905
GIVEN = {"is", "exactly", "about", "nearly", "just over"}  # how a number is said where it is no bound
MISSING = {"missing", "unknown", "unrecorded"}
BEST = {"best", "correct", "right", "appropriate", "answer"}  # what an answer is said to be
IN_WORDS = 0.3  # the step of a number in words
OF_ROW = {"effect", "rankp", "contrib", "outweighs", "mostfor", "rel", "force", "result", "predict", "contributes"}
OF_ROWS = {"group", "rows", "statq", "neighbours", "those", "factor", "drivers", "more", "ascommon", "which"}
NOT_OF_PLACES: tuple[list[str], ...] = ([], ["comma"], ["and"], ["makes"], ["of"], ["for"], ["but"], ["stop"], ["open"])
EACH = "each"  # of ranks that count on from feature to feature


def gist(words: Sequence[Token], facts: Facts) -> list[Said]:
    """Return what a sentence says, as far as its phrases tell.

    Parameters
    ----------
    words : sequence of Token
        As `grammar.phrases` returns them.
    facts : Facts
        What features, labels and categories there are.
    """
    return _Reader(words, facts).said()


class _Reader:
    """Puts phrases together by nearness: each predicate with the features last mentioned, or else with the next ones."""

    def __init__(self, words: Sequence[Token], facts: Facts) -> None:
        self._words, self._facts = list(words), facts
        self._topic: tuple[str, ...] = ()
        self._valued: set[str] = set()  # features whose value was given
        self._waiting: list[Said] = []  # said before the feature is named
        self._every = False  # whether it is that of every feature
        self._listed: int | None = None  # the direction of all features that follow: *two features speak for it: …*
        self._found: list[Said] = []

    def said(self) -> list[Said]:
        """Return everything, in order."""
        for at, word in enumerate(self._words):
            take = getattr(self, f"_at_{word.kind}", None)
            if take is not None:
                take(at, word.value)
        if self._listed is not None and self._every and not self._topic:
            self._found += [Said("direction", feature, self._listed) for feature in self._facts.entries]
        return self._found

    # -- features ----------------------------------------------------------------------------------------------------

    def _at_subj(self, at: int, subject: Subject) -> None:
        last = max((n for n in range(at) if self._words[n].kind == "subj"), default=at)
        between = [word.kind for word in self._words[last + 1 : at]]
        goes_on = "and" in between and set(between) <= {"open", "label", "close", "and", "comma"}  # *A (Yes) and B*
        self._topic = tuple(dict.fromkeys([*(self._topic if goes_on else ()), *subject.features]))
        numbers = [(f, n) for f, n in subject.numbers if n.bound in GIVEN and (n.step != IN_WORDS or n.unit)]
        self._valued = {feature for feature, _ in (*numbers, *subject.categories)}
        for feature, number in numbers:
            self._found += amount_of(feature, number) if subject.sized else numbered(feature, number, self._facts)
        for feature, number in subject.contributions:
            self._found += amount_of(feature, number)
        for feature, category in subject.categories:
            if not self._denied(at) and (self._of_row or self._words[at].text.lower().startswith(feature.lower())):
                self._found.append(Said("value", feature, category))
        if self._listed is not None and "do" not in [word.kind for word in self._words[at + 1 : at + 2]]:
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

    @cached_property
    def _of_row(self) -> bool:
        """Whether the sentence says something of this row, and not of groups of rows alone."""
        kinds = {word.kind for word in self._words}
        return bool(kinds & OF_ROW) or not kinds & {"group", "rows", "label", "those"}

    # -- values ------------------------------------------------------------------------------------------------------

    def _at_num(self, at: int, number: Number) -> None:
        """Take *at 5* or *its value of 5* as the value of the one feature that is spoken of."""
        before = [word.kind for word in self._words[max(0, at - 2) : at]]
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        if number.percent and not self._topic:
            self._chance(at, number)
        link = self._words[at - 1].text if at else ""
        given = link in {"at", "of", "with a", "with", "(", ":", ","} and number.bound in GIVEN
        plain = before[:1] != ["statq"] and not set(before) & {"contrib", "group", "rows", "prob", "label", "statq"}
        if not (given and plain) or number.percent or set(after) & {"z", "num", "neighbours", "drivers"}:
            return
        if self._topic and link in {"at", "of", "with a"}:
            self._value(number)
        elif self._topic:
            said = numbered(self._topic[-1], number, self._facts)
            self._found += said if said[0].kind == "amount" else []
        elif self._ahead(at):
            self._waiting.append(Said("value", "", number))

    def _chance(self, at: int, number: Number) -> None:
        """Take *Chinstrap (97.5 percent)* as a probability where the sentence speaks of nothing else."""
        labels = [word.value for word in self._words[:at] if word.kind == "label"]
        kinds = {word.kind for word in self._words}
        answering = kinds & {"predict", "prob", "result", "likely", "sure", "model"} or self._words[0].kind == "label"
        if labels and answering and number.bound in GIVEN and not kinds & OF_ROWS:
            self._found.append(Said("probability", "", number, labels[-1]))

    def _at_category(self, at: int, value: tuple[tuple[str, ...], str]) -> None:
        owners, category = value
        if not self._denied(at) and set(owners) & set(self._topic):
            self._value(category)

    def _at_label(self, at: int, label: str) -> None:
        """Take *it is Yes* and *(Yes)* as the value of a feature that has such a category; *Yes fits best* as the answer."""
        after = self._words[at + 1 : at + 4]
        best = any(word.kind == "likely" and word.value == 0 for word in after) or any(w.text in BEST for w in after)
        before = [word.kind for word in self._words[:at] if word.kind not in {"so", "comma", "row1"}]
        if (after[:1] and after[0].kind == "be" and best) or before == ["be"] or len(self._words) == 1:
            self._found.append(Said("label", "", label, of="not" if self._denied(at + 2) else ""))
        own = self._facts.categories.get(self._topic[-1], []) if self._topic else []
        if label in own and not self._denied(at - 1):
            self._said_to_be(at, label)

    def _at_unknown(self, at: int, _: Any) -> None:
        if self._words[at].text in MISSING:
            self._said_to_be(at, "missing")

    def _said_to_be(self, at: int, what: str) -> None:
        """Take a word after *is* as the value of the one feature spoken of, and one in brackets as that of the last."""
        before = self._words[at - 1].kind if at else ""
        if before == "open" and self._topic:
            self._found.append(Said("value", self._topic[-1], what))
        elif before == "be":
            self._value(what)

    def _value(self, what: Any) -> None:
        if len(self._topic) == 1 and self._topic[0] not in self._valued:
            self._valued.add(self._topic[0])
            number = isinstance(what, Number)
            self._found += (
                numbered(self._topic[0], what, self._facts) if number else [Said("value", self._topic[0], what)]
            )

    # -- contributions -----------------------------------------------------------------------------------------------

    def _at_rankp(self, at: int, value: tuple[int, str]) -> None:
        rank, side = value
        sided = side != "any" and not (side == "for" and "reason" in self._words[at].text)
        if rank >= 0 and not self._denied(at):
            self._ranked(at, rank, side if sided else "")

    def _at_ord(self, at: int, rank: int) -> None:
        before = self._words[at - 1].kind if at else ""
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        alone = before in {"be", "subj", "contributes", "rank"} and after[:1] in NOT_OF_PLACES
        if after == ["sup"] or (alone and self._topic and not self._denied(at)):
            self._ranked(at, rank, "")

    def _at_moves(self, at: int, _: Any) -> None:
        """Take *age leads with 5* as its rank."""
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        if self._topic and self._words[at].text in {"leads", "led", "lead"} and after[:1] in NOT_OF_PLACES:
            self._ranked(at, 0, "")

    def _at_sup(self, at: int, rank: int) -> None:
        """Take *the three strongest features are …* as their ranks."""
        among = "for" in [word.kind for word in self._words[max(0, at - 3) : at]]
        several = [word.kind for word in self._words[at + 1 : at + 2]] == ["drivers"] and not among
        if rank == 0 and at and self._words[at - 1].kind in {"contributes", "moves"}:  # *what weighs most is age*
            self._ranked(at, 0, "")
        if several and rank == 0 and self._ahead(at + 1) and not self._denied(at):
            self._waiting.append(Said("rank", "", 0, "", EACH))

    def _ranked(self, at: int, rank: int, side: str) -> None:
        side = self._side(at) or side
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
        if before[-1:] == ["model"]:  # *the model leans towards it*
            label = self._target(at)
            self._found += [] if label is None else [Said("label", "", label)]
            return
        if {"drivers", "driver", "quantity"} & set(before) and not self._topic:
            self._listed = sign
            self._every = any(w.kind == "quantity" and w.value.value == 100 for w in self._words[:at])
        elif self._topic and not (before[-1:] == ["rankp"] and self._ahead(at + 1)):
            self._found += [Said("direction", feature, sign) for feature in self._topic]
        else:
            self._waiting.append(Said("direction", "", sign))
        taken = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None  # *takes 0.6 off it*
        number = taken or self._after(at, {"num"}, {"label", "plabel", "result", "comma", "of", "for", "by", "open"})
        if isinstance(number, Number) and not number.percent and len(self._topic) == 1:
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
        compared = [word.kind for word in self._words[at + 2 : at + 3]] in (["as"], ["multiple"])
        if isinstance(number, Number) and pushed is not None and len(self._topic) == 1 and not compared:
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
            self._found += amount_of(self._topic[0], number)

    # -- where values lie --------------------------------------------------------------------------------------------

    def _at_rel(self, at: int, relation: str) -> None:
        if relation not in {"above", "below", "equal", "same"} or self._denied(at):
            return
        relation = "equal" if relation == "same" else relation
        every = False
        for n, word in enumerate(self._words[at + 1 : at + 7], start=at + 1):
            every |= word.kind == "quantity" and word.value.value == 100
            if word.kind == "statq" and word.value.name in STATISTICS:
                self._placed(n, relation, word.value)
                return
            if every and word.kind in {"group", "label", "rows"} and relation != "equal":
                self._lying(relation, {"above": "max", "below": "min"}[relation], self._group_at(n))
                return
            if word.kind == "num":
                groups = [at for at in range(n + 1, min(n + 4, len(self._words))) if self._words[at].kind == "group"]
                over = reached(relation, word.value) if word.value.percent or groups else "number"
                self._lying(relation, over, self._group_at(groups[0]) if groups else "")
                return
            if word.kind not in {"of", "for", "be", "quantity", "which", "value", "unknown", "num"}:
                return
        if every and relation != "equal":  # *longer than any*
            self._lying(relation, {"above": "max", "below": "min"}[relation], "")

    def _at_factor(self, at: int, factor: Number) -> None:
        """Take *three times the mean* as above it, and *half the mean* as below."""
        for n, word in enumerate(self._words[at + 1 : at + 4], start=at + 1):
            if word.kind == "statq" and word.value.name in STATISTICS and factor.value != 1:
                self._placed(n, "above" if factor.value > 1 else "below", word.value)
                return
            if word.kind not in {"of", "be"}:
                return

    def _at_quantity(self, at: int, share: Number) -> None:
        """Take *less than half the mean* as below it."""
        if share.percent and 0 < share.value < 100 and [w.kind for w in self._words[at + 1 : at + 2]] == ["statq"]:
            self._placed(at + 1, "below", self._words[at + 1].value)

    def _at_zscore(self, at: int, _: Any) -> None:
        number = self._after(at, {"num"}, {"of", "be"})
        if isinstance(number, Number) and number.value:
            after = self._words[at + 1 : at + 6]
            groups = [w.value for w in after if w.kind == "label"]
            self._lying("above" if number.value > 0 else "below", "mean", groups[0] if groups else "")

    def _at_cmp(self, at: int, relation: str) -> None:
        """Take *hardly any row has a lower one* as where the row's own value lies."""
        before = self._words[max(0, at - 6) : at]
        shares = [w.value for w in before if w.kind in {"num", "quantity"} and getattr(w.value, "percent", False)]
        groups = [n for n in range(max(0, at - 6), at) if self._words[n].kind in {"group", "rows"}]
        if shares and groups and relation in {"above", "below"}:
            other = {"above": "below", "below": "above"}[relation]
            feature = next((w.value for w in self._words[at + 1 : at + 4] if w.kind == "subj"), None)
            self._topic = feature.features if feature is not None else self._topic
            self._lying(other if shares[-1].value >= 50 else relation, "rows", self._group_at(groups[-1]))

    def _group_at(self, at: int) -> str:
        word = self._words[at]
        return str(word.value[0] or "") if word.kind == "group" else str(word.value) if word.kind == "label" else ""

    def _lying(self, relation: str, over: str, group: str) -> None:
        self._found += [Said("order", feature, relation, over, group) for feature in self._topic]

    def _placed(self, at: int, relation: str, statistic: Statistic) -> None:
        """Say where values lie; not where the rows that are meant are not understood: *the mean of the leavers*."""
        following = [word.kind for word in self._words[at + 1 : at + 3]]
        if not statistic.labels and following in (["of", "unknown"], ["for", "unknown"]):
            return
        groups = statistic.labels or ("",)
        for feature in self._topic:
            self._found += [Said("order", feature, relation, statistic.name, group or "") for group in groups]

    # -- the answer --------------------------------------------------------------------------------------------------

    def _at_predict(self, at: int, _: Any) -> None:
        label = self._after(at, {"label", "plabel"}, {"of", "for", "be", "comma", "open", "row1", "not"})
        if label is not None:
            denied = self._denied(at) or "not" in [word.kind for word in self._words[at + 1 : at + 3]]
            self._found.append(Said("label", "", label, of="not" if denied else ""))

    def _at_likely(self, at: int, place: int) -> None:
        label = self._after(at, {"label", "plabel"}, {"of", "for", "be", "comma"})
        if place == 0 and label is not None:
            self._found.append(Said("label", "", label))

    def _at_result(self, at: int, _: Any) -> None:
        if any(word in self._words[at].text for word in ("odds", "score", "margin", "scale")):
            return
        if at and self._words[at - 1].kind == "label":  # *the Yes verdict*
            self._found.append(Said("label", "", self._words[at - 1].value))
        pushed = any(word.kind in {"effect", "raises", "moves"} for word in self._words[max(0, at - 2) : at])
        if not pushed or [word.kind for word in self._words[at + 1 : at + 2]] == ["of"]:
            self._at_predict(at, None)

    def _at_prob(self, at: int, _: Any) -> None:
        label = self._after(at, {"label", "plabel"}, {"of", "for", "be", "row1", "value"})
        number = self._after(
            at, {"num"}, {"of", "for", "be", "label", "plabel", "comma", "open", "row1", "value", "deg"}
        )
        before = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None
        given = before or number
        if isinstance(given, Number) and given.bound in GIVEN:
            self._found.append(Said("probability", "", given, label or self._facts.evidence.label))

    def _at_sure(self, at: int, _: Any) -> None:
        """Take *98.3% confident* as the probability of the answer."""
        before = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None
        if isinstance(before, Number) and before.percent:
            self._found.append(Said("probability", "", before, self._facts.evidence.label))

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
