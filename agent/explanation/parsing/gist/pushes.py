"""The gist of contributions: ranks, directions and amounts."""

from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.gist.state import EACH, State
from agent.explanation.parsing.lexer import Token
from agent.explanation.parsing.said import Said, amount_of
from tools.errors import ToolError

__all__ = ["Pushes"]

NOT_OF_PLACES: tuple[list[str], ...] = ([], ["comma"], ["and"], ["makes"], ["of"], ["for"], ["but"], ["stop"], ["open"])


class Pushes(State):
    """Takes up what moves the answer, and how much."""

    def _at_rankp(self, at: int, value: tuple[int, str]) -> None:
        rank, side = value
        sided = side != "any" and not (side == "for" and "reason" in self._words[at].text)
        if rank >= 0 and not self._denied(at):
            self._ranked(at, rank, side if sided else "")

    def _at_ord(self, at: int, rank: int) -> None:
        before = self._words[at - 1].kind if at else ""
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        alone = before in {"be", "subj", "contributes", "rank"} and after[:1] in NOT_OF_PLACES
        listed = after == ["and"] and [w.kind for w in self._words[at + 2 : at + 3]] in (["rankp"], ["ord"])
        if after == ["sup"] or listed or (alone and self._topic and not self._denied(at)):
            self._ranked(at, rank, "")

    def _at_moves(self, at: int, _: Any) -> None:
        """Take *age leads with 5* as its rank."""
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        if self._topic and self._words[at].text in {"leads", "led", "lead"} and after[:1] in NOT_OF_PLACES:
            self._ranked(at, 0, "")

    def _at_sup(self, at: int, rank: int) -> None:
        """Take *the three strongest features are …* as their ranks."""
        if self._is_extreme(at):
            self._found += [Said("order", one, "equal", "max" if rank == 0 else "min") for one in self._topic[-1:]]
            return
        among = "for" in [word.kind for word in self._words[max(0, at - 3) : at]]
        several = [word.kind for word in self._words[at + 1 : at + 2]] == ["drivers"] and not among
        if rank == 0 and at and self._words[at - 1].kind in {"contributes", "moves"}:  # *what weighs most is age*
            if self._ahead(at) or not self._topic:
                self._waiting.append(Said("rank", "", 0, "", EACH))
            else:
                self._ranked(at, 0, "")
        if several and rank == 0 and self._ahead(at + 1) and not self._denied(at):
            self._waiting.append(Said("rank", "", 0, "", EACH))

    def _is_extreme(self, at: int) -> bool:
        """Tell whether a word such as *highest* is of values: *, which is the highest possible value*."""
        before = [word.kind for word in self._words[max(0, at - 2) : at]]
        after = [word.kind for word in self._words[at + 1 : at + 3] if word.kind != "unknown"]
        return before == ["which", "be"] and after[:1] in (["value"], ["result"]) and bool(self._topic)

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
            if pair[:1] == ["rankp"] or pair in (["ord", "sup"], ["ord", "and"]):
                found.append((n, self._words[n]))
        return found

    def _at_effect(self, at: int, sign: int) -> None:
        against_a_number = self._after(at, {"statq", "num"}, {"of"}) is not None  # *against a mean of 5*
        way = None if self._denied(at) or against_a_number else self._push(at, sign)
        if way is None:
            return
        before = [word.kind for word in self._words[max(0, at - 3) : at]]
        if before[-1:] == ["model"]:  # *the model leans towards it*
            label = self._target(at)
            self._found += [] if label is None else [Said("label", "", label)]
            return
        if {"drivers", "driver", "quantity"} & set(before) and not self._topic:
            self._listed = way
            self._every = any(w.kind == "quantity" and w.value.value == 100 for w in self._words[:at])
        elif self._topic and not (before[-1:] == ["rankp"] and self._ahead(at + 1)):
            self._found += [Said("direction", feature, way) for feature in self._topic]
        else:
            self._waiting.append(Said("direction", "", way))
        taken = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None  # *takes 0.6 off it*
        number = taken or self._after(at, {"num"}, {"label", "plabel", "result", "comma", "of", "for", "by", "open"})
        if isinstance(number, Number) and not number.percent and len(self._topic) == 1:
            self._found.append(Said("amount", self._topic[0], number))

    def _at_mostfor(self, at: int, sign: int) -> None:
        way = self._push(at, sign)
        if way is None:
            return
        made = [Said("direction", "", way), Said("rank", "", 0, "for" if way > 0 else "against")]
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
