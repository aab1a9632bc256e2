"""What the words of a question name."""

import pytest

from agent.conversation.reading.names import Terms
from tools.feature import Feature, Words
from tools.schema import Schema

STATES = Feature(name="state", kind="categorical", categories=("CA", "ME", "OK"))
MONTHS = Feature(name="month", kind="categorical", categories=("January", "May", "November"))
FUEL = Feature(name="fuel", kind="categorical", categories=("p", "r"))


def named(asked, schema):
    """Return the values that a question names."""
    return [name.value for name in Terms(schema).find(asked) if name.value is not None]


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ("how many did you call yes that were actually no", ["yes", "no"]),
        ("why is there no answer, yes?", []),
        ("what would turn it into a no", ["no"]),
        ("show the ones predicted no although their true label is yes", ["no", "yes"]),
        ("those with sick yes", ["yes"]),
    ],
)
def test_an_ordinary_word_is_a_label_where_it_is_announced(asked, labels):
    """Yes and no mean much else."""
    assert named(asked, Schema(target="sick", labels=("no", "yes"), features=())) == labels


@pytest.mark.parametrize(
    ("asked", "labels"),
    [
        ("how many did you predict as 0 that really were 1", ["0", "1"]),
        ("is the true average over 1?", []),
        ("what makes it status 1", ["1"]),
        ("what would make it into a 0", ["0"]),
        ("what would make patient 5 a 0", ["0"]),
        ("what makes 1 of 3 stay", []),
    ],
)
def test_a_number_is_a_label_where_it_is_announced(asked, labels):
    """Elsewhere it is a number."""
    assert named(asked, Schema(target="status", labels=("0", "1"), features=())) == labels


def test_letters_are_labels_as_they_are_written():
    """Voters of N, not an abbreviation of and."""
    schema = Schema(target="vote", labels=("A", "N"), features=())

    assert named("how many voted N while you said A", schema) == ["N", "A"]
    assert named("how many n times vote", schema) == []


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ("show me loans in CA", ["CA"]),
        ("ok, what about ME", ["ME"]),
        ("loans of state me", ["ME"]),
        ("cars r fast, how many take fuel r", ["r"]),
        ("how many in jan, may or november", ["January", "May", "November"]),
    ],
)
def test_a_category_like_a_small_word_is_written_in_capitals_or_beside_its_column(asked, values):
    """Maine is no pronoun."""
    schema = Schema(target="y", labels=("bad", "worse"), features=(STATES, MONTHS, FUEL))

    assert named(asked, schema) == values


def test_labels_of_a_dictionary_are_not_announced():
    """Their words are names anywhere."""
    words = Words(values={"yes": ("smokers",)})
    schema = Schema(target="smoke", labels=("no", "yes"), features=(), target_words=words)

    assert named("what about smokers?", schema) == ["yes"]
