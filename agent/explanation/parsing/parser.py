"""Read a sentence in free words: what it asserts, whether that is true, and what in it is not understood.

A sentence is a row of phrases: subjects (features, with their values) and predicates, each of which is about the subject
last mentioned. A word that no rule takes up is not understood, and a sentence with such a word asserts more than can be
checked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from agent.explanation.evidence import Evidence
from agent.explanation.parsing.assertions import Assertion, settle
from agent.explanation.parsing.clause import Clause, Said
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import Words, phrases
from agent.explanation.parsing.lexer import tokens
from agent.explanation.parsing.predicates import PREDICATES, continued
from tools.errors import ToolError

__all__ = ["Reading", "names_in", "read"]

# Words between phrases that assert nothing by themselves.
GLUE = frozenset({"comma", "and", "but", "so", "which", "be", "whose", "or", "value", "row1", "do"})


@dataclass(frozen=True)
class Reading:
    """What a sentence says.

    Attributes
    ----------
    assertions : list of Assertion
        What it asserts.
    false : list of Assertion
        Those of them that are not true.
    unread : list of str
        Words that are not understood, and assertions that the facts cannot settle.
    """

    assertions: list[Assertion] = field(default_factory=list)
    false: list[Assertion] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> bool | None:
        """True or false; None for a sentence that is not understood as a whole."""
        return None if self.unread or not self.assertions else not self.false


def read(sentence: str, evidence: Evidence) -> Reading:
    """Read one sentence.

    Parameters
    ----------
    sentence : str
        Plain text; citation marks are passed over.
    evidence : Evidence
        What may be asserted, and what it is checked against.

    Returns
    -------
    Reading
        No sentence raises.
    """
    facts = Facts(evidence)
    words, clause = _subject_first(phrases(tokens(sentence, facts))), Clause(facts)
    found: list[Assertion] = []
    unread: list[str] = []
    at = 0
    while at < len(words.tokens):
        taken, said = _step(words, at, clause)
        if said is not None:
            found += clause.denied(said)
        elif words.tokens[at].kind not in GLUE:
            unread.append(words.tokens[at].text)
        elif words.tokens[at].kind != "be":
            clause.sized = False
        at += taken
    unread += [*clause.silent, *(["not"] if clause.negated else [])]
    outcomes = [settle(assertion, evidence) for assertion in found]
    unread += [assertion.kind for assertion, true in zip(found, outcomes, strict=True) if true is None]
    return Reading(found, [a for a, true in zip(found, outcomes, strict=True) if true is False], unread)


# What is said before the first subject is about it, unless it speaks of the answer or of the similar rows.
_OF_OTHERS = {
    "predict",
    "prob",
    "neighbours",
    "model",
    "sure",
    "likely",
    "base",
    "total",
    "likelier",
    "aslikely",
    "subj",
}


def _subject_first(words: Words) -> Words:
    """Put the subject before what is said of it: *At 5, well above the mean, the radius …*."""
    kinds = [token.kind for token in words.tokens]
    if "subj" not in kinds:
        return words
    at = kinds.index("subj")
    if at < 2 or kinds[at - 1] != "comma" or _OF_OTHERS & set(kinds[:at]):
        return words
    return Words([words.tokens[at], *words.tokens[:at], *words.tokens[at + 1 :]])


def names_in(text: str, evidence: Evidence) -> list[str]:
    """Return the names of features, labels and categories, and the numbers, that a text holds."""
    kinds = {"feature", "label", "category", "num", "ord"}
    return [token.text for token in tokens(text, Facts(evidence)) if token.kind in kinds]


def _step(words: Words, at: int, clause: Clause) -> tuple[int, Said | None]:
    """Take up what stands at one place; return how many tokens that is, and what they assert."""
    for pattern, make in PREDICATES:
        match = pattern.at(words, at)
        before = clause.frame
        said = _made(partial(make, match, clause)) if match else None
        if match and said is not None:
            if clause.frame is before and make is not continued:
                clause.frame = None
            return len(match.tokens), said
    word = words.tokens[at]
    if word.kind == "subj":
        return 1, _made(partial(clause.mention, word.value))
    if word.kind in {"not", "neither"}:
        clause.negated = not clause.negated
        return 1, Said([])
    return 1, None


def _made(make: Callable[[], Said | None]) -> Said | None:
    """Return what a phrase asserts; None where the facts know nothing of the kind."""
    try:
        return make()
    except (ToolError, LookupError):
        return None
