"""Columns that conditions are about."""

import numpy as np
import pytest

from tools.columns import Categories, Ids
from tools.errors import ToolError


def test_true_and_false_stand_for_a_boolean_columns_words():
    """Of a boolean column JSON's true and false are its two words; of any other they are texts."""
    smoker = Categories("smoker", np.array([0.0, 1.0]), ("No", "Yes"), boolean=True)

    assert smoker.one_of([smoker.check("==", True)]).tolist() == [False, True]
    assert smoker.check("==", False) == "No"
    assert smoker.check("==", "Yes") == "Yes"
    with pytest.raises(ToolError, match="'True' is no value of 'kind'"):
        Categories("kind", np.array([0.0]), ("No", "Yes")).check("==", True)


def test_codes_below_zero_are_missing():
    """Labels are integers, and -1 where there is none."""
    labels = Categories("label", np.array([0, -1, 1]), ("no", "yes"))

    assert labels.present().tolist() == [True, False, True]
    assert labels.one_of(["no", "yes"]).tolist() == [True, False, True]


def test_ids_with_leading_zeros_are_texts():
    """The id 007 is not 7."""
    ids = Ids("id", ("007", "7"))

    assert ids.one_of([7]).tolist() == [False, True]
    assert ids.one_of(["007"]).tolist() == [True, False]
