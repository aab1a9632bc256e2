"""The gist of what is said of the answer: its label, and how probable labels are."""

from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.gist.state import GIVEN, State
from agent.explanation.parsing.said import Said
from agent.explanation.parsing.words.labels import chooses

__all__ = ["Answers"]


class Answers(State):
    """Takes up predictions and probabilities."""

    def _at_predict(self, at: int, _: Any) -> None:
        label = self._after(at, {"label", "plabel"}, {"of", "for", "be", "comma", "open", "row1", "not"})
        before = {word.kind for word in self._words[max(0, at - 4) : at]}
        believed = "num" in before and {"sure", "prob"} & before  # *is 78% sure that it is ill*
        unsettled = believed or self._open(label) or self._given_a_chance(label)
        if label is not None and chooses(self._words[at].text) and not unsettled:
            denied = self._denied(at) or "not" in [word.kind for word in self._words[at + 1 : at + 3]]
            self._found.append(Said("label", "", label, of="not" if denied else ""))

    def _given_a_chance(self, label: Any) -> bool:
        """Tell whether a label is only given a probability: *it says that ill is 78% and well is 22%*."""
        after = (self._words[n + 1 : n + 3] for n, word in enumerate(self._words) if word.value == label)
        return any([word.kind for word in two] == ["be", "num"] and two[1].value.percent for two in after)

    def _open(self, label: Any) -> bool:
        """Tell whether a label is one of several that are named as possible: *classify it as ill or well*."""
        named = [word for word in self._words if word.kind in {"label", "plabel", "or"}]
        return any(
            middle.kind == "or" and label in {first.value, last.value}
            for first, middle, last in zip(named, named[1:], named[2:], strict=False)
        )

    def _at_labelled(self, at: int, _: Any) -> None:
        """Take *the row is labelled ill* as the answer."""
        if self._kind(at - 1) == "row1":
            self._at_predict(at, None)

    def _at_amounts(self, at: int, _: Any) -> None:
        """Take *the row represents an ill one* as the answer."""
        if self._words[at].text.startswith("represent"):
            self._at_labelled(at, None)

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
        if self._kind(at - 1) == "label" and self._kind(at - 2) == "predict":  # *gives ill a probability of 78%*
            label = self._words[at - 1].value
        given = before or number
        if isinstance(given, Number) and given.bound in GIVEN:
            self._found.append(Said("probability", "", given, label or self._facts.evidence.label))

    def _at_base(self, at: int, _: Any) -> None:
        """Take *the base of 2.3 speaks for it* as what speaks before any feature does."""
        following = self._words[at + 1 : at + 5]
        effect = next((n for n, word in enumerate(following) if word.kind == "effect"), None)
        label = None if effect is None else self._after(at + 1 + effect, {"label", "plabel"}, {"of", "for"})
        if effect is not None and label is not None:
            same = (label == self._facts.evidence.label) == (following[effect].value > 0)
            self._found.append(Said("base", "", 1 if same else -1))

    def _at_sure(self, at: int, _: Any) -> None:
        """Take *98.3% confident* as the probability of the answer."""
        before = self._words[at - 1].value if at and self._words[at - 1].kind == "num" else None
        if isinstance(before, Number) and before.percent:
            label = self._after(at, {"label", "plabel"}, {"which", "row1", "predict", "of", "for", "that"})
            self._found.append(Said("probability", "", before, label or self._facts.evidence.label))
