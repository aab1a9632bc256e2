"""Citations: recall and precision by code."""

import pytest

from agent.evaluation.citing import citations
from agent.evaluation.told import Told

TRUE = (
    "The probability of ill is 77.7% [t2][t3]. "
    "Age makes the largest contribution: at 61, it is above the mean of the rows labelled well (44), "
    "and it speaks for ill [t3][t4]."
)


def test_a_text_that_cites_what_it_says_has_both(told, seen):
    """Every sentence supported, every citation needed."""
    assert citations(told(TRUE), seen) == ((1.0, 1.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("old", "new", "recall"),
    [
        ("[t3][t4]", "", 0.5),  # no citation
        ("[t3][t4]", "[t3]", 0.5),  # the mean is not there
        ("[t3][t4]", "[t4]", 0.5),  # the contribution is not there
        ("[t3][t4]", "[t3][t5]", 0.5),  # of another feature
        ("[t3][t4]", "[t3][t9]", 0.5),  # there is no such call
        ("(44)", "(46)", 0.5),  # a number that is not there
        ("speaks for ill", "speaks against ill", 0.5),  # a direction that is not true
        ("above the mean", "below the mean", 0.5),  # a comparison that is not true
        ("77.7%", "78.7%", 0.5),
    ],
)
def test_a_sentence_that_its_citations_do_not_support_is_found(told, seen, old, new, recall):
    """Missing, wrong and stale citations; numbers, directions and comparisons that are not there."""
    assert old in TRUE

    assert citations(told(TRUE.replace(old, new)), seen)[0] == (recall, 1.0)


def test_a_citation_that_nothing_needs_lowers_precision(told, seen):
    """The statistics of another feature."""
    recall, precision = citations(told(TRUE.replace("[t3][t4]", "[t3][t4][t5]")), seen)

    assert recall == (1.0, 1.0)
    assert precision == (0.8, 1.0)


def test_a_text_without_citations_has_neither(told, seen):
    """As in ALCE, it is 0 and not unknown."""
    assert citations(told("Age is 61."), seen) == ((0.0, 1.0), (0.0, 1.0))
    assert citations(told(""), seen) == ((0.0, 1.0), (0.0, 1.0))


def test_the_decision_can_be_cited(known, seen):
    """What the model would have said stands there."""
    told = Told("The language model would have answered well (60%) [decision].", known)

    recall, _ = citations(told, seen, {"predictor": "ill", "llm": "well", "llm_probability": 0.6})

    assert recall == (1.0, 1.0)
