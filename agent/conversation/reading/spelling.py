"""How people write questions in a hurry: shorthand and typos, read as what they stand for.

Only words that questions are made of are mended; what may be a name of the table is left as it is.
"""

import re
from collections.abc import Callable, Collection
from functools import lru_cache

from rapidfuzz.distance import OSA

__all__ = ["WORD", "mended", "near", "words", "written_out"]

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SHORT = {
    "abt": "about", "acc": "accuracy", "avg": "average", "betw": "between",
    "bout": "about", "btw": "between", "btwn": "between",
    "cud": "could",
    "cuz": "because", "dat": "that", "da": "the", "dem": "them", "diff": "difference", "dis": "this", "dont": "do not",
    "em": "them", "gimme": "give me", "gonna": "going to", "hw": "how", "lemme": "let me", "n": "and", "nr": "number",
    "pls": "please", "plz": "please", "ppl": "people", "pred": "prediction", "preds": "predictions",
    "prob": "probability",
    "probs": "probabilities", "r": "are", "shud": "should", "sth": "something", "thx": "thanks",
    "tho": "though", "u": "you",
    "ur": "your", "vs": "versus", "w": "with", "wanna": "want to", "wat": "what", "wats": "what is", "whats": "what is",
    "what's": "what is", "who's": "who is", "whos": "who is", "wich": "which", "wld": "would", "wot": "what",
    "wud": "would",
    "2gether": "together", "aint": "are not", "b4": "before", "gud": "good", "evry1": "everyone", "every1": "everyone",
    "irl": "really", "rly": "really", "rlly": "really", "2day": "today", "2moro": "tomorrow", "l8r": "later",
    "wut": "what", "y": "why", "yr": "your", "wk": "week", "wks": "weeks",
}  # fmt: skip
# Signs that stand for words: "call + chance", "men w/ kids", "w/o a pool".
_SIGNS = (
    (re.compile(r"\bw/(?:o|out)\b", re.IGNORECASE), "without"),
    (re.compile(r"\bw/\s*", re.IGNORECASE), "with "),
    (re.compile(r"\s\+\s(?=[^\W\d])"), " and "),
    (re.compile(r"\btop(?=\d+\b)", re.IGNORECASE), "top "),
)
# Words that decide what a number or a name means.
_DECISIVE = (
    "younger",
    "older",
    "higher",
    "lower",
    "greater",
    "heavier",
    "lighter",
    "longer",
    "shorter",
    "smaller",
    "larger",
    "bigger",
    "between",
    "above",
    "below",
    "under",
    "least",
    "most",
    "without",
    "except",
    "excluding",
    "increase",
    "increased",
    "decrease",
    "decreased",
    "reduced",
    "raised",
    "instead",
    "exactly",
    "predict",
    "prediction",
    "predicted",
    "probability",
    "accuracy",
    "precision",
    "specificity",
    "sensitivity",
    "recall",
    "average",
    "similar",
)


def written_out(question: str, stays: Callable[[str, str], bool] = lambda _, __: False) -> str:
    """Return a question with shorthand written out and typos in decisive words mended.

    Parameters
    ----------
    question : str
    stays : callable
        ``stays(word, word before) -> bool`` tells whether a word is one of the table's.

    Examples
    --------
    >>> written_out("wats ur acc 4 ppl yonger than 30 n w a y of 2", lambda word, _: word == "y")
    'what is your accuracy 4 people younger than 30 and with a y of 2'
    >>> written_out("call + chance for men w/o kids, w/ jobs")
    'call and chance for men without kids, with jobs'
    """
    for sign, meant in _SIGNS:
        question = sign.sub(meant, question)
    before = ""

    def write(match: re.Match[str]) -> str:
        nonlocal before
        word, before = (match[0] if stays(match[0], before) else _word(match[0])), match[0]
        return word

    return WORD.sub(write, question)


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case.

    Examples
    --------
    >>> words("Who's over 50?")
    ["who's", 'over', '50']
    """
    return WORD.findall(text.lower())


def _word(word: str) -> str:
    short = _SHORT.get(word.lower().replace("’", "'"))
    return short if short is not None else mended(word)


@lru_cache(maxsize=4096)
def mended(word: str) -> str:
    """Return a decisive word for one with a typo, and any other word as it is."""
    lower = word.lower()
    if len(lower) < 5 or lower in _DECISIVE:
        return word
    found = near(lower, _DECISIVE)
    return word if found is None or lower.startswith(found) or found.startswith(lower) else found


def near(word: str, known: Collection[str]) -> str | None:
    """Return the known word that differs by one slip, in long words by two; the first letter is right.

    Examples
    --------
    >>> near("prediciton", ["precision", "prediction"]), near("age", ["wage"])
    ('prediction', None)
    """
    most = 1 if len(word) < 8 else 2
    found = [(OSA.distance(word, other, score_cutoff=most), other) for other in known if other[:1] == word[:1]]
    slips, closest = min(found, default=(most + 1, ""))
    return closest if slips <= most else None
