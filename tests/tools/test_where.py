"""Conditions: what they select, how they are joined, and what is wrong with one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.columns import Categories, Ids, Numbers
from tools.errors import ToolError, did_you_mean
from tools.where import EVERY, both, dump, mask, parse, shown

KINDS = ("a", "b", "c d")
SIGNS = {
    "==": lambda cell, value: cell == value,
    "!=": lambda cell, value: cell != value,
    ">": lambda cell, value: cell > value,
    ">=": lambda cell, value: cell >= value,
    "<": lambda cell, value: cell < value,
    "<=": lambda cell, value: cell <= value,
    "in": lambda cell, value: cell in value,
}


def columns_of(rows):
    """Return the function from a name to a column of some rows."""
    columns = {
        "age": Numbers("age", np.array([np.nan if row["age"] is None else row["age"] for row in rows], dtype=float)),
        "kind": Categories(
            "kind", np.array([np.nan if row["kind"] is None else KINDS.index(row["kind"]) for row in rows]), KINDS
        ),
        "id": Ids("id", tuple(str(row["id"]) for row in rows)),
    }

    def column_of(name):
        if name not in columns:
            raise ToolError(f"there is no column {name!r}.", hint=did_you_mean(name, columns))
        return columns[name]

    return column_of


def holds(condition, row):
    """Tell whether a plain row satisfies a condition: the rules, row by row."""
    name, sign, value = condition
    cell = row[name]
    if value is None:
        return (cell is None) == (sign == "==")
    return cell is not None and SIGNS[sign](cell, value)


def selected(where, rows):
    """Return which rows are selected, by the rules."""
    lists = where["any"] if isinstance(where, dict) else [where]
    return [any(all(holds(condition, row) for condition in listed) for listed in lists) for row in rows]


AGES = st.none() | st.integers(0, 6) | st.floats(0, 6)
ROWS = st.lists(
    st.fixed_dictionaries({"age": AGES, "kind": st.none() | st.sampled_from(KINDS), "id": st.integers(0, 5)}),
    min_size=1,
    max_size=12,
)
NUMBER = st.integers(0, 6) | st.floats(0, 6)
CONDITION = (
    st.tuples(st.just("age"), st.sampled_from(["==", "!=", ">", ">=", "<", "<="]), NUMBER)
    | st.tuples(st.just("age"), st.just("in"), st.lists(NUMBER, min_size=1, max_size=3))
    | st.tuples(st.just("kind"), st.sampled_from(["==", "!="]), st.sampled_from(KINDS))
    | st.tuples(st.just("kind"), st.just("in"), st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    | st.tuples(st.sampled_from(["age", "kind", "id"]), st.sampled_from(["==", "!="]), st.none())
    | st.tuples(st.just("id"), st.sampled_from(["==", "!=", ">", ">=", "<", "<="]), st.integers(0, 5))
    | st.tuples(st.just("id"), st.just("in"), st.lists(st.integers(0, 5), min_size=1, max_size=3))
).map(list)
LISTED = st.lists(CONDITION, max_size=3)
ANY = st.lists(st.lists(CONDITION, min_size=1, max_size=2), min_size=1, max_size=5)  # 25 pairs are within the limit
WHERE = LISTED | st.fixed_dictionaries({"any": ANY})


@given(ROWS, WHERE)
def test_where_selects_what_the_rules_say(rows, where):
    """Vectorised, conditions select the rows that they select one by one; what is written back selects the same."""
    column_of = columns_of(rows)
    checked = parse(where, column_of)

    assert mask(checked, column_of, len(rows)).tolist() == selected(where, rows)
    again = parse(json.loads(json.dumps(dump(checked))), column_of)
    assert mask(again, column_of, len(rows)).tolist() == selected(where, rows)


@given(ROWS, WHERE, WHERE)
def test_both_selects_what_both_select(rows, one, other):
    """The conjunction selects the rows that are selected by the one and by the other, and can be written."""
    column_of = columns_of(rows)
    joined = both(parse(one, column_of), parse(other, column_of))
    expected = [a and b for a, b in zip(selected(one, rows), selected(other, rows), strict=True)]

    assert mask(joined, column_of, len(rows)).tolist() == expected
    assert mask(parse(dump(joined), column_of), column_of, len(rows)).tolist() == expected


ROW = [{"age": 30.0, "kind": "a", "id": 7}, {"age": None, "kind": None, "id": 8}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["age", "kind", "id", ">", "in", "any"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["any", "x"]), inner, max_size=2),
)


@given(JSON)
def test_whatever_an_agent_writes(raw):
    """Any JSON is a `where` that selects rows, or an error of one line."""
    column_of = columns_of(ROW)
    try:
        chosen = mask(parse(raw, column_of), column_of, 2)
    except ToolError as error:
        chosen = np.zeros(2, dtype=bool)
        message = str(error)
        assert "\n" not in message

    assert chosen.shape == (2,)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (["age", ">", 3], "where: 'age' is no condition. Write [[column, sign, value], …], or {\"any\""),
        ([["age", ">"]], "\"['age', '>']\" is no condition"),
        ([{"column": "age", "sign": ">", "value": 3}], "is no condition. Write [[column, sign, value]"),
        ("age > 3", "where has another form. Write [[column"),
        ({"all": []}, "where has another form"),
        ({"any": []}, "where has another form"),
        ({"any": [[]]}, 'an entry of "any" is no list of conditions'),
        ({"any": [["age", ">", 3]]}, "where: 'age' is no condition"),
        ([["agee", ">", 3]], "there is no column 'agee'. Did you mean 'age'?"),
        ([["age", "above", 3]], "there is no sign 'above'. Signs are == != > >= < <= in."),
        ([["age", ">", "old"]], "column 'age': 'old' is not a number"),
        ([["age", ">", True]], "column 'age': True is not a number"),
        ([["age", ">", None]], "'age' is compared with NoneType. Compare with null by == or !=."),
        ([["age", "==", [3]]], "'age' is compared with list. Give one number or text; use `in` for a list."),
        ([["age", "==", float("nan")]], "'age' is compared with no number"),
        ([["age", "==", 10**400]], "is infinite"),
        ([["age", "in", 3]], "'age' in needs a list of 1 to 1000 values"),
        ([["age", "in", []]], "'age' in needs a list"),
        ([["age", "in", [None]]], "'age' is compared with NoneType"),
        ([["kind", "==", "aa"]], "'aa' is no value of 'kind'. Did you mean 'a'?"),
        ([["kind", ">", "a"]], "'kind' holds categories, which have no order. Use ==, != or in."),
        ([["kind", "in", ["a", "z"]]], "'z' is no value of 'kind'"),
        ([["id", "==", True]], "True is no id"),
        ([["age", ">", 3]] * 300, "where has more than 256 conditions"),
    ],
)
def test_what_is_wrong_with_a_condition(where, message):
    """Each mistake is one line that names it and says the mend."""
    with pytest.raises(ToolError) as caught:
        parse(where, columns_of(ROW))

    assert message in str(caught.value)


def test_values_are_taken_as_the_column_holds_them():
    """Numbers written as text are numbers; ids are compared as text, and in order where all of them are numbers."""
    column_of = columns_of(ROW)

    assert dump(parse([["age", ">=", "30"]], column_of)) == [["age", ">=", 30.0]]
    assert mask(parse([["id", "==", "7"]], column_of), column_of, 2).tolist() == [True, False]
    assert mask(parse([["id", "==", 7.0]], column_of), column_of, 2).tolist() == [True, False]
    assert mask(parse([["id", ">", 7]], column_of), column_of, 2).tolist() == [False, True]
    with pytest.raises(ToolError, match=r"not every 'id' is a number. Use ==, != or in"):
        parse([["id", ">", 7]], columns_of([{**ROW[0], "id": "p7"}]))


def test_nothing_is_every_row():
    """No conditions at all select every row, and so does their conjunction with themselves."""
    assert parse(None, columns_of(ROW)) == parse([], columns_of(ROW)) == both(EVERY, EVERY) == EVERY
    assert dump(EVERY) == []


def test_what_two_lists_select_together_is_written_once():
    """Pairs of the same conditions count once towards the limit, in whatever order."""
    column_of = columns_of(ROW)
    ages = [["age", "==", i] for i in range(10)]
    many = parse({"any": [[a, ["kind", "==", "a"]] for a in ages]}, column_of)
    turned = parse({"any": [[["kind", "==", "a"], a] for a in ages]}, column_of)

    assert len(both(many, turned)) == 55


def test_a_conjunction_that_grows_too_large_is_refused():
    """The product of two long lists is refused, not built into a prompt."""
    column_of = columns_of(ROW)
    many = parse({"any": [[["age", "==", i]] for i in range(20)]}, column_of)
    others = parse({"any": [[["id", "==", i]] for i in range(20)]}, column_of)

    with pytest.raises(ToolError, match="these conditions together are too many"):
        both(many, others)


def test_long_values_are_cut_in_messages():
    """A message shows at most 60 characters of a value."""
    assert len(shown(parse([["age", "in", list(range(500))]], columns_of(ROW))[0])) < 80
