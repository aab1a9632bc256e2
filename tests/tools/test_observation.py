"""Observations and facts."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import ToolError
from tools.observation import (
    Observation,
    display,
    numbers,
    quote,
    reference,
    resolve,
    show_name,
    show_number,
    show_percent,
)

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


@given(st.text(), finite)
def test_any_key_can_be_addressed(key, value):
    """A label or column of any name stands in a reference, a template and an expression without being misread."""
    ref = reference("t1", "by_label", key)

    assert not set("{}|. -[]") & set(quote(key))
    assert resolve(ref, {"t1": {"by_label": {key: value}}}) == value


@given(st.text(), finite)
def test_every_number_is_found_under_its_reference(key, value):
    """Calculations see each numeric fact under the reference that resolves to it."""
    known = {"t1": {"shares": {key: value}, "list": [{"n": 3}], "flag": True}}

    found = numbers(known)

    assert found == {reference("t1", "shares", key): value, "t1.list.0.n": 3}
    assert all(resolve(ref, known) == number for ref, number in found.items())


@pytest.mark.parametrize("ref", ["t2.x", "t1.b", "t1.a.5", "t1.a.x", "t1.a.0.y"])
def test_a_missing_fact_is_an_error_that_names_it(ref):
    """A reference to nothing says which part is not there."""
    with pytest.raises(ToolError, match=r"No (fact|observation)"):
        resolve(ref, {"t1": {"a": [{"x": 1}]}})


@given(st.floats(min_value=0, max_value=100))
def test_a_percentage_never_rounds_to_certainty(percent):
    """0% and 100% are shown only for exactly these, and the error of what is shown is below half a tenth."""
    shown = show_percent(percent)
    read = float(shown.rstrip("%"))

    assert abs(read - percent) <= 0.05 + 1e-9
    if 1e-9 < percent < 100 - 1e-9:
        assert 0 < read < 100


@given(finite.filter(lambda x: x == 0 or abs(x) > 1e-9), st.integers(2, 8))
def test_a_number_is_shown_to_its_digits(value, digits):
    """What is shown differs from the value by at most half a unit of the last digit."""
    read = float(show_number(value, digits))

    assert math.isclose(read, value, rel_tol=0.51 * 10 ** (1 - digits), abs_tol=0)


@given(st.text(max_size=200))
def test_a_name_from_a_table_is_shown_on_one_short_line(name):
    """No control character, line break or endless text of a cell reaches a text."""
    shown = show_name(name)

    assert len(shown) <= 62
    assert not any(ord(c) < 32 or ord(c) == 127 for c in shown)
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("ref", "value", "tool", "shown"),
    [
        ("t1.label", "1", "predict", "“1”"),
        ("t2.benign", 0.25, "probability", "25.0%"),
        ("t3.features.0.rank", 0, "explain", "largest"),
        ("t3.features.0.rank", 10, "explain", "11th-largest"),
        ("t3.features.0.rank", 20, "explain", "21st-largest"),
        ("t3.features.0.contribution|abs", -1.23456, "explain", "1.23"),
        ("t3.features.0.value", 0.123456789, "explain", "0.123457"),
        ("t3.features.0.value", None, "explain", "missing"),
        ("t4.below", 99.97, "feature_stats", "99.97%"),
        ("t4.share_by_label.no", 0.1881, "feature_stats", "18.8%"),
        ("t4.by_label.no|name", {}, "feature_stats", "“no”"),
        ("t5.labels.no", 3, "similar", "3"),
        ("t6.result|percent", 41.26, "calculate", "41.3%"),
        ("t1.rows", 532, "probability", "532"),
        ("t1.yes.mean", 0.25, "probability", "25.0%"),
        ("t1.before.shares.yes", 0.25, "predict", "25.0%"),
        ("t1.counts.yes", 3, "labels", "3"),
        ("t1.value", 0.87654321, "score", "0.8765"),
        ("t1.value|share", 0.87654321, "score", "87.7%"),
        ("t1.patterns.0.mistakes", 1234567, "mistakes", "1234567"),
        ("t1.patterns.0.share", 0.125, "mistakes", "12.5%"),
        ("t1.patterns.0.where.0.2", 0.1234567, "mistakes", "0.1234567"),
        ("t1.options.0.changes.0.to", 1234567.5, "counterfactual", "1234570"),
        ("t1.table.0.3", 12345.6, "show", "12345.6"),
        ("t1.of", 30, "importance", "30"),
        ("t1.kinds.numeric", 16, "describe", "16"),
    ],
)
def test_a_fact_is_shown_by_its_role(ref, value, tool, shown):
    """The last key, the format and the tool decide how a fact is shown."""
    assert display(ref, value, tool) == shown


@pytest.mark.parametrize("name", ["above", "below", "rank", "unit", "count", "value", "shares", "labels", "rows"])
def test_a_label_called_like_a_key_is_shown_as_a_label(name):
    """What a number is depends on where it stands, not on what somebody called a label or a category."""
    assert display(f"t2.{name}", 0.5, "probability") == "50.0%"
    assert display(f"t4.shares.{name}", 0.5, "feature_stats") == "50.0%"
    assert display(f"t4.share_by_label.{name}", 0.5, "feature_stats") == "50.0%"
    assert display(f"t5.labels.{name}", 3, "similar") == "3"
    assert display(f"t4.by_label.{name}.mean", 0.5, "feature_stats") == "0.5"


def test_an_observation_has_a_result_or_an_error():
    """A failed call is stored with its error instead of a result."""
    good = Observation(id="t1", tool="predict", result={"label": "a"})
    bad = Observation(id="t2", tool="predict", error="no")

    assert "error" not in good.model_dump()
    assert bad.model_dump() == {"id": "t2", "tool": "predict", "args": {}, "error": "no"}
    assert "resolved" not in good.model_dump()
    seen = Observation(id="t3", tool="count", result={"rows": 1}, resolved={"where": []})
    assert seen.model_dump()["resolved"] == {"where": []}
    assert Observation.model_validate_json(seen.model_dump_json()) == seen
    assert Observation.model_validate(json.loads(bad.model_dump_json())) == bad
