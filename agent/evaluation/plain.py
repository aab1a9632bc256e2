"""Plain text, whoever wrote it: its sentences with their citation marks, its words, runs of words."""

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["grams", "sentences_of", "without_marks", "words"]

_MARKS = re.compile(r" ?\[(t\d+|decision)\]")
_OPENING = re.compile(
    r"^\s*(?:[-*•#]+\s+|\(?\d{1,2}[.):]\s+|step \d+[.:)]*\s*|(?:conclusion|answer|reasons?|explanation)\s*:\s*)+", re.I
)
_END = re.compile(r"(?<=[.!?])(?P<marks>(?:\s*\[(?:t\d+|decision)\])*)\s+(?=[\w“\"'(])")
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|vs|approx|no|cf|resp)|\b[A-Z])\.$", re.I)
_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")


def without_marks(text: str) -> str:
    """Return a text without its citation marks.

    Examples
    --------
    >>> without_marks("It is 0.5 [t2][decision].")
    'It is 0.5.'
    """
    return _MARKS.sub("", text)


def sentences_of(text: str) -> list[tuple[str, tuple[str, ...]]]:
    r"""Return the sentences of a text, each with the observations that it cites; list marks are left out.

    Examples
    --------
    >>> sentences_of("1. It is 0.5 mm, i.e. small [t2][t3]. So there.\nConclusion: it stays [t1].")
    [('It is 0.5 mm, i.e. small.', ('t2', 't3')), ('So there.', ()), ('it stays.', ('t1',))]
    """
    found: list[tuple[str, tuple[str, ...]]] = []
    for line in text.replace("**", "").splitlines():
        rest = _OPENING.sub("", line).strip()
        for part in _parts(rest):
            plain = _MARKS.sub("", part).strip()
            if re.search(r"\w", plain):
                found.append((plain, tuple(dict.fromkeys(_MARKS.findall(part)))))
    return found


def _parts(line: str) -> list[str]:
    parts, at = [], 0
    for match in _END.finditer(line):
        if not _ABBREVIATED.search(line[at : match.start()]):
            parts.append(line[at : match.end("marks")])
            at = match.end()
    return [*parts, line[at:]]


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case, without citation marks and list numbers.

    Examples
    --------
    >>> words("1. It is 0.5, isn't it [t2]?")
    ['it', 'is', '0.5', "isn't", 'it']
    """
    plain = re.sub(r"(?m)^\s*\d{1,2}[.)]\s", " ", without_marks(text))
    return [match.lower() for match in _WORD.findall(plain)]


def grams(tokens: Sequence[str], n: int = 4) -> Counter[tuple[str, ...]]:
    """Return how often each run of n words occurs; of a shorter text, the whole.

    Examples
    --------
    >>> sorted(grams(["a", "b", "c"], 2))
    [('a', 'b'), ('b', 'c')]
    """
    if not tokens:
        return Counter()
    n = min(n, len(tokens))
    return Counter(tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1))
