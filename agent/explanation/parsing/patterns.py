"""Patterns over kinds of tokens, and what they cover.

A pattern is written in kinds: ``"statq of? num"`` is a statistic, perhaps the word *of*, and a number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from agent.explanation.parsing.lexer import Token

__all__ = ["Match", "Pattern", "Words"]


# A pattern's kind that stands for several: *above* places a value, *more than* gives an amount, and both compare.
ALIKE = {"rel": {"rel", "amount"}, "place": {"rel"}, "pop": {"group", "label", "plabel"}, "name": {"label", "plabel"}}
# Kinds that may stand before any other word of a predicate, and say nothing there.
LIGHT = "(?:<be>|<makes>|<of>|<for>){0,3}?"


# Kinds that assert nothing by themselves; a token of any other kind that nobody asked for makes a phrase not understood.
SILENT = frozenset(
    [
        "be",
        "of",
        "for",
        "by",
        "to",
        "away",
        "makes",
        "comma",
        "which",
        "and",
        "or",
        "open",
        "close",
        "than",
        "as",
        "do",
        "value",
        "row1",
        "rows",
        "those",
        "labelled",
        "labels",
        "stat",
        "contrib",
        "contributes",
        "amounts",
        "rank",
        "driver",
        "drivers",
        "percent",
        "multiple",
        "percentile",
        "z",
        "zscore",
        "closer",
        "between",
        "absolute",
        "prob",
        "predict",
        "model",
        "result",
        "neighbours",
        "aslikely",
        "ascommon",
        "unanimous",
        "start",
        "leads",
        "base",
        "total",
        "leaves",
        "other",
        "followed",
        "takes",
        "onavg",
        "together",
        "same",
        "only",
        "range",
        "iqr",
        "moves",
        "respectively",
        "points",
        "alone",
    ]
)


@dataclass(frozen=True)
class Match:
    """The tokens that a pattern covers, and which of them somebody asked for."""

    tokens: Sequence[Token]
    effect_next: bool = False
    _read: set[int] = field(default_factory=set, compare=False)

    def all(self, *kinds: str) -> list[Token]:
        """Return the tokens of some kinds."""
        found = [n for n, token in enumerate(self.tokens) if token.kind in kinds]
        self._read.update(found)
        return [self.tokens[n] for n in found]

    def get(self, kind: str, at: int = 0) -> Any:
        """Return the value of the first token of a kind, or of a later one; None where there is none."""
        kinds = ALIKE.get(kind, {kind})
        found = [n for n, token in enumerate(self.tokens) if token.kind in kinds]
        self._read.update(found[at : at + 1])
        return self.tokens[found[at]].value if at < len(found) else None

    def has(self, kind: str) -> bool:
        """Tell whether there is a token of a kind."""
        return bool(self.all(*ALIKE.get(kind, {kind})))

    def ignored(self) -> list[str]:
        """Return the words that would be passed over: no silent ones, and nobody asked for them."""
        return [t.text for n, t in enumerate(self.tokens) if n not in self._read and t.kind not in SILENT]


class Words:
    """Tokens, with their kinds as one string that patterns are matched against."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = list(tokens)
        marks = [f"<{token.kind}>" for token in self.tokens]
        self.kinds = "".join(marks)
        self.starts = {at: n for n, at in enumerate(accumulate(map(len, marks), initial=0))}
        self.offsets = list(self.starts)


class Pattern:
    """A pattern over the kinds of tokens; in a loose one, light words may stand between any two.

    Examples
    --------
    >>> words = [Token("stat", "mean", "mean"), Token("of", None, "of"), Token("num", 3, "3")]
    >>> Pattern("stat (of | be)* num").at(Words(words), 0).get("num")
    3
    """

    def __init__(self, written: str, loose: bool = False) -> None:
        self._regex = re.compile(re.sub(r"[a-z]\w*", lambda word: _kinds(word[0], loose), written).replace(" ", ""))

    def at(self, words: Words, start: int) -> Match | None:
        """Return what the pattern covers from a token on."""
        found = self._regex.match(words.kinds, words.offsets[start])
        return Match(words.tokens[start : words.starts[found.end()]]) if found and found[0] else None

    def find(self, words: Words, start: int) -> tuple[int, Match] | None:
        """Return the first place from a token on that the pattern covers something at, and what."""
        for found in self._regex.finditer(words.kinds, words.offsets[start]):
            if found[0]:
                at = words.starts[found.start()]
                after = words.tokens[words.starts[found.end()] :][:1]
                return at, Match(words.tokens[at : words.starts[found.end()]], [t.kind for t in after] == ["effect"])
        return None


def _kinds(kind: str, loose: bool = False) -> str:
    names = "|".join(f"<{one}>" for one in sorted(ALIKE.get(kind, {kind})))
    return f"(?:{LIGHT}(?:{names}))" if loose and kind not in {"be", "makes", "of", "for"} else f"(?:{names})"
