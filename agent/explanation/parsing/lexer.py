"""From a sentence to tokens: names of the row's features, labels and categories, numbers, and the words of the lexicon."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agent.explanation.parsing.assertions import Number, short_unit
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.lexicon import LEXICON, NUMBER_WORDS, ORDINALS
from tools.observation import show_name

__all__ = ["Token", "names_of", "tokens"]

UNKNOWN = "unknown"
SHORT = 2  # letters of a name that counts in its own case only
WORD_STEP = 0.3  # a number in words is a round one, but not that round: 1.9 standard deviations are two, 1.6 are not
_MARKS = re.compile(r"\[(?:[a-z]+\d+|decision)\]")
_OPENER = re.compile(r"^(?:in the same direction|likewise), ", re.I)  # of an earlier sentence
_NUMBER = re.compile(
    r"(?P<sign>[+−-])?(?P<digits>\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,18})?|\d{0,18}\.?\d{1,300})(?P<power>e[+-]?\d{1,2})?(?P<percent> ?%| per ?cent)?(?P<place>st|nd|rd|th)?(?![\w])",
    re.I,
)
_WORD = re.compile(r"[^\W\d_][\w'’]*|\w+|\S")
_UNITS = "mm|cm|km|g|kg|mg|µm|years?|millimet(?:re|er)s?|grams?|kilograms?"
_SUFFIX = re.compile(r"[_ ](mm|cm|km|g|kg|mg|m|s|pct|usd)$")
BEFORE_LABELS = {
    "effect",
    "predict",
    "labelled",
    "to",
    "away",
    "plabel",
}  # a bare number after one of these is a label where labels are numbers
_BEING = {"is", "are", "was", "were", "be", "being", "been", "comes"}
_HOW = {"length": "long|short", "depth": "deep|shallow", "width": "wide|narrow", "height": "tall|high"}
_LITTLE = {
    "of",
    "for",
    "by",
    "to",
    "away",
    "and",
    "or",
    "but",
    "so",
    "which",
    "whose",
    "not",
    "be",
    "do",
    "makes",
    "as",
    "than",
}
_CUT_SHORT = {
    "curr",
    "avg",
    "max",
    "min",
    "num",
    "dist",
    "temp",
    "pct",
    "hosp",
    "prev",
}  # in names; written out in texts
_HANDLE = re.compile(r"\bcategory (?:of )?\d+(?: of \d+)?\b")
_CODES = {"yes", "no", "true", "false"}  # labels that are everyday words too


@dataclass(frozen=True)
class Token:
    """One word, name or number of a sentence.

    Attributes
    ----------
    kind : str
        What the rules of the grammar see.
    value : object
        What it stands for.
    text : str
        How it is written.
    """

    kind: str
    value: Any
    text: str


def tokens(sentence: str, facts: Facts) -> list[Token]:
    """Cut a sentence into tokens; words that change nothing are left out, unknown ones have the kind ``unknown``."""
    text = _MARKS.sub("", sentence).strip().removesuffix(".").replace("’", "'").replace("−", "-")
    text = _OPENER.sub("", text)
    text = re.sub(r"(?<![\w%)])[–—](?=[\d.])", "-", text)
    codes = {label for label in facts.labels if label.isdigit()}
    if not codes:  # how prompts show what is no number: the 3 is no value
        text = _HANDLE.sub("category", text)
    names, unit, at = _names(facts, text), _unit(facts), 0
    found: list[Token] = []
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token, at = _next(text, at, names, unit)
        if token.kind == "num" and token.text in codes and _ambiguous(found):
            token = Token(UNKNOWN, None, token.text)
        if token.kind == "num" and token.text in codes and _before_label(found):
            token = Token("label", token.text, token.text)
        if token.kind == "plabel":
            token = Token("plabel", facts.evidence.label, token.text)
        if token.kind == "thatlabel":
            named = [one.value for one in found if one.kind in {"label", "plabel"}]
            token = Token("label", named[-1], token.text) if named else Token(UNKNOWN, None, token.text)
        if token.kind == "otherlabel":
            token = _other(token, found, facts)
        if token.kind != "filler":
            found.append(token)
    return found


def _ambiguous(found: Sequence[Token]) -> bool:
    """Tell whether a bare number after these tokens may be a label or not: *the mean of 0*."""
    kinds = [token.kind for token in found[-2:]]
    return len(kinds) == 2 and kinds[0] == "stat" and kinds[1] in {"of", "for"}


def _before_label(found: Sequence[Token]) -> bool:
    """Tell whether a bare number after these tokens is a label."""
    kinds = [token.kind for token in found[-2:]]
    if kinds and kinds[-1] in BEFORE_LABELS:
        return True
    return len(kinds) == 2 and kinds[-1] in {"of", "for"} and kinds[0] in {"prob", "rows", "those", "result", "moves"}


def _other(token: Token, before: Sequence[Token], facts: Facts) -> Token:
    """Return the label that *the other label* is, where there are two: not the one that was named last."""
    named = [one.value for one in before if one.kind in {"label", "plabel"}]
    rest = [label for label in facts.labels if label != (named[-1] if named else facts.evidence.label)]
    return Token("label", rest[0], token.text) if len(rest) == 1 else Token(UNKNOWN, None, token.text)


def _next(text: str, at: int, names: list[tuple[re.Pattern[str], Token]], units: re.Pattern[str]) -> tuple[Token, int]:
    """Return the longest token that begins here, and where it ends; a name goes before a word of the same length."""
    best, end = Token(UNKNOWN, None, ""), at
    for pattern, token in names:
        match = pattern.match(text, at)
        if match and match.end() > end:
            best, end = token, match.end()
    number = _NUMBER.match(text, at)
    if number and number.end() > end:
        best, end = _number(number)
        unit = units.match(text, end)
        if unit and isinstance(best.value, Number):
            best, end = _with_unit(best, unit[1]), unit.end()
    start = max(0, at - 1)  # some patterns look at the letter before
    known = _known(text[start:].lower(), at - start)
    if known is not None and at + len(known.text) > end:
        best, end = known, at + len(known.text)
    return _word(text, at, best, end)


@lru_cache(maxsize=20_000)
def _known(lower: str, at: int) -> Token | None:
    """Return the longest word of the lexicon that begins at a place; of equals the first."""
    found = [(match.end(), -n) for n, (_, _, pattern) in enumerate(LEXICON) if (match := pattern.match(lower, at))]
    if not found:
        return None
    end, n = max(found)
    kind, value, _ = LEXICON[-n]
    return Token(kind, value, lower[at:end])


def _word(text: str, at: int, best: Token, end: int) -> tuple[Token, int]:
    """Return a number in words, or an unknown word, where nothing longer begins here."""
    word = _WORD.match(text, at)
    assert word is not None  # noqa: S101 - it matches anything but white space
    said = word[0].lower()
    if word.end() < end or (word.end() == end and best.kind != UNKNOWN):
        return best, end
    if said in NUMBER_WORDS:
        return Token("num", Number(value=NUMBER_WORDS[said], step=WORD_STEP), said), word.end()
    if said in ORDINALS:
        return Token("ord", ORDINALS[said], said), word.end()
    return Token(UNKNOWN, None, word[0]), word.end()


def _unit(facts: Facts) -> re.Pattern[str]:
    """Return how units are written: the usual ones and those of the dictionary; a percentage is none."""
    own = {facts.evidence.unit(feature) for feature in facts.features} - {"", "%"}
    forms = [re.escape(unit) for unit in sorted(own, key=len, reverse=True)]
    return re.compile(rf"[ -]?({'|'.join([*forms, _UNITS])})(?!\w)")


def _with_unit(token: Token, written: str) -> Token:
    """Return a number with its unit, in the short form."""
    return Token(token.kind, token.value.model_copy(update={"unit": short_unit(written)}), token.text)


def _number(match: re.Match[str]) -> tuple[Token, int]:
    digits, power = match["digits"].replace(",", ""), match["power"] or ""
    sign = -1 if match["sign"] == "-" else 1
    places = len(digits.partition(".")[2])
    step = float(f"1e{-places}") * (10 ** int(power[1:]) if power else 1)
    if not places and len(digits) > 3:  # 1410 is 1407.6 to three digits
        step *= 10 ** (len(digits) - len(digits.rstrip("0")))
    value = Number(
        value=sign * float(digits + power), step=step, percent=bool(match["percent"]), signed=match["sign"] is not None
    )
    if match["place"] and not match["percent"] and value.value <= len(ORDINALS) / 2 and value.step == 1:
        return Token("ord", int(value.value) - 1, match[0]), match.end()
    return Token("num", value, match[0]), match.end()


def _names(facts: Facts, text: str) -> list[tuple[re.Pattern[str], Token]]:
    """Return the patterns of all names that the facts know, the way people write them."""
    return [*_names_of_labels(facts), *_names_of_categories(facts), *_names_of_features(facts, text)]


def _names_of_labels(facts: Facts) -> Iterable[tuple[re.Pattern[str], Token]]:
    for label in facts.labels:
        called = facts.evidence.called.labels.get(label, ())
        for pattern in (*_label_patterns(label), *map(_called, called)):
            yield pattern, Token("label", label, label)


def _names_of_categories(facts: Facts) -> Iterable[tuple[re.Pattern[str], Token]]:
    owners: dict[str, list[str]] = {}
    for feature, categories in facts.categories.items():
        for category in categories:
            owners.setdefault(category, []).append(feature)
    for feature, known in facts.evidence.called.features.items():  # of features that nothing else is known of
        for category in known.categories if feature not in facts.categories else ():
            if _known(category.lower(), 0) is None:
                owners.setdefault(category, []).append(feature)
    for category, features in owners.items():
        for pattern in _category_patterns(category):
            yield pattern, Token("category", (tuple(features), category), category)
    for (category, word), features in _words_of_categories(facts).items():
        yield _called(word), Token("category", (tuple(features), category), category)


def _names_of_features(facts: Facts, text: str) -> Iterable[tuple[re.Pattern[str], Token]]:
    for head, feature in _heads(facts.features, text).items():
        yield re.compile(rf"{re.escape(head)}s?(?!\w)", re.I), Token("feature", feature, feature)
    called = facts.evidence.called.features
    for feature in facts.features:
        words = called[feature].synonyms if feature in called else ()
        for pattern in (*map(_plain, names_of(feature)), *map(_called, words)):
            yield pattern, Token("feature", feature, feature)
        described = facts.evidence.described(feature)
        if described is not None:
            yield _plain(f"({facts.evidence.shown(described)})"), Token("filler", None, feature)


def _words_of_categories(facts: Facts) -> dict[tuple[str, str], list[str]]:
    """Return the features that have a category which people call so; what labels are called too are words for these."""
    taken = {word.lower() for words in facts.evidence.called.labels.values() for word in words}
    found: dict[tuple[str, str], list[str]] = {}
    for feature, words in facts.evidence.called.features.items():
        for category in facts.categories.get(feature, ()):
            for word in words.values.get(category, ()):
                if word.lower() not in taken:
                    found.setdefault((category, word), []).append(feature)
    return found


def _heads(names: Sequence[str], text: str) -> dict[str, str]:
    """Return what is measured, where a name says how, and the text says how too or it is measured one way only.

    Examples
    --------
    >>> _heads(["bill_length_mm", "bill_depth_mm", "flipper_length_mm"], "The bill is longer than the flippers.")
    {'bill': 'bill_length_mm', 'flipper': 'flipper_length_mm'}
    """
    parts = {name: _SUFFIX.sub("", re.sub(r"[_.-]+", " ", name)).split() for name in names}
    found: dict[str, list[str]] = {}
    for name, words in parts.items():
        if len(words) == 2 and words[1] in _HOW:
            found.setdefault(words[0], []).append(name)
    said = {how for how, words in _HOW.items() if re.search(rf"\b({words})", text, re.I)}
    chosen = {head: [n for n in known if len(known) == 1 or said == {parts[n][1]}] for head, known in found.items()}
    return {head: known[0] for head, known in chosen.items() if len(known) == 1}


def names_of(name: str) -> Iterable[str]:
    """Return a name as it is, as it is shown, and as people write it out.

    Examples
    --------
    >>> sorted(names_of("bill_length_mm"))[:2], sorted(names_of("MaritalStatus"))[1]
    (['bill length', 'bill length mm'], 'marital status')
    """
    spaced = re.sub(r"[_.-]+", " ", name)
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", spaced).lower()
    return {name, show_name(name), spaced, parted, _SUFFIX.sub("", spaced)}


@lru_cache(maxsize=4096)
def _plain(form: str) -> re.Pattern[str]:
    """Return how a name is written; a little word of every sentence, such as *from*, only in quotes or its own case."""
    little = {kind for kind, _, pattern in LEXICON if kind in _LITTLE and pattern.fullmatch(form.lower())}
    if little - {"be"} or form.lower() in _BEING:
        bare = "" if form.islower() else rf"|{re.escape(form)}(?!\w)"
        return re.compile(rf'["“\'`](?i:{re.escape(form)})["”\'`]{bare}')
    words = [re.escape(word) + (r"\w{0,4}" if word in _CUT_SHORT else "") for word in form.split(" ")]
    if len(words) > 1 and words[-1].endswith("s"):  # *the worst concave point*
        words[-1] += "?"
    return re.compile(rf'["“\'`]?{" (?:the )?".join(words)}["”\'`]?(?![\w])', re.I)


@lru_cache(maxsize=4096)
def _called(word: str) -> re.Pattern[str]:
    """Return how a word of the dictionary is written: one or several, and whose something is."""
    return re.compile(rf"(?:the |a |an )?{re.escape(word)}(?:s'|'s|s|es)?(?!\w)", re.I)


def _label_patterns(label: str) -> list[re.Pattern[str]]:
    """Return how a label is written: a code such as 0 or Yes needs quotes, its own case, or the word label before it."""
    form = re.escape(label)
    quoted = re.compile(rf'["“\'`]{form}["”\'`](?!\w)', re.I)
    named = re.compile(rf'(?:label|class|category)[ -]?(?:of )?["“\'`]?{form}["”\'`]?(?![\w.%]\w|\w|%)', re.I)
    if label.lower() in _CODES:
        return [
            quoted,
            named,
            re.compile(rf"{form}(?=[ .,;:)]|$)(?! (?:feature|training|other|row|doubt|more|less)\b)"),
        ]
    if re.fullmatch(r"\d+", label):
        return [quoted, named, re.compile(rf"{form}s(?!\w)")]
    if label.lower() in {"a", "i"}:
        return [quoted, named]
    exact = 0 if len(label) <= SHORT and not label.islower() else re.I  # *IN* is a label, *in* is not
    return [quoted, named, re.compile(rf"{form}(?:s'|'s|s)?(?!\w)", exact)]


def _category_patterns(category: str) -> list[re.Pattern[str]]:
    spaced = re.escape(re.sub(r"[_]+", " ", category))
    form = re.escape(category)
    patterns = [re.compile(rf'["“\'`]{form}["”\'`](?!\w)')]
    if category.lower() in _CODES:
        return [*patterns, re.compile(rf"(?<== ){form}(?!\w)")]
    exact = 0 if len(category) <= SHORT and not category.islower() else re.I  # *IN* is a state, *in* is not
    return [*patterns, re.compile(rf"(?:{form}|{spaced})(?!\w)", exact)]
