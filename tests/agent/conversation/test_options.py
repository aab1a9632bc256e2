"""Options as they are read, and what may mislead in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.conversation.options import Interval, Option, findings
from agent.conversation.reading.names import Terms
from agent.conversation.reading.question import Question
from tools.schema import Feature, Schema

SCHEMA = Schema(
    target="sick",
    labels=("no", "yes"),
    features=(
        Feature(name="age", kind="numeric", unit="years"),
        Feature(name="sex", kind="categorical", categories=("female", "male")),
    ),
)
TERMS = Terms(SCHEMA)
ENDS = st.none() | st.integers(-5, 5).map(float)
INTERVALS = st.builds(Interval, ENDS, ENDS, st.booleans(), st.booleans()).filter(
    lambda i: i.low is None or i.high is None or i.low < i.high
)


@given(INTERVALS, INTERVALS)
def test_intervals_meet_where_a_number_is_in_both(one, other):
    """Two intervals meet exactly if some number, on a fine grid, is in both."""
    grid = [step / 4 for step in range(-40, 41)]

    assert one.meets(other) == other.meets(one) == any(value in one and value in other for value in grid)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("40 to 60", 40, 60),
        ("over 60", 60, None),
        ("at most 3", None, 3),
        ("between 5 and 10", 5, 10),
        ("36", 35.5, 36.5),
        ("0.25", 0.245, 0.255),
        ("twenty", 19.5, 20.5),
    ],
)
def test_numbers(text, low, high):
    """A number stands for what rounds to it, a range for what is in it."""
    interval = Option.of(text, TERMS).interval

    assert (interval.low, interval.high) == (low, high)


@pytest.mark.parametrize("text", ["women", "women over 50", "40, 50 or 60", "about the same", "age over 50"])
def test_no_numbers(text):
    """Words, groups of rows and lists are no range."""
    assert Option.of(text, TERMS).interval is None


def kinds(question, *options, follows=True, unread=()):
    """Return the kinds of the findings, with where they are."""
    read = [Option.of(text, TERMS) for text in options]
    return [(f.kind, f.where) for f in findings(Question(question, TERMS), read, unread, follows=follows)]


def test_what_may_mislead():
    """Ranges that overlap, two names of one group, options about others, unknown words, words for nobody."""
    assert kinds("How old?", "20 to 40", "40 to 60") == [("overlap", "1, 2")]
    assert kinds("How old?", "over 30", "over 50", "under 10") == [("overlap", "1, 2")]
    assert kinds("How old?", "under 20", "20 to 39", "40 or more") == []
    assert kinds("Who?", "women", "ladies", "men") == [("overlap", "1, 2")]
    assert kinds("Who?", "women", "men", "both of these") == [("together", "3")]
    assert kinds("Who smokes?", "women", "men", unread=["smokes"]) == [("unclear", "question")]
    assert kinds("How old are they?", "20", "30", follows=False) == [("referent", "question")]
    assert kinds("How old are they?", "20", "30", follows=True) == []


def test_every_finding_has_a_mend():
    """Each one says how to write it instead."""
    read = [Option.of(text, TERMS) for text in ("20 to 40", "40 to 60", "all of the above")]

    assert [f.rewrite for f in findings(Question("How old?", TERMS), read)] == [
        "Leave it out: 'None of these' is always possible.",
        "End one below 40 and begin the other at 40.",
    ]
