"""The state of reading a sentence for its gist, and how phrases are looked for around a place."""

from collections.abc import Sequence
from typing import Any

from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.lexer import Token
from agent.explanation.parsing.said import Said

__all__ = ["EACH", "GIVEN", "State"]

LINKS = set("as be comma contrib effect for label makes of open row1 to value which".split())  # noqa: SIM905
GIVEN = {"is", "exactly", "about", "nearly", "just over"}  # how a number is said where it is no bound
EACH = "each"  # of ranks that count on from feature to feature


class State:
    """The phrases of a sentence, the features last mentioned, and what was found so far.

    Parameters
    ----------
    words : sequence of Token
        As `grammar.phrases` returns them.
    facts : Facts
        What features, labels and categories there are.
    """

    def __init__(self, words: Sequence[Token], facts: Facts) -> None:
        self._words, self._facts = list(words), facts
        self._topic: tuple[str, ...] = ()
        self._valued: set[str] = set()  # features whose value was given
        self._waiting: list[Said] = []  # said before the feature is named
        self._every = False  # whether it is that of every feature
        self._listed: int | None = None  # the direction of all features that follow: *two features speak for it: …*
        self._found: list[Said] = []

    def _after(self, at: int, kinds: set[str], between: set[str]) -> Any:
        for word in self._words[at + 1 :]:
            if word.kind in kinds:
                return word.value
            if word.kind not in between:
                return None
        return None

    def _denied(self, at: int) -> bool:
        before = [word.kind for word in self._words[: max(0, at)]]
        while before and before[-1] in {"unknown", "comma", "which"}:  # *does not, I think, speak for it*
            before.pop()
        return bool({"not", "neither"} & {*before[-1:], *(self._kind(at - 2),)})

    def _kind(self, at: int) -> str:
        return self._words[at].kind if 0 <= at < len(self._words) else ""

    def _ahead(self, at: int) -> bool:
        """Tell whether what is said is of the feature that comes next: *the main driver is age*."""
        before = [word.kind for word in self._words[:at]]
        linked = before[-1:] and before[-1] in {"be", "makes", "of", "as"} and "subj" in before
        following = [word.kind for word in self._words[at + 1 :]]
        while following and following[0] in LINKS:
            following.pop(0)
        return following[:1] == ["subj"] and not linked
