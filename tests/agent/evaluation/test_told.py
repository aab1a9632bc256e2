"""Texts read back: sentences, marks, and what is said of each feature."""

import pytest

from agent.evaluation.told import Named, sentences_of

TRUE = """1. The probability of ill is 77.7% [t2][t3].
2. The largest contribution comes from age: its value of 61 speaks for ill [t3].
3. On the other hand, dose (3.5) speaks against ill, with the second-largest contribution [t3].
Conclusion: the row is classified as ill [t3]."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two!", ["One.", "Two!"]),
        ("1. It is 3.5 mm, e.g. small.\n2) So.", ["It is 3.5 mm, e.g. small.", "So."]),
        ("**Answer:** ill\n- Step 1: age is 61", ["ill", "age is 61"]),
        ("It is so [t1][t2]. And so.", ["It is so.", "And so."]),
        ("\n \n...", []),
        ("", []),
    ],
)
def test_lists_headings_and_marks_are_no_part_of_a_sentence(text, expected):
    """Numbers with a point, abbreviations and marks do not end one."""
    assert [sentence for sentence, _ in sentences_of(text)] == expected


def test_marks_belong_to_their_sentence():
    """Before or after the full stop."""
    assert [marks for _, marks in sentences_of("It is so [t1][t2]. And so. [t3] Then [decision].")] == [
        ("t1", "t2"),
        ("t3",),
        ("decision",),
    ]


def test_a_true_text_is_read_as_it_was_meant(told):
    """Ranks, directions and values; a category that is not told is not there."""
    read = told(TRUE)

    assert read.named == [Named("age", 0, 1, value=True), Named("dose", 1, -1, value=True)]
    assert not read.false
    assert not read.contradicts


def test_features_without_a_rank_take_the_free_places(told):
    """In the order in which they are named."""
    read = told("Dose speaks against ill. Ward is the third-largest contribution. Age points towards ill.")

    assert [(one.feature, one.rank) for one in read.named] == [("dose", 0), ("age", 1), ("ward", 2)]


def test_a_wrong_value_is_told_from_none(told):
    """At the precision shown."""
    values = {one.feature: one.value for one in told("Age is 62. Dose is 3.5. Ward speaks for ill.").named}

    assert values == {"age": False, "dose": True, "ward": None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The row is classified as well.", True),
        ("The row is classified as ill.", False),
        ("The prediction is not ill.", True),
        ("Age speaks for well.", False),
        ("", False),
    ],
)
def test_a_text_contradicts_its_answer_where_it_names_another(told, text, expected):
    """What a feature speaks for is no answer."""
    assert told(text).contradicts is expected
