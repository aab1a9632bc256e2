"""The words of a question that its calls do not account for: they may have meant a condition the table cannot check.

A word is accounted for where it names something of the table or the dictionary, or is one that questions are made of.
Saying a harmless word too many ("birds") is cheaper than dropping a condition in silence ("smokers").
"""

from collections.abc import Iterator
from functools import lru_cache

from agent.conversation.reading import bank, cues
from agent.conversation.reading.question import Question
from agent.conversation.reading.spelling import near, words
from agent.conversation.reading.units import UNITS
from agent.conversation.reading.vocabulary import PEOPLE, words_of

__all__ = ["unread"]

SHORTEST = 4  # letters; shorter words are seldom conditions
ROOT = 3  # letters that a word may have more than a known one: rejection, rejected


def unread(question: Question) -> list[str]:
    """Return the words of a question that mean nothing to its calls, in order.

    Examples
    --------
    >>> from agent.conversation.reading.names import Terms
    >>> from tools.schema import Feature, Schema
    >>> schema = Schema(target="sick", labels=("no", "yes"), features=(Feature(name="age", kind="numeric"),))
    >>> unread(Question("how many smokers are over 50 years of age?", Terms(schema)))
    ['smokers']
    >>> unread(Question("are men over 50?", Terms(schema)))
    ['men']
    """
    meant = {word for name in question.names for word in words(question.text[name.start : name.end])}
    meant |= {word for start, end in question.ids for word in words(question.text[start:end])}
    read = set(words(question.text))
    asked = [word for word in words(question.asked) if word in read]
    left = (word for word in asked if word.isalpha() and word not in meant and _tells(word))
    return list(dict.fromkeys(word for word in left if not set(words_of(word)) & _described(question)))


def _tells(word: str) -> bool:
    """Tell whether a word may have chosen rows: "women" does, where the table does not know them."""
    return word in PEOPLE or (len(word) >= SHORTEST and not _known(word))


def _known(word: str) -> bool:
    known = _of_questions()
    return word in known or near(word, known) is not None or any(_alike(word, other) for other in known)


def _alike(word: str, other: str) -> bool:
    """Tell whether two words have one root: all but a few last letters of the known one."""
    return len(other) > SHORTEST and word.startswith(other[: max(SHORTEST, len(other) - ROOT)])


def _described(question: Question) -> set[str]:
    """Return the words that the dictionary uses of the table and its columns."""
    schema = question.terms.schema
    about = [
        schema.description,
        schema.id_column,
        *(part.description for part in (schema.target_words, schema.id_words, *schema.features)),
    ]
    return {word for text in about for word in words_of(text or "")}


@lru_cache(maxsize=1)
def _of_questions() -> frozenset[str]:
    """Return the words that questions are made of: those of answerable examples, and those that decide."""
    return frozenset({*_of_examples(), *cues.GLUE, *cues.FILLERS, *cues.ORDINARY, *UNITS})


def _of_examples() -> Iterator[str]:
    """Yield the words of examples that have an answer, without those like a name of their own tables."""
    names = bank.names()
    for example, text in zip(bank.examples(), bank.masked_examples(), strict=True):
        if example.calls:
            yield from (w for w in words(text) if w.isalpha() and not any(_alike(w, name) for name in names))
