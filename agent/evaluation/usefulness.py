"""Usefulness: how much a text tells, how easily it reads, how much it repeats, and what a reader learns from it.

All of it is computed from the plain text by fixed rules; what a small language model understands is in `reader.py`.
"""

import re
from collections.abc import Mapping, Sequence

from agent.evaluation.faithfulness import Truth
from agent.evaluation.plain import grams, words
from agent.evaluation.told import Named, Told

__all__ = ["completeness", "conciseness", "predicted_effects", "predicted_label", "readability", "repetition", "style"]

_VOWELS = re.compile(r"[aeiouy]+")
WINDOW = 50
_CONNECTIVES = re.compile(
    r"\b(?:because|since|so|therefore|thus|hence|although|though|while|whereas|but|however|yet|also|too|moreover|likewise"
    r"|in addition|on the other hand|by contrast|against that|in the same direction|next|finally|despite)\b",
    re.I,
)


def completeness(named: Sequence[Named], truth: Truth) -> float:
    """Return the share of all contributions, by size, of the features that are named with their right direction.

    Examples
    --------
    >>> completeness([Named("age", 0, 1), Named("dose", 1, 1)], Truth(("age", "dose"), {"age": 3.0, "dose": -1.0}))
    0.75
    """
    total = sum(abs(amount) for amount in truth.amounts.values())
    told = {one.feature for one in named if one.sign is not None and truth.has_sign(one.feature, one.sign)}
    return sum(abs(truth.amounts[feature]) for feature in told) / total if total else 0.0


def conciseness(named: Sequence[Named], truth: Truth, text: str) -> float:
    """Return how many true things are said of contributions (rank, direction, value) per hundred words.

    Examples
    --------
    >>> conciseness([Named("age", 0, 1, True)], Truth(("age",), {"age": 3.0}), "Age, 61, is the first reason for it.")
    37.5
    """
    said = sum(
        (one.feature in truth.amounts and truth.has_rank(one.feature, one.rank))
        + (one.sign is not None and truth.has_sign(one.feature, one.sign))
        + (one.value is True)
        for one in named
    )
    count = len(words(text))
    return 100 * said / count if count else 0.0


def readability(told: Told) -> float | None:
    """Return the Flesch reading ease (Flesch 1948), 206.835 - 1.015 words per sentence - 84.6 syllables per word.

    Syllables are groups of vowels, without a silent e at the end; numbers and single letters are left out. Names of
    columns count like other words, so that the measure compares texts about one table, not tables. None without a word.
    """
    sentences = [[w for w in words(s.text) if w.isalpha() and len(w) > 1] for s in told.sentences]
    spoken = [word for sentence in sentences for word in sentence]
    if not spoken:
        return None
    syllables = sum(_syllables(word) for word in spoken)
    return 206.835 - 1.015 * len(spoken) / max(1, sum(map(bool, sentences))) - 84.6 * syllables / len(spoken)


def repetition(texts: Sequence[str]) -> list[float]:
    """Return, for each text, the share of its runs of four words that stand in another one, numbers left blank.

    Examples
    --------
    >>> repetition(["the age is 5 years", "the age is 7 years", "nothing of the kind here"])
    [1.0, 1.0, 0.0]
    """
    counted = [grams([re.sub(r"[\d.,]+", "#", word) for word in words(text)]) for text in texts]
    seen: dict[tuple[str, ...], int] = {}
    for own in counted:
        for gram in own:
            seen[gram] = seen.get(gram, 0) + 1
    shares = []
    for own in counted:
        total = sum(own.values())
        shares.append(sum(count for gram, count in own.items() if seen[gram] > 1) / total if total else 0.0)
    return shares


def style(told: Told) -> dict[str, float]:
    """Return what a reader sees at once: length, sentences, variety of words and of openings, connectives.

    Returns
    -------
    dict
        ``words``; ``sentence_words``, the mean length of a sentence; ``variety``, the share of different words among 50
        in a row, averaged (MATTR, Covington and McFall 2010); ``openings``, the share of sentences whose first two
        words open no other; ``connectives``, per sentence.
    """
    spoken = words(told.text)
    sentences = [words(sentence.text) for sentence in told.sentences]
    size = min(WINDOW, len(spoken)) or 1
    windows = [spoken[at : at + size] for at in range(max(1, len(spoken) - size + 1))]
    starts = [tuple(sentence[:2]) for sentence in sentences if sentence]
    return {
        "words": float(len(spoken)),
        "sentence_words": len(spoken) / max(1, len(sentences)),
        "variety": sum(len(set(window)) / size for window in windows) / len(windows) if spoken else 0.0,
        "openings": sum(starts.count(start) == 1 for start in starts) / max(1, len(starts)),
        "connectives": sum(len(_CONNECTIVES.findall(s.text)) for s in told.sentences) / max(1, len(sentences)),
    }


def predicted_label(named: Sequence[Named], answer: str, labels: Sequence[str], base: int = 0) -> str | None:
    """Return the label that a reader who knows only the reasons would expect; None where they favour none: it guesses.

    The reader weighs each direction by its rank: 1 for the first, 1/2 for the second, and so on; a base that is said
    to speak for a label weighs as much as all of them together. What a text says the answer is, is not used.

    Examples
    --------
    >>> predicted_label([Named("age", 0, 1), Named("dose", 1, -1)], "ill", ["ill", "well"])
    'ill'
    >>> predicted_label([Named("age", 0, -1), Named("dose", 1, 1)], "ill", ["ill", "well"], base=1)
    'ill'
    """
    weights = [1 / (one.rank + 1) for one in named]
    balance = base * sum(weights) + sum((one.sign or 0) * w for one, w in zip(named, weights, strict=True))
    others = [label for label in labels if label != answer]
    if balance == 0:
        return None
    return answer if balance > 0 else others[0] if len(others) == 1 else None


def predicted_effects(named: Sequence[Named], effects: Mapping[str, float]) -> tuple[float, float]:
    """Return how many effects of a change a reader foresees, and of how many.

    The reader expects the answer's probability to fall where a feature that speaks for it takes its usual value, and to
    rise where one that speaks against it does. Where the text says nothing, the reader guesses: half a hit.

    Parameters
    ----------
    named : sequence of Named
    effects : mapping of str to float
        The change of the answer's probability when a feature takes its usual value; those of nothing are left out.

    Examples
    --------
    >>> predicted_effects([Named("age", 0, 1)], {"age": -0.2, "dose": 0.1})
    (1.5, 2.0)
    """
    signs = {one.feature: one.sign for one in named if one.sign is not None}
    moved = {feature: change for feature, change in effects.items() if change}
    hits = sum(signs[f] * change < 0 if f in signs else 0.5 for f, change in moved.items())
    return float(hits), float(len(moved))


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    return max(1, groups - (word.endswith("e") and not word.endswith("le") and groups > 1))
