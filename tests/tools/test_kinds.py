"""Numbers as people write them, and texts that look alike."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import TableError
from tools.kinds import LARGEST, alike, checked_number, is_code, kind_of, to_numbers
from tools.table import number


@pytest.mark.parametrize(
    ("value", "mend"),
    [
        ("12%", "Write the bare number"),
        ("$5", "Write the bare number"),
        ("-€1,200.50", "Write the bare number"),
        ("1 234", "Write the bare number"),
        ("1\u202f234,5", "Write the bare number"),
        ("1'000", "Write the bare number"),
        ("1_000", "Write the bare number"),
        ("−5", "Write the bare number"),
        ("1,5", "Write decimal points: 1.5, not 1,5"),
        ("1,000", "Write 1000, or 1.000 if the comma is a decimal one"),
        ("1,000,000", "Write 1000000, or"),
        ("abc", "Correct it, or leave it empty"),
        (True, "Write 1 for true, 0 for false"),
    ],
)
def test_each_mistake_has_its_mend(value, mend):
    """A value that is no number for this program is told how to become one."""
    with pytest.raises(TableError, match=f"column 'c': .* is not a number. {mend}"):
        checked_number("c", value)


@pytest.mark.parametrize(
    "values", [["10-20", "20-30"], ["1a", "2b"], ["B1", "B2"], ["10.0.0.1", "10.0.0.2"], ["5%", "low"]]
)
def test_texts_with_digits_stay_texts(values):
    """Ranges, grades and addresses are categories, not mistaken numbers."""
    assert kind_of("c", values * 10).kind == "categorical"


@given(st.lists(st.none() | st.text(max_size=6) | st.booleans() | st.integers() | st.floats(), max_size=30))
def test_any_column_is_decided_or_refused(values):
    """Whatever a column holds, it gets a kind, a reason, or an error about the table."""
    present = [None if value != value else value for value in values]  # noqa: PLR0124 - NaN is not itself
    with suppress(TableError):
        found = kind_of("c", present)
        assert isinstance(found, str) or found.kind in {"numeric", "categorical", "boolean"}


def test_integers_keep_their_digits():
    """Integers a float holds are numbers; those it would round are left out, first named as infinite if they are."""
    assert kind_of("c", [2**53, 2**60, 1]).kind == "numeric"
    assert "more digits than a number keeps" in kind_of("c", [2**53 + 1, 1])
    with pytest.raises(TableError, match=r"row 0: .* is infinite"):
        to_numbers("c", [10**400, 1])


def test_alike_and_codes():
    """Case and number format make texts alike; leading zeros make codes."""
    assert alike(["Straße", "STRASSE"]) == ("Straße", "STRASSE")
    assert alike(["1e1", "10"]) == ("1e1", "10")
    assert alike(["a", "b", "1", "2"]) is None
    assert [is_code(value) for value in ("007", "0", "0.5", 7, None)] == [True, False, False, False, False]


TEXTS = st.sampled_from(["1", "-2.5", "+3", ".5", "5.", "1e3", "1E-3", "0", "007", "inf", "-Infinity", "1e400"]) | (
    st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers(-(10**20), 10**20).map(str)
)
ODD = st.sampled_from(["nan", "-nan", "NAN", "1_000", "0x1p3", "٣", "1,5", "1 000", "", "--1", "1e", "e5", "infin"])


@given(st.lists(TEXTS | st.none(), min_size=1))
def test_many_texts_are_read_as_one_by_one(texts):
    """The quick way through a column gives the very numbers of the slow one, infinities and sizes refused alike."""
    expected = np.array([np.nan if text is None else number(text) for text in texts])
    if (np.abs(expected) > LARGEST).any():
        with pytest.raises(TableError, match=r"infinite|beyond"):
            to_numbers("x", texts)
    else:
        np.testing.assert_array_equal(to_numbers("x", texts), expected)


@given(st.lists(TEXTS, max_size=5), ODD)
def test_what_is_no_number_is_named(texts, odd):
    """Also where the quick way would read it."""
    with pytest.raises(TableError, match=f"row {len(texts)}: .* is not a number|infinite|beyond"):
        to_numbers("x", [*texts, odd])
