"""The gist of features: which are spoken of, and what their values are said to be."""

from functools import cached_property
from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.gist.state import EACH, GIVEN, State
from agent.explanation.parsing.grammar import Subject
from agent.explanation.parsing.said import Said, amount_of, numbered

__all__ = ["Features"]

MISSING = {"missing", "unknown", "unrecorded"}
BEST = {"best", "correct", "right", "appropriate", "answer"}  # what an answer is said to be
IN_WORDS = 0.3  # the step of a number in words
OF_ROW = {"effect", "rankp", "contrib", "outweighs", "mostfor", "rel", "force", "result", "predict", "contributes"}
OF_ROWS = {"group", "rows", "statq", "neighbours", "those", "factor", "drivers", "more", "ascommon", "which"}


class Features(State):
    """Takes up features, numbers and categories."""

    def _at_subj(self, at: int, subject: Subject) -> None:
        named = not self._words[at].text.startswith(("is ", "was "))
        if not named and subject.categories and self._kind(at - 1) == "which" and self._topic:  # *it is married*
            self._value(subject.categories[0][1])
            return
        last = max((n for n in range(at) if self._words[n].kind == "subj"), default=at)
        between = [word.kind for word in self._words[last + 1 : at]]
        goes_on = "and" in between and set(between) <= {"open", "label", "close", "and", "comma"}  # *A (Yes) and B*
        self._topic = tuple(dict.fromkeys([*(self._topic if goes_on else ()), *subject.features]))
        spread = [word.kind for word in self._words[at + 1 : at + 2]] == ["z"]  # *is one standard deviation above*
        given = () if spread else subject.numbers
        numbers = [(f, n) for f, n in given if n.bound in GIVEN and (n.step != IN_WORDS or n.unit)]
        self._valued = {feature for feature, _ in (*numbers, *subject.categories)}
        for feature, number in numbers:
            self._found += amount_of(feature, number) if subject.sized else numbered(feature, number, self._facts)
        for feature, number in subject.contributions:
            value = number.signed and number.fits(self._facts.number(feature))  # *the balance (-5)*
            self._found += [Said("value", feature, number)] if value else amount_of(feature, number)
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

    def _at_num(self, at: int, number: Number) -> None:
        """Take *at 5* or *its value of 5* as the value of the one feature that is spoken of."""
        before = [word.kind for word in self._words[max(0, at - 2) : at]]
        after = [word.kind for word in self._words[at + 1 : at + 2]]
        if number.percent and not self._topic:
            self._chance(at, number)
        link = self._words[at - 1].text if at else ""
        given = link in {"at", "of", "with a", "with", "(", ":", ","} and number.bound in GIVEN
        plain = before[:1] != ["statq"] and not set(before) & {"contrib", "group", "rows", "prob", "label", "statq"}
        if self._added_to(at) and number.bound in GIVEN and not number.percent:
            self._value(number)
        if set(after) <= {"stop"} and before == ["which", "be"] and number.bound in GIVEN:  # *which is 7.7%*
            self._value(number)
        if not (given and plain) or number.percent or set(after) & {"z", "num", "neighbours", "drivers"}:
            return
        if self._topic and link in {"at", "of", "with a"}:
            self._value(number)
        elif self._topic:
            said = numbered(self._topic[-1], number, self._facts)
            self._found += said if said[0].kind == "amount" else []
        elif self._ahead(at):
            self._waiting.append(Said("value", "", number))

    def _added_to(self, at: int) -> bool:
        """Tell whether a number is said of a feature with a word behind its name: *the worst area error is 512.5*."""
        last = max((n for n in range(at) if self._words[n].kind == "subj"), default=at)
        between = [word.kind for word in self._words[last + 1 : at]]
        return (
            between[:1] == ["unknown"]
            and set(between[:-1]) == {"unknown"}
            and self._words[at - 1].text in {"is", ":", "="}
        )

    def _chance(self, at: int, number: Number) -> None:
        """Take *Chinstrap (97.5 percent)* as a probability where the sentence speaks of nothing else."""
        labels = [word.value for word in self._words[:at] if word.kind == "label"]
        kinds = {word.kind for word in self._words}
        answering = kinds & {"predict", "prob", "result", "likely", "sure", "model"} or self._words[0].kind == "label"
        if labels and answering and number.bound in GIVEN and not kinds & OF_ROWS:
            self._found.append(Said("probability", "", number, labels[-1]))

    def _at_category(self, at: int, value: tuple[tuple[str, ...], str]) -> None:
        owners, category = value
        if not self._denied(at) and (set(owners) & set(self._topic) or self._kind(at - 1) == "be"):
            self._value(category)

    def _at_label(self, at: int, label: str) -> None:
        """Take *it is Yes* and *(Yes)* as the value of a feature that has such a category; *Yes fits best* as the answer."""
        after = self._words[at + 1 : at + 4]
        if [word.kind for word in after[:2]] == ["be", "num"] and after[1].value.percent and not self._topic:
            self._found.append(Said("probability", "", after[1].value, label))
            return
        best = any(word.kind == "likely" and word.value == 0 for word in after) or any(
            w.text in BEST for w in self._words[at + 1 : at + 7]
        )
        before = [word.kind for word in self._words[:at] if word.kind not in {"so", "comma", "row1"}]
        if (after[:1] and after[0].kind == "be" and best) or before == ["be"] or len(self._words) == 1:
            self._found.append(Said("label", "", label, of="not" if self._denied(at + 2) else ""))
        own = self._facts.categories.get(self._topic[-1], []) if self._topic else []
        if label in own and not self._denied(at - 1):
            self._said_to_be(at, label)

    def _at_unknown(self, at: int, _: Any) -> None:
        word = self._words[at].text
        if word in MISSING:
            self._said_to_be(at, "missing")
        elif "_" in word and self._topic and self._topic[-1] in self._facts.categories:  # a category that is none
            self._said_to_be(at, word)

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
