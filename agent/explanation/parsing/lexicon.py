"""The words the claim parser knows, each with its kind and what it stands for. A word that is not here is not understood.

An entry is a regular expression over lower-case text. Kinds are what the grammar's rules are written in; ``filler`` is the
kind of words that change nothing in what a sentence asserts.
"""

import re
from typing import Any

from agent.explanation.parsing.words.effects import EFFECTS
from agent.explanation.parsing.words.glue import GLUE
from agent.explanation.parsing.words.labels import LABELS
from agent.explanation.parsing.words.rows import ROWS

__all__ = ["LEXICON", "NUMBER_WORDS", "ORDINALS"]

NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
ORDINALS = {
    word: rank
    for rank, words in enumerate(
        [
            ("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th"),
            ("sixth", "6th"), ("seventh", "7th"), ("eighth", "8th"), ("ninth", "9th"), ("tenth", "10th"),
        ]
    )
    for word in words
}  # fmt: skip


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at the bars that are in no group, so that the longest alternative can be found."""
    depth, parts = 0, [""]
    for letter in pattern:
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?:{pattern})" + (r"(?!\w)" if re.search(r"[a-z]", pattern) else ""))


# Of two entries that take up the same words, the first is meant.
LEXICON: list[tuple[str, Any, re.Pattern[str]]] = [
    (kind, value, _compiled(part))
    for kind, value, pattern in [*ROWS, *EFFECTS, *LABELS, *GLUE]
    for part in _alternatives(pattern)
]
