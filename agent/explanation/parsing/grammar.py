"""The reductions that make phrases of tokens: numbers, groups, statistics, subjects.

Small phrases come first (Abney 1996, *Partial parsing via finite-state cascades*).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.explanation.parsing.assertions import Number
from agent.explanation.parsing.lexer import Token
from agent.explanation.parsing.patterns import Match, Pattern, Words

__all__ = ["Statistic", "Subject", "phrases", "populations"]


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
    feature : str or None
        Whose statistic, where the phrase itself says so.
    numbers : tuple of Number
        As given one by one for several labels.
    """

    name: str
    labels: tuple[str, ...] = ()
    number: Number | None = None
    feature: str | None = None
    numbers: tuple[Number, ...] = ()


@dataclass(frozen=True)
class Subject:
    """Features that a sentence speaks of, with what it says their values are; `category` names one category."""

    features: tuple[str, ...]
    numbers: tuple[tuple[str, Number], ...] = ()
    contributions: tuple[tuple[str, Number], ...] = ()
    categories: tuple[tuple[str, str], ...] = ()
    sized: bool = False
    bare: bool = False


Make = Callable[[Match], Any]


def _bounded(match: Match) -> Number | None:
    number: Number = match.get("num")
    word = match.get("rel") or match.get("approx")
    fraction = number.bound == "about" and word not in {"equal", "same"}
    if number.bound == "about" and word in {"about", "is"}:
        return number
    return _bound(number, match) if number.bound == "is" or fraction else None


def _just(match: Match) -> Number | None:
    """Return a number after a word that only belittles it."""
    match.get("deg")
    return match.get("num") if match.tokens[0].text in {"just", "only just"} else None


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


SIDES = {1: "for", -1: "against"}


def _rank(match: Match) -> tuple[int, str] | None:
    place, number = match.get("ord"), match.get("num")
    if number is not None and (number.step < 1 or number.value < 1 or number.bound != "is" or number.percent):
        return None
    if match.get("sup") == -1 and (place is not None or match.get("sup", 1) is not None):
        return None
    plain = not match.has("contrib") and not match.has("driver") and not match.has("rank")
    if plain and match.get("sup") is not None and not match.effect_next:
        return None
    rank = match.get("sup") if place is None and number is None else place if number is None else int(number.value) - 1
    return (-1 if match.get("sup") == -1 else rank), SIDES.get(match.get("signed")) or match.get("driver") or "any"


def _one_in(match: Match) -> Number | None:
    part, whole = match.get("num"), match.get("num", 1)
    if match.tokens[1].text not in {"in", "out of"} or not 0 < part.value < whole.value:
        return None
    if part.value != 1 or part.bound != "is":
        return Number(value=100 * part.value / whole.value, step=1e-6, percent=True, bound=part.bound)
    return Number(value=100 / whole.value, step=1e-6, percent=True, bound="about")


def _percent(match: Match) -> Number:
    number: Number = match.get("num")
    return number.model_copy(update={"percent": True})


def _of_all(match: Match) -> Number | None:
    """Return a share of *all* rows without the word."""
    return match.get("num") if match.get("quantity").value == 100 and match.get("num").percent else None


def _quantity(match: Match) -> Number:
    value, bound = match.get("quant")
    return Number(value=value, step=1e-6, percent=True, bound=bound)


def populations(match: Match) -> tuple[str, ...]:
    """Return whose rows the groups and labels of a phrase are; an empty name for all rows."""
    kinds = {"label", "plabel", "group", "overall"}
    values = [token.value for token in match.all(*kinds)]
    return tuple(name or "" for value in values for name in (value if isinstance(value, tuple) else (value,)))


def _statistic(match: Match) -> Statistic | None:
    every = match.get("quantity")
    if every is not None and every.value != 100:
        return None
    return Statistic(match.get("stat"), populations(match), match.get("num"), match.get("feature"))


def _with_number(match: Match) -> Statistic | None:
    found: Statistic = match.get("statq")
    if found.number is not None or found.numbers or match.get("num").percent:
        return None
    if any(token.text in {"to", "from"} for token in match.tokens):
        return None
    return replace(found, number=match.get("num"))


def _with_numbers(match: Match) -> Statistic | None:
    """Return a statistic with one number for each of its labels."""
    found: Statistic = match.get("statq")
    numbers = tuple(token.value for token in match.all("num"))
    if found.number is not None or len(numbers) != len(found.labels):
        return None
    return replace(found, numbers=numbers)


def _scoped(match: Match) -> Statistic | None:
    """Return a statistic with the rows that are named after its number."""
    found: Statistic = match.get("statq")
    return None if found.labels else replace(found, labels=populations(match))


def _extreme(match: Match) -> str | None:
    """Return the statistic that *the largest among the rows* speaks of."""
    if match.has("extreme"):
        return str(match.get("extreme"))
    word = match.tokens[0].text
    return {0: "max", -1: "min"}[match.get("sup")] if word in _SIZES else None


_SIZES = {"largest", "biggest", "highest", "greatest", "smallest", "lowest", "top", "the largest", "the highest", "the biggest", "the greatest"}  # fmt: skip


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
    if number.percent or any(token.text in {"to", "from"} for token in match.tokens):
        return None
    return Subject((feature,), ((feature, number),), bare=len(match.tokens) == 2)


def _times(match: Match) -> Number | None:
    if match.has("fraction"):
        value, _ = match.get("fraction")
        number = Number(value=value / 100, step=0.002 * value)
    else:
        number = match.get("num") or Number(value=match.get("times"), step=0.2 * match.get("times"))
    if number.bound != "is" or not (match.has("rel") or match.has("approx")):
        return number
    return _bound(number, match)


def _group(match: Match) -> tuple[str, ...] | None:
    if match.has("quantity") and match.get("quantity").value != 100:
        return None
    return populations(match) or ("",)


def _labels(match: Match) -> tuple[str, ...] | None:
    every = match.get("quantity")
    return ("*",) if every is None or every.value == 100 else None


class Push(int):
    """A direction, +1 or -1, and how strongly."""

    force: str | None = None


def _moved(match: Match) -> Push | None:
    """Return the direction of *pushes … towards* or *away from*."""
    last = match.tokens[-1]
    match.all("to", "away", "up")
    sign = match.get("up") or {"to": 1, "away": -1}.get(last.kind) or {"to": 1, "for": 1, "from": -1}.get(last.text)
    if sign is None:
        return None
    push = Push(sign)
    push.force = match.get("force") or {"well": "strong", "slightly": "weak"}.get(match.get("deg"))
    return push


def _same_labels(match: Match) -> str | None:
    return match.get("label") if match.get("label") == match.get("label", 1) else None


def _sized(match: Match) -> Subject:
    """Return a feature whose contribution is spoken of."""
    feature = match.get("feature")
    number = match.get("num")
    return Subject((feature,), contributions=() if number is None else ((feature, number),), sized=True)


def _both_sized(match: Match) -> Subject:
    return Subject((match.get("feature"), match.get("feature", 1)), sized=True)


def _and_of(match: Match) -> Statistic | None:
    """Return a statistic of the rows of one label more, each with its number."""
    found: Statistic = match.get("statq")
    more = populations(match)
    numbers = found.numbers or ((found.number,) if found.number is not None else ())
    if len(more) != 1 or len(found.labels) != len(numbers):
        return None
    return replace(found, labels=(*found.labels, *more), number=None, numbers=(*numbers, match.get("num")))


def _same_label(match: Match) -> str | None:
    return match.get("label") if match.get("label") == match.get("plabel") else None


def _first(kind: str) -> Make:
    return lambda match: match.get(kind)


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
    ("label", "plabel (comma | be | of | open)? label (?! (rows | stat))", _same_label),
    ("factor", "(deg? rel | deg? amount | approx)? (times | num multiple | fraction (?= of? (overall | label | group)? stat))", _times),
    ("num", "fraction", _fraction),
    ("num", "num percent", _percent),
    ("num", "num for num (?! (similar | neighbours))", _one_in),
    ("num", "(deg? amount | approx) num", _bounded),
    ("num", "deg num", _just),
    ("num", "deg? rel num (?! (of | for) (rows | those | overall | label | plabel | quantity | quant | labelled | group)|rows|z|rel)", _bounded),
    ("quantity", "approx? quant", _quantity),
    ("num", "num (of | for) quantity (?= overall? (rows | name | labels))", _of_all),
    ("rankp", "(ord | sup)? sup signed? (contrib | driver) | (ord | sup) signed (contrib | driver) | ord sup signed? (contrib | driver)?", _rank),
    ("rankp", "(ord | sup)? sup (?= effect)", _rank),
    ("rankp", "(rank | of rank) (be | of)? (ord | num | sup) | ord (of | for)? rank | ord (contrib | driver)", _rank),
    ("group", "overall? overall? (rows | those) labelled name", _group),
    ("group", "overall? name (rows | those) (?! labelled)", _group),
    ("group", "name overall rows | (rows | those) (of | for) name", _group),
    ("group", "quantity of? labels", _labels),
    ("group", "quantity (of | for)? (label | group) (and | or) (of | for)? (label | group)", _group),
    ("group", "overall? rows (?! labelled)", _group),
    ("stat", "(sup | extreme) (?= (value | of | for)* (overall | quantity)? (group | name))", _extreme),
    ("statq", "stat (group | name) feature (?! (be | open)? num)", _statistic),
    ("statq", "(overall | group | name) stat (of feature)?", _statistic),
    ("statq", "stat value? (of? feature)? (of | be | open)? num close? (of | for)+ (overall | quantity)? (group | name)", _statistic),
    ("statq", "stat value? (of? feature)? (of | for)+ (overall | quantity)? (group | name) and (of | for)* (group | name) (?! (contrib | stat | be label))", _statistic),
    ("statq", "stat value? (of? feature)? (of | for)* (overall | quantity)? (group | name | overall)", _statistic),
    ("statq", "stat of? feature", _statistic),
    ("statq", "stat", _statistic),
    ("statq", "statq (be | of | comma | open)* num and num close? respectively?", _with_numbers),
    ("statq", "statq (of be? | be of? | open | comma of?)? num close?(?! (of | for)* (group | name) (have | makes | be | place)|z|percentile|prob|(of | for) (group | name)|deg? rel (stat | group | name | overall)|cmp)", _with_number),
    ("statq", "statq (of | for)+ (overall | quantity)? (group | name)", _scoped),
    ("statq", "statq (and | comma | comma and) (of | for)? (group | name) (open num close | of num)", _and_of),
    ("effect", "moves result? (of | for)? result? (force | deg)? (to | away | up) (?! rank) | moves result? (force | deg)? (of | for)", _moved),
    ("effect", "to", lambda _: Push(1)),
    ("effect", "away", lambda m: Push(-1) if m.tokens[0].text != "away" else None),
    ("effect", "raises (result | prob)+ (of | for)?", _first("raises")),
    ("effect", "(makes | be)? signed (contrib | driver) (of | for)?", _first("signed")),
    ("effect", "contributes signed (of | for)? | signed (effect | contributes) (of | for)?", _first("signed")),
    ("feature", "feature driver", _first("feature")),
    ("label", "label comma label comma?", _same_labels),
    ("subj", "contrib (of | for) feature (and | comma) feature", _both_sized),
    ("subj", "contrib (of | for) feature (of result)? ((be | of | comma | open)? num close?)?", _sized),
    ("subj", "feature of num (?! of group| of label|z|percentile|prob|contrib|of contrib|of absolute)", _subject),
    ("subj", "value? of num (of | for) feature", _subject),
    ("subj", "feature open num close | feature comma? which be num comma?", _subject),
    ("subj", "feature (value | of | be | comma)? (value | of | be)? (value | of | be)? num (?! of group| of label|z|percentile|prob|contrib|of contrib|of absolute|deg? rel statq)", _subject),
    ("subj", "of value? of? num comma? feature | num feature", _subject),
    ("subj", "category feature", _subject),
    ("subj", "feature open? (value | of | be | comma)? (of | be)? category close?", _subject),
    ("subj", "be category | category", _subject),
    ("subj", "(of | value)? feature value?", _subject),
    ("subj", "value of subj", _first("subj")),
    ("subj", "subj (comma | and | comma and | or) subj", _both),
    ("label", "plabel (?! (be | of | comma | open | makes)* label)", _first("plabel")),
]  # fmt: skip
_COMPILED = [(kind, Pattern(written), make) for kind, written, make in _RULES]


def _made(make: Make, match: Match) -> Any:
    """Return what a phrase stands for; None where a rule does not apply, or passes over a word."""
    try:
        value = make(match)
    except (ArithmeticError, ValueError):
        return None
    return None if match.ignored() else value


def phrases(tokens: Sequence[Token]) -> Words:
    """Return the tokens with phrases in the place of the words that make them up."""
    words = Words(tokens)
    for kind, pattern, make in _COMPILED:
        at = 0
        while (found := pattern.find(words, at)) is not None:
            at, match = found
            value = _made(make, match)
            if value is None:
                at += 1
                continue
            text = " ".join(token.text for token in match.tokens)
            tokens = [*words.tokens[:at], Token(kind, value, text), *words.tokens[at + len(match.tokens) :]]
            words, at = Words(tokens), at + (len(match.tokens) == 1)
    return words
