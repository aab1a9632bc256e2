"""What a text is good for: completeness, style, and what a reader learns from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evaluation.faithfulness import Truth
from agent.evaluation.told import Named
from agent.evaluation.usefulness import (
    completeness,
    conciseness,
    predicted_effects,
    predicted_label,
    readability,
    repetition,
    style,
)

TRUTH = Truth(("age", "dose"), {"age": 3.0, "dose": -1.0})


def test_completeness_counts_what_is_told_with_the_right_direction():
    """By the size of contributions."""
    assert completeness([Named("age", 0, 1), Named("dose", 1, -1)], TRUTH) == 1.0
    assert completeness([Named("age", 0, -1), Named("dose", 1, -1)], TRUTH) == 0.25
    assert completeness([Named("age", 0)], TRUTH) == 0.0
    assert completeness([Named("made up", 0, 1)], TRUTH) == 0.0


def test_padding_makes_a_text_less_concise():
    """Twice the words, half the score."""
    named = [Named("age", 0, 1, value=True)]

    assert conciseness(named, TRUTH, "one two three four " * 2) == pytest.approx(
        conciseness(named, TRUTH, "one two three four ") / 2
    )
    assert conciseness(named, TRUTH, "") == 0.0


def test_short_words_read_more_easily(told):
    """Flesch's measure; none without words."""
    assert readability(told("The cat sat on the mat.")) > readability(
        told("Characteristically idiosyncratic considerations predominate.")
    )
    assert readability(told("12 34")) is None


@given(st.lists(st.text(alphabet="ab ", max_size=30), max_size=5))
def test_repetition_is_a_share_and_alike_for_equal_texts(texts):
    """Twice the same text repeats itself wholly."""
    shares = repetition([*texts, *texts])

    assert all(0 <= share <= 1 for share in shares)
    assert shares == repetition([*texts, *texts])[: len(shares)]
    assert all(share == 1 for share, text in zip(shares, [*texts, *texts], strict=True) if text.split())


def test_style_is_what_a_reader_sees(told):
    """Length, variety, openings, connectives."""
    found = style(told("Age is high because it is. Age is high, but not so."))

    assert found["words"] == 12
    assert found["sentence_words"] == 6
    assert found["openings"] == 0
    assert found["connectives"] == 1.5
    assert 0 < found["variety"] < 1


@pytest.mark.parametrize(
    ("named", "labels", "expected"),
    [
        ([Named("age", 0, 1)], ["ill", "well"], "ill"),
        ([Named("age", 0, -1), Named("dose", 1, 1)], ["ill", "well"], "well"),
        ([Named("age", 0, -1)], ["ill", "well", "unknown"], None),
        ([Named("age", 0)], ["ill", "well"], None),
        ([], ["ill", "well"], None),
    ],
)
def test_a_reader_weighs_directions_by_rank(named, labels, expected):
    """And has to guess where they favour nothing."""
    assert predicted_label(named, "ill", labels) == expected


def test_a_reader_foresees_effects_from_directions():
    """Half a hit for a guess, none for a wrong direction, and a change of nothing is not asked for."""
    effects = {"age": -0.2, "dose": 0.1, "ward": 0.0}

    assert predicted_effects([Named("age", 0, 1), Named("dose", 1, -1)], effects) == (2.0, 2.0)
    assert predicted_effects([Named("age", 0, -1)], effects) == (0.5, 2.0)
    assert predicted_effects([], {}) == (0.0, 0.0)
