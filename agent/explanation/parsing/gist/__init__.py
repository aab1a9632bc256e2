"""The gist of a sentence: its phrases put together by nearness, where it is not understood as a whole.

Every predicate is about the features last mentioned, or else about the next ones. Words that nobody knows are passed
over. Knows phrases; knows nothing of what is true.
"""

from collections.abc import Sequence

from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.gist.answers import Answers
from agent.explanation.parsing.gist.features import Features
from agent.explanation.parsing.gist.places import Places
from agent.explanation.parsing.gist.pushes import Pushes
from agent.explanation.parsing.lexer import Token
from agent.explanation.parsing.said import Said

__all__ = ["gist"]


class _Gist(Features, Pushes, Places, Answers):
    """Reads a sentence from left to right; each kind of phrase has a method that takes it up."""

    def said(self) -> list[Said]:
        """Return everything, in order."""
        for at, word in enumerate(self._words):
            take = getattr(self, f"_at_{word.kind}", None)
            if take is not None:
                take(at, word.value)
        if self._listed is not None and self._every and not self._topic:
            self._found += [Said("direction", feature, self._listed) for feature in self._facts.entries]
        return self._found


def gist(words: Sequence[Token], facts: Facts) -> list[Said]:
    """Return what a sentence says, as far as its phrases tell.

    Parameters
    ----------
    words : sequence of Token
        As `grammar.phrases` returns them.
    facts : Facts
        What features, labels and categories there are.
    """
    return _Gist(words, facts).said()
