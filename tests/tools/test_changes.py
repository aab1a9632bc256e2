"""What-if changes of rows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.changes import Change, changed
from tools.errors import ToolError
from tools.feature import Feature

FEATURES = (
    Feature(name="age", kind="numeric", integer=True),
    Feature(name="kind", kind="categorical", categories=("a", "b")),
    Feature(name="smoker", kind="boolean", categories=("No", "Yes")),
)
CELLS = st.tuples(st.none() | st.floats(-1e6, 1e6), st.sampled_from([None, 0, 1]), st.sampled_from([None, 0, 1]))
CHANGE = (
    st.tuples(
        st.just("age"), st.sampled_from(["set", "increase", "decrease"]), st.floats(-1e6, 1e6) | st.integers(0, 9)
    )
    | st.tuples(st.just("kind"), st.just("set"), st.sampled_from(["a", "b", None]))
    | st.tuples(st.just("smoker"), st.just("set"), st.sampled_from(["No", "Yes", True, False]))
)


def expected(row, changes):
    """Return a plain row after the changes, one by one."""
    row = list(row)
    for name, action, value in changes:
        at = ["age", "kind", "smoker"].index(name)
        if name == "age" and action != "set":
            row[0] = None if row[0] is None else row[0] + (value if action == "increase" else -value)
        elif name == "age" or value is None:
            row[at] = value
        else:
            row[at] = {"a": 0, "b": 1, "No": 0, "Yes": 1, False: 0, True: 1}[value]
    return row


@given(st.lists(CELLS, min_size=1, max_size=5), st.lists(CHANGE, max_size=4))
def test_changes_do_what_they_say(rows, changes):
    """Changes are made on copies, one after the other; a missing number stays missing unless it is set."""
    values = np.array([[math.nan if cell is None else cell for cell in row] for row in rows], dtype=float)
    before = values.copy()
    made = [Change(column=column, action=action, value=value) for column, action, value in changes]
    wanted = [[math.nan if cell is None else cell for cell in expected(row, changes)] for row in rows]

    np.testing.assert_array_equal(changed(values, made, FEATURES), np.array(wanted, dtype=float))
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("column", "action", "value", "message"),
    [
        ("aeg", "set", 3, "changes: there is no feature 'aeg'. Did you mean 'age'?"),
        ("label", "set", "yes", "changes: there is no feature 'label'"),
        ("age", "set", "old", "changes: column 'age': 'old' is not a number. Give a number."),
        ("age", "set", 1e200, "is beyond 1e+100"),
        ("age", "increase", None, "changes: 'age' needs a number to increase"),
        ("age", "increase", True, "True is not a number"),
        ("kind", "increase", 1, "changes: 'kind' holds categories, which do not increase. Use the action set."),
        ("kind", "set", "c", "'c' is no value of 'kind'"),
    ],
)
def test_what_is_wrong_with_a_change(column, action, value, message):
    """Each mistake is one line that names it and says the mend."""
    with pytest.raises(ToolError) as caught:
        changed(np.zeros((1, 3)), [Change(column=column, action=action, value=value)], FEATURES)

    assert message in str(caught.value)
