"""Read a sentence in free words: what it asserts, whether that is true, and what in it is not understood.

A sentence is a row of phrases: subjects (features, with their values) and predicates, each of which is about the subject
last mentioned. A word that no rule takes up is not understood, and a sentence with such a word asserts more than can be
checked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from agent.explanation.evidence import Evidence
from agent.explanation.parsing.assertions import (
    Assertion,
    Certain,
    Count,
    Effect,
    HasCategory,
    Multiple,
    Number,
    Predicted,
    Quantity,
    Ranked,
    Stated,
    settle,
)
from agent.explanation.parsing.clause import Clause
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import phrases
from agent.explanation.parsing.lexer import Token, tokens
from agent.explanation.parsing.patterns import Match, Words
from agent.explanation.parsing.predicates import PREDICATES, Make, continued
from tools.errors import ToolError

__all__ = ["Reading", "figures_in", "names_in", "read"]

# Words between phrases that assert nothing by themselves.
RELATIVE = {"which", "that", "who", "what", "where", "where it", "one that", "whom"}
OF_FEATURES = {
    "effect",
    "force",
    "contributes",
    "rankp",
    "contrib",
    "moves",
    "subj",
    "takes",
}  # what only a feature does
FORWARD = {"so", "therefore", "thus", "hence", "consequently", "accordingly", "as a result"}
LONGEST = 200  # tokens
GLUE = frozenset({"comma", "and", "but", "so", "which", "whose", "or", "value", "row1", "do", "stop"})


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
    if len(words.tokens) > LONGEST:
        return Reading(unread=[sentence])
    found: list[Assertion] = []
    unread: list[str] = []
    because: list[tuple[str, int]] = []
    at, before = 0, ""
    while at < len(words.tokens):
        taken, said = _step(words, at, clause, before)
        word = words.tokens[at]
        if said is None and (word.kind not in GLUE or not _joins(words, at, clause, before)):
            unread.append(word.text)
        if word.kind == "so" and said is None:
            because.append((word.text, len(found)))
        found += said or []
        before = _before(word, before) if said is None or (word.kind == "subj" and taken == 1) else _after(said)
        at += taken
    unread += [*clause.silent, *(["not"] if clause.negated else []), *_unfounded(because, found, facts)]
    outcomes = [settle(assertion, evidence) for assertion in found]
    unread += [assertion.kind for assertion, true in zip(found, outcomes, strict=True) if true is None]
    return Reading(found, [a for a, true in zip(found, outcomes, strict=True) if true is False], unread)


def _before(word: Token, before: str) -> str:
    """Return what a relative word after this one would be about: *the contribution of age is 0.5, which* is no age."""
    if word.kind == "subj" and word.value.sized and word.value.contributions:
        return "said"
    return before if word.kind in {"comma", "open", "close"} else word.kind


def _after(said: Sequence[Assertion]) -> str:
    """Return what a relative word would be about after something was said: the feature, if it was what its value is."""
    match said[-1:]:
        case [HasCategory(negated=False)]:
            return "subj"
        case [Stated(quantity=Quantity(refs=[ref]))] if ref.endswith(".value"):
            return "subj"
    return "said"


def _joins(words: Words, at: int, clause: Clause, before: str) -> bool:
    """Tell whether a word between phrases is harmless where it stands."""
    word = words.tokens[at]
    clause.sized = False
    if word.kind == "which" and clause.others:
        return False
    if word.kind == "which" and word.text in RELATIVE and not _relates(words, at, before):
        return False
    if clause.denying and word.kind == "or":
        clause.negated = True
    if clause.denying and word.kind == "and":
        return False
    clause.denying = clause.denying and word.kind == "comma"
    return True


def _relates(words: Words, at: int, before: str) -> bool:
    """Tell whether *which* is about the feature: right after it, or before what only a feature does."""
    rest = [token.kind for token in words.tokens[at + 1 :] if token.kind not in {"be", "makes", "of", "comma"}]
    return before in {"subj", ""} or bool(set(rest[:1]) & OF_FEATURES)


def _unfounded(because: list[tuple[str, int]], found: list[Assertion], facts: Facts) -> list[str]:
    """Return words for a cause where what follows from it does not: the answer, from what does not point to it.

    Parameters
    ----------
    because : list of (str, int)
        The words, each with how many assertions stand before it.
    found : list of Assertion
        In their order.
    facts : Facts
        Which side each label is.
    """
    if not any(isinstance(one, Effect | Count | Predicted | Certain | Ranked | Multiple) for one in found):
        return [word for word, _ in because]
    unfounded = []
    for word, at in because:
        forward = word in FORWARD
        reasons, answers = (found[:at], found[at:]) if forward else (found, found)
        pushes = [_towards(one, facts) for one in reasons if isinstance(one, Effect | Count)]
        if any(isinstance(one, Predicted) and one.place == 0 for one in answers) and not (pushes and all(pushes)):
            unfounded.append(word)
    return unfounded


def _towards(one: Effect | Count, facts: Facts) -> bool:
    """Tell whether a push is said to be towards the answer."""
    try:
        return one.sign * facts.side(one.label) * (-1 if one.negated else 1) > 0
    except ToolError:
        return False


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
    "result",
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


def figures_in(text: str, evidence: Evidence) -> tuple[list[str], list[Number]]:
    """Return the names that a text holds, as the facts have them, and the numbers in digits; places are none."""
    found = tokens(text, Facts(evidence))
    names = [
        str(t.value[1] if t.kind == "category" else t.value)
        for t in found
        if t.kind in {"feature", "label", "category"}
    ]
    numbers = [t.value for t in found if t.kind == "num" and any(letter.isdigit() for letter in t.text)]
    return list(dict.fromkeys(names)), numbers


def _step(words: Words, at: int, clause: Clause, before: str) -> tuple[int, list[Assertion] | None]:
    """Take up what stands at one place; return how many tokens that is, and what they assert."""
    for pattern, make in PREDICATES:
        match = pattern.at(words, at)
        if match is None or (before == "subj" and _answers(match)) or not _about(match, before):
            continue
        kept = (clause.frame, clause.last)
        said = _made(partial(_denied, make, match, clause))
        if said is not None:
            clause.frame = None if clause.frame is kept[0] and make is not continued else clause.frame
            clause.last = None if clause.last is kept[1] else clause.last
            return len(match.tokens), said
    word = words.tokens[at]
    if word.kind == "subj":
        return 1, _made(lambda: clause.denied(clause.mention(word.value)))
    if word.kind in {"not", "neither"}:
        clause.negated, clause.neither = not clause.negated, word.kind == "neither"
        return 1, []
    return 1, None


def _about(match: Match, before: str) -> bool:
    """Tell whether a relative word inside a phrase is about the feature, or goes on with a number of the last phrase."""
    inside = [n for n, token in enumerate(match.tokens) if token.kind == "which" and token.text in RELATIVE - {"where"}]
    if not inside or before in {"subj", ""} or match.tokens[-1].kind in {"num", "close"}:
        return True
    head = [token.kind for token in match.tokens[: inside[0]] if token.kind not in {"comma", "be", "of"}]
    return bool(head) or any(t.kind in {"effect", "force", "contributes", "rankp", "agrees"} for t in match.tokens)


def _answers(match: Match) -> bool:
    """Tell whether a feature would predict something: *a balance of 5 predicts No*."""
    return match.tokens[0].kind == "predict" and not re.search(
        "model|classifier|predictor|algorithm|system|is |are |was ", match.tokens[0].text
    )


def _denied(make: Make, match: Match, clause: Clause) -> list[Assertion] | None:
    said = make(match, clause)
    return None if said is None or match.ignored() else clause.denied(said)


def _made(make: Callable[[], list[Assertion] | None]) -> list[Assertion] | None:
    """Return what a phrase asserts; None where the facts know nothing of the kind."""
    try:
        return make()
    except (ToolError, LookupError, ArithmeticError, ValueError):
        return None
