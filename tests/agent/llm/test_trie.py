"""Choosing along a trie of token sequences."""
# ruff: noqa: S311 - chance in tests is no secret

import hashlib
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.llm import trie

END = 99
options = st.lists(st.lists(st.integers(0, 3), max_size=5).map(tuple), min_size=2, max_size=12, unique=True)


def ask(path, allowed):
    """Probabilities that depend on the path, and nothing else."""
    seed = hashlib.sha256(repr(path).encode()).digest()
    weights = [random.Random(seed + str(token).encode()).random() + 0.01 for token in allowed]
    return [math.log(weight / sum(weights)) for weight in weights]


@given(options)
def test_probabilities_sum_to_one(sequences):
    """Over all options the probabilities sum to 1, whatever their prefixes."""
    found = trie.score(sequences, END, ask)

    assert math.fsum(map(math.exp, found)) == pytest.approx(1.0)


@given(options)
def test_best_is_the_largest_score(sequences):
    """Best-first search finds the option with the largest score, and its log-probability."""
    scores = trie.score(sequences, END, ask)

    index, found = trie.best(sequences, END, ask)

    assert scores[index] == pytest.approx(max(scores))
    assert found[index] == pytest.approx(scores[index])


@given(options)
def test_known_log_probabilities_are_scores(sequences):
    """What a search happened to learn about the other options agrees with their scores."""
    scores = trie.score(sequences, END, ask)
    _, best = trie.best(sequences, END, ask)
    _, drawn = trie.sample(sequences, END, ask, 1.0, random.Random(1))

    for found in (best, drawn):
        assert [value for value in found if value is not None] == pytest.approx(
            [scores[at] for at, value in enumerate(found) if value is not None]
        )


@given(options, st.integers(0, 10))
def test_asks_only_where_options_part(sequences, seed):
    """Every question has at least two answers, each of which leads on to an option."""

    def checked(path, allowed):
        assert len(set(allowed)) == len(allowed) > 1
        closed = [(*sequence, END) for sequence in sequences]
        for token in allowed:
            assert any(one[: len(path) + 1] == (*path, token) for one in closed)
        return ask(path, allowed)

    trie.score(sequences, END, checked)
    trie.best(sequences, END, checked)
    index, _ = trie.sample(sequences, END, checked, 0.7, random.Random(seed))

    assert 0 <= index < len(sequences)


def test_an_option_that_begins_another_is_reached():
    """A shorter option is closed by the end token and can win."""

    def ending(path, allowed):
        return [math.log(0.9) if token == END else math.log(0.1 / (len(allowed) - 1)) for token in allowed]

    assert trie.best([[1, 2, 3], [1, 2]], END, ending)[0] == 1


def test_forced_tokens_are_not_asked_for():
    """One shared path and one fork: one question."""
    asked = []

    def counting(path, allowed):
        asked.append((path, allowed))
        return ask(path, allowed)

    trie.best([[1, 2, 3, 4], [1, 2, 7, 8, 9]], END, counting)

    assert asked == [([1, 2], [3, 7])]


def test_samples_follow_the_scores():
    """At temperature 1 the options are drawn as often as they are probable."""
    sequences = [[1], [1, 2], [3]]
    scores = trie.score(sequences, END, ask)
    source = random.Random(0)

    drawn = [trie.sample(sequences, END, ask, 1.0, source)[0] for _ in range(4000)]

    for at, score in enumerate(scores):
        assert drawn.count(at) / 4000 == pytest.approx(math.exp(score), abs=0.03)
