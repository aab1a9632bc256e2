"""Ways in which a text is no explanation."""

import pytest

from agent.evaluation.failures import echo, false_comparisons, invented_numbers, label_only

LABELS = ("ill", "well")
ROW = "Here is a row: age = 61; dose = 3.5; ward = north. Which label does it have: ill or well?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ill", True),
        ("Label: ill.", True),
        ("The answer is ill because the row is classified as ill.", True),
        ("", True),
        ("ill, because age is high", False),
        ("The age of 61 speaks for ill.", False),
    ],
)
def test_a_text_that_says_the_label_alone_is_found(text, expected):
    """Whatever words it is wrapped into."""
    assert label_only(text, LABELS) is expected


def test_a_text_that_repeats_the_question_is_an_echo():
    """Word for word, or most of it."""
    assert echo(ROW, ROW) == 1.0
    assert echo("Here is a row: age = 61; dose = 3.5; ward = north.", ROW) > 0.9
    assert echo("The largest contribution comes from age: its value of 61 speaks for ill.", ROW) == 0.0
    assert echo("", ROW) == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Age is 61, above the mean of 50.", []),
        ("Age is 61, above the mean of 53.", ["53"]),
        ("The probability of ill is 77.7%.", []),
        ("The probability of ill is 87.7%.", ["87.7%"]),
        ("There are two reasons, and 3 features.", []),
        ("Age is 61. It is 17.42 times the mean.", ["17.42"]),
        ("Dose is 58.", ["58"]),  # a fact, but of age
        ("61 + 3.5 = 64.5", ["64.5"]),
    ],
)
def test_a_number_that_is_no_fact_of_what_it_is_said_of_is_invented(told, known, text, expected):
    """At the precision shown; small counts are no claims."""
    assert invented_numbers(told(text), known) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Age is above the mean of the training rows.", 0),
        ("Age is below the mean of the training rows.", 1),
        ("Dose is closer to the mean of the rows labelled well than to that of the rows labelled ill.", 0),
        ("Dose is closer to the mean of the rows labelled ill than to that of the rows labelled well.", 1),
        ("Honestly, our dear age is below the mean of the rows labelled well.", 1),
        ("Age speaks against ill.", 0),  # false, but no comparison
    ],
)
def test_a_comparison_that_is_not_true_is_found(told, text, count):
    """Also in a sentence that is not understood as a whole."""
    assert len(false_comparisons(told(text))) == count
