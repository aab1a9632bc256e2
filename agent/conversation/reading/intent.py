"""Which tools a question is about: a small text classifier, trained on the bank of examples when it is first used.

It says in which order the beginnings of calls are offered, and leaves out those that are out of the question. The chat
model decides among the rest.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from agent.conversation.reading import bank, cues
from agent.conversation.reading.calltext import CANNOT, head_of
from agent.conversation.reading.question import Question

__all__ = ["heads"]

OFFERED_CLAUSE = 2  # for each clause
OFFERED = 6  # the right one is among so many for 97 of 100 questions of the test set's open half


def heads(question: Question, every: Sequence[str]) -> dict[str, float]:
    """Return the beginnings of calls that a question may lead to, with their chances, the likeliest first.

    A question that only repeats the one before leads to its tool. Of the measures of quality, all stand where one is.

    Parameters
    ----------
    question : Question
    every : sequence of str
        All there are.
    """
    if question.repeats:
        return {head_of(question.before[0]): 1.0}
    vectorizer, classifier = _trained()
    whole, *clauses = _with_clauses(bank.masked(question))
    chances = classifier.predict_proba(vectorizer.transform([whole, *clauses]))
    order = [[str(classifier.classes_[at]) for at in np.argsort(-row, kind="stable")] for row in chances]
    likely = order[0][:OFFERED]
    likely += [kind for each in order[1:] for kind in each[:OFFERED_CLAUSE] if kind not in likely]
    if question.metrics and "score" not in likely:
        likely.append("score")
    scores = [head for head in every if head.startswith("score ")]
    found = [head for kind in dict.fromkeys(likely) for head in (scores if kind == "score" else [kind])]
    best = dict(zip(map(str, classifier.classes_), chances.max(axis=0), strict=True))
    return {head: float(best[_kind(head)]) for head in dict.fromkeys([*found, CANNOT])}


def _with_clauses(text: str) -> list[str]:
    """Return a question, and its clauses where it has several."""
    starts = [0, *(match.start() for match in cues.CLAUSE.finditer(text)), len(text)]
    return [text, *(text[start:end] for start, end in pairwise(starts))] if len(starts) > 2 else [text]


@lru_cache(maxsize=1)
def _trained() -> tuple[Any, Any]:
    """Return the classifier and what it looks at: words, pairs of words, and four letters of words."""
    plain = [at for at, example in enumerate(bank.examples()) if not example.before]
    texts = [bank.masked_examples()[at] for at in plain]
    kinds = [_kind(bank.head(bank.examples()[at])) for at in plain]
    vectorizer = TfidfVectorizer(analyzer=_features, sublinear_tf=True)
    classifier = LogisticRegression(C=10, max_iter=2000, class_weight="balanced")
    return vectorizer, classifier.fit(vectorizer.fit_transform(texts), kinds)


def _kind(head: str) -> str:
    return "score" if head.startswith("score ") else head


def _features(text: str) -> list[str]:
    words = bank.words(text)
    return words + [f"#{word[at : at + 4]}" for word in words if "_" not in word for at in range(max(1, len(word) - 3))]
