"""Patterns over kinds of tokens, and the reductions that make phrases of them: numbers, groups, statistics, subjects.

Small phrases come first (Abney 1996, *Partial parsing via finite-state cascades*).

A pattern is written in kinds: ``"statq of? num"`` is a statistic, perhaps the word *of*, and a number.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.lexer import Token

__all__ = ["Match", "Pattern", "Statistic", "Subject", "phrases"]


# A pattern's kind that stands for several: *above* places a value, *more than* gives an amount, and both compare.
ALIKE = {"rel": {"rel", "amount"}, "place": {"rel"}}


@dataclass(frozen=True)
class Statistic:
    """A statistic of some rows, and the number the sentence gives for it.

    Attributes
    ----------
    name : str
        As in the results of `feature_stats`.
    labels : tuple of str
        Whose rows; an empty name for all rows, none where the sentence does not say.
    number : Number or None
        As given.
    """

    name: str
    labels: tuple[str, ...] = ()
    number: Number | None = None


@dataclass(frozen=True)
class Subject:
    """Features that a sentence speaks of, with what it says their values are; `category` names one category."""

    features: tuple[str, ...]
    numbers: tuple[tuple[str, Number], ...] = ()
    contributions: tuple[tuple[str, Number], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Match:
    """The tokens that a pattern covers."""

    tokens: Sequence[Token]

    def get(self, kind: str, at: int = 0) -> Any:
        """Return the value of the first token of a kind, or of a later one; None where there is none."""
        kinds = ALIKE.get(kind, {kind})
        found = [token.value for token in self.tokens if token.kind in kinds]
        return found[at] if at < len(found) else None

    def has(self, kind: str) -> bool:
        """Tell whether there is a token of a kind."""
        return any(token.kind in ALIKE.get(kind, {kind}) for token in self.tokens)


class Pattern:
    """A pattern over the kinds of tokens.

    Examples
    --------
    >>> words = [Token("stat", "mean", "mean"), Token("of", None, "of"), Token("num", 3, "3")]
    >>> Pattern("stat (of | be)* num").at(words, 0).get("num")
    3
    """

    def __init__(self, written: str) -> None:
        self._regex = re.compile(re.sub(r"[a-z]\w*", lambda word: _kinds(word[0]), written).replace(" ", ""))

    def at(self, tokens: Sequence[Token], start: int) -> Match | None:
        """Return what the pattern covers from a token on."""
        found = self._regex.match("".join(f"<{token.kind}>" for token in tokens[start:]))
        return Match(tokens[start : start + found[0].count("<")]) if found and found[0] else None


def _kinds(kind: str) -> str:
    return "(?:" + "|".join(f"<{one}>" for one in sorted(ALIKE.get(kind, {kind}))) + ")"


Make = Callable[[Match], Any]


def _bounded(match: Match) -> Number | None:
    number: Number = match.get("num")
    return _bound(number, match) if number.bound == "is" else None


def _bound(number: Number, match: Match) -> Number | None:
    """Return a number with the word that stands before it."""
    word = match.get("rel") or match.get("approx")
    slightly = match.get("deg") == "slightly"
    bounds = {
        "above": "just over" if slightly else "over",
        "below": "nearly" if slightly else "under",
        "equal": "about",
    }
    return number.model_copy(update={"bound": bounds.get(word, word)})


def _fraction(match: Match) -> Number:
    value, step = match.get("fraction")
    return Number(value=value, step=step, percent=True, bound="about")


def _out_of(match: Match) -> Number:
    part, whole = match.get("num"), match.get("num", 1)
    return Number(value=100 * part.value / whole.value, step=0.1, percent=True, bound="about")


def _rank(match: Match) -> tuple[int, str]:
    place, number = match.get("ord"), match.get("num")
    rank = match.get("sup") if place is None and number is None else place if number is None else int(number.value) - 1
    return (-1 if match.get("sup") == -1 else rank), match.get("side") or match.get("driver") or "any"


def _one_in(match: Match) -> Number | None:
    part, whole = match.get("num"), match.get("num", 1)
    if match.tokens[1].text not in {"in", "out of"} or not 0 < part.value < whole.value:
        return None
    return Number(value=100 * part.value / whole.value, step=1, percent=True, bound=part.bound)


def _percent(match: Match) -> Number:
    number: Number = match.get("num")
    return number.model_copy(update={"percent": True})


def _quantity(match: Match) -> Number:
    value, bound = match.get("quant")
    return Number(value=value, step=1e-6, percent=True, bound=bound)


def _statistic(match: Match) -> Statistic:
    labels = tuple(token.value for token in match.tokens if token.kind in {"label", "group", "overall"})
    flat = tuple(label or "" for value in labels for label in (value if isinstance(value, tuple) else (value,)))
    return Statistic(match.get("stat"), flat, match.get("num"))


def _with_number(match: Match) -> Statistic | None:
    found: Statistic = match.get("statq")
    if found.number is not None or match.get("num").percent:
        return None
    return Statistic(found.name, found.labels, match.get("num"))


def _subject(match: Match) -> Subject | None:
    category, number = match.get("category"), match.get("num")
    if category is not None:
        owners, name = category
        feature = str(match.get("feature") or (owners[0] if len(owners) == 1 else ""))
        return Subject((feature,), categories=((feature, name),)) if feature in owners else None
    feature = match.get("feature")
    if number is None:
        return Subject((feature,))
    if number.signed and (number.value > 0 or match.has("open")):
        return Subject((feature,), contributions=((feature, number),))
    return Subject((feature,), ((feature, number),)) if not number.percent else None


def _contributing(match: Match) -> Subject:
    feature = match.get("feature")
    return Subject((feature,), contributions=((feature, match.get("num")),))


def _times(match: Match) -> Number | None:
    if match.has("fraction"):
        value, _ = match.get("fraction")
        number = Number(value=value / 100, step=0.002 * value)
    else:
        number = match.get("num") or Number(value=match.get("times"), step=0.2 * match.get("times"))
    if number.bound != "is" or not (match.has("rel") or match.has("approx")):
        return number
    return _bound(number, match)


def _group(match: Match) -> tuple[str, ...]:
    return tuple(token.value for token in match.tokens if token.kind == "label") or ("",)


def _both(match: Match) -> Subject:
    one, other = match.get("subj"), match.get("subj", 1)
    return Subject(
        (*one.features, *other.features),
        (*one.numbers, *other.numbers),
        (*one.contributions, *other.contributions),
        (*one.categories, *other.categories),
    )


# What is covered by the pattern becomes one token of the kind; in this order, each as often as it is found.
_RULES: list[tuple[str, str, Make]] = [
    ("factor", "(deg? rel | approx)? (times | num multiple | fraction (?= of? (overall | label | group | stat)))", _times),
    ("num", "fraction", _fraction),
    ("num", "num percent", _percent),
    ("num", "num for num", _one_in),
    ("num", "(deg? amount | approx) num", _bounded),
    ("num", "deg? rel num (?! (of | for) (rows | overall | label | quantity | quant | labelled | group)|z)", _bounded),
    ("num", "num of num (?= neighbours)", _out_of),
    ("quantity", "quant", _quantity),
    ("rankp", "(ord | sup)? sup side? (contrib | driver) | (ord | sup) side (contrib | driver) | ord sup side? (contrib | driver)?", _rank),
    ("rankp", "(rank | of rank) (be | of)? (ord | num | sup) | ord (of | for)? rank | ord (contrib | driver)", _rank),
    ("group", "overall? overall? rows labelled label | overall? label rows | label overall rows | rows (of | for) label", _group),
    ("group", "overall? rows", _group),
    ("group", "quantity labels", lambda _: ("*",)),
    ("group", "quantity (label | group) (and | or) (label | group)", lambda m: tuple(x for t in m.tokens if t.kind in {"label", "group"} for x in ((t.value,) if isinstance(t.value, str) else t.value))),
    ("statq", "(overall | group | label) stat", _statistic),
    ("statq", "stat (of | be | open)? num close? (of | for)+ (overall | quantity)? (group | label)", _statistic),
    ("statq", "stat ((of | for)+ (overall | quantity)? (group | label | overall))", _statistic),
    ("statq", "stat", _statistic),
    ("statq", "statq (of | be | open | comma)? num close?(?! of group| of label|z|percentile|prob)", _with_number),
    ("feature", "feature driver", lambda m: m.get("feature")),
    ("subj", "contrib (of | for) feature (of result)? (be | of | comma)? num", _contributing),
    ("subj", "value? of num (of | for) feature", _subject),
    ("subj", "feature open num close | feature comma? which be num comma?", _subject),
    ("subj", "feature (value | of | be | comma)? (value | of | be)? (value | of | be)? num (?! of group| of label|z|percentile|prob|contrib|of contrib|of absolute)", _subject),
    ("subj", "of value? of? num comma? feature", _subject),
    ("subj", "feature open? (value | of | be | comma)? (of | be)? category close?", _subject),
    ("subj", "be category | category", _subject),
    ("subj", "feature value?", _subject),
    ("subj", "value of subj", lambda m: m.get("subj")),
    ("subj", "subj (comma | and | comma and | or) subj", _both),
]  # fmt: skip
_COMPILED = [(kind, Pattern(written), make) for kind, written, make in _RULES]


def phrases(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with phrases in the place of the words that make them up."""
    found = list(tokens)
    for kind, pattern, make in _COMPILED:
        at = 0
        while at < len(found):
            match = pattern.at(found, at)
            value = make(match) if match else None
            if match is None or value is None:
                at += 1
                continue
            text = " ".join(token.text for token in match.tokens)
            found[at : at + len(match.tokens)] = [Token(kind, value, text)]
            at += 0 if len(match.tokens) > 1 else 1
    return found
