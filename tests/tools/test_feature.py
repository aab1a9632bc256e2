"""What one column is, and its values."""

import numpy as np
import pytest

from tools.errors import TableError
from tools.feature import Feature, decoded, infer_feature, typed_value

KIND = Feature(name="kind", kind="categorical", categories=("a", "b"))


def test_a_column_of_no_use_is_said():
    """A column that is left out gives no feature and one note that names it."""
    feature, notes = infer_feature("same", ["x"] * 4, np.array([0, 1, 0, 1]), {})

    assert feature is None
    assert notes == ["left out column 'same': it has the same value 'x' in every row"]


@pytest.mark.parametrize("name", ["label", "prediction", "row_id", "split"])
def test_reserved_names(name):
    """A feature may not be called what conditions call something else."""
    with pytest.raises(TableError, match=f"column '{name}': the name is reserved in conditions. Rename the column"):
        infer_feature(name, [1, 2, 3, 4], np.array([0, 1, 0, 1]), {})


def test_new_categories():
    """A category that training has not seen stays what it is; where somebody takes notes, it is noted."""
    notes = []

    assert typed_value(KIND, "c", notes) == typed_value(KIND, "c", None) == "c"
    assert notes == ["column 'kind': 'c' is new, the predictor takes it for missing (1 row). Known: 'a', 'b'."]


def test_numbers_stand_for_values():
    """Codes become categories, whole numbers of an integer column integers, NaN missing."""
    assert decoded(KIND, 1.0) == "b"
    assert decoded(KIND, np.nan) is None
    assert decoded(Feature(name="n", kind="numeric", integer=True), 3.0) == 3
    assert isinstance(decoded(Feature(name="n", kind="numeric"), 3.0), float)
