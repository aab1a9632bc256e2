"""Statistics of features, and where a value lies among them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import percentileofscore

from tools.errors import ToolError
from tools.knots import MOST_KNOTS, KnotsFile
from tools.observation import show_percent
from tools.schema import Feature, Schema
from tools.statistics import Statistics


def of(values, labels=("a", "b")):
    """Return the statistics of one numeric column, its rows labelled in turn."""
    schema = Schema(target="class", labels=labels, features=(Feature(name="x", kind="numeric"),))
    frame = pd.DataFrame({"x": np.asarray(values, dtype=float)})
    return Statistics.compute(frame, np.arange(len(frame)) % len(labels), schema)


@given(arrays(float, st.integers(2, 40), elements=st.integers(-5, 5) | st.floats(-1e6, 1e6)), st.integers(-6, 6))
def test_percentiles_are_exact(values, value):
    """Percentile, below and above are scipy's, overall and per label, also for values that do not occur."""
    found = of(values).feature_stats("x", float(value))
    parts = [(found, values), *((found["value_by_label"][label], values[i::2]) for i, label in enumerate("ab"))]
    for part, rows in parts:
        assert part["percentile"] == pytest.approx(percentileofscore(rows, value, kind="mean"))
        assert part["below"] == pytest.approx(percentileofscore(rows, value, kind="strict"))
        assert part["above"] == pytest.approx(100 - percentileofscore(rows, value, kind="weak"))


@pytest.mark.parametrize("n", [8_194, 12_345, 60_000])
def test_shares_of_many_values_are_exact_as_shown(n):
    """Also of more than 4096 distinct values, some of them frequent; only the percentage's hidden digits may differ."""
    rng = np.random.default_rng(n)
    values = np.where(rng.random(n) < 0.2, rng.integers(-3, 3, n), rng.normal(size=n))
    statistics = of(values)
    ordered = np.sort(values)
    for value in [*rng.normal(size=300), *values[:300], *ordered[:20], *ordered[-20:], *range(-3, 4), -99, 99]:
        found = statistics.feature_stats("x", float(value))
        parts = [(found, values), *((found["value_by_label"][label], values[i::2]) for i, label in enumerate("ab"))]
        for part, rows in parts:
            below, upto = (rows < value).sum(), (rows <= value).sum()
            assert show_percent(part["below"]) == show_percent(100 * below / len(rows))
            assert show_percent(part["above"]) == show_percent(100 * (len(rows) - upto) / len(rows))
            assert part["percentile"] == pytest.approx(50 * (below + upto) / len(rows), abs=0.05)


def test_what_is_stored_does_not_grow_with_the_rows():
    """But for the two thousandths at the ends."""
    values = np.random.default_rng(0).normal(size=200_000)
    overall, *by_label = KnotsFile(of(values).knots, ["x"])["x"]

    assert len(overall.values) <= MOST_KNOTS + 2 * len(values) // 1000
    assert all(len(group.values) <= MOST_KNOTS + len(values) // 1000 for group in by_label)


def test_summary_is_that_of_pandas(table):
    """Count, mean, deviation and quartiles are pandas' own, overall and per label; missing values are counted."""
    frame, target = table("penguins")
    schema = Schema.infer(frame, target)
    checked = schema.check(frame).frame
    found = Statistics.compute(checked, schema.label_indices(frame), schema).feature_stats("bill_depth_mm")
    groups = [("overall", frame), *((label, rows) for label, rows in frame.groupby(target))]
    for name, rows in groups:
        summary = found["overall"] if name == "overall" else found["by_label"][name]
        expected = rows["bill_depth_mm"].describe()
        keys = {"mean": "mean", "std": "std", "min": "min", "q1": "25%", "median": "50%", "q3": "75%", "max": "max"}
        assert summary == pytest.approx(
            {key: expected[other] for key, other in keys.items()}
            | {"count": int(expected["count"]), "missing": int(rows["bill_depth_mm"].isna().sum())}
        )


def test_categories_have_shares(bundle):
    """A category has its share, overall and per label; the shares of all categories sum to 1."""
    found = bundle("penguins", "logistic").statistics.feature_stats("sex", "male")

    assert sum(found["overall"]["shares"].values()) == pytest.approx(1)
    assert found["overall"]["missing"] > 0
    assert found["value"] == "male"
    assert found["share"] == found["overall"]["shares"]["male"]
    assert found["share_by_label"]["Gentoo"] == found["by_label"]["Gentoo"]["shares"]["male"]


def test_target_has_shares(bundle):
    """The target may be asked for by its name."""
    found = bundle("penguins", "logistic").statistics.feature_stats("species")

    assert found["kind"] == "label"
    assert sum(found["overall"]["shares"].values()) == pytest.approx(1)


def test_no_spread_no_z_score():
    """Where the standard deviation is 0 there is no z-score; where a label has no value there is nothing."""
    assert of([2.0, 2.0, 2.0, 2.0]).feature_stats("x", 3)["z_score"] is None
    assert of([1.0, np.nan, 2.0, np.nan]).feature_stats("x", 1)["value_by_label"]["b"] == dict.fromkeys(
        ("percentile", "below", "above", "z_score")
    )
    assert of([1.0, np.nan, 2.0, np.nan]).feature_stats("x")["by_label"]["b"]["mean"] is None


def test_order_of_rows_does_not_matter():
    """The same rows in another order give the same digits."""
    values = np.random.default_rng(1).lognormal(size=1000)

    one, other = of(values), of(values[::-1])
    assert one.stored["features"]["x"]["overall"] == other.stored["features"]["x"]["overall"]
    assert one.feature_stats("x", 1.0)["percentile"] == other.feature_stats("x", 1.0)["percentile"]


def test_stored_as_json_and_parquet(bundle):
    """What is stored answers the same when it is read back."""
    statistics = bundle("cancer", "logistic").statistics
    stored = json.loads(json.dumps(statistics.stored, allow_nan=False))
    again = Statistics(statistics.schema, stored, statistics.knots)

    assert again.feature_stats("mean radius", 17.99) == statistics.feature_stats("mean radius", 17.99)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bill_depth",), "there is no feature 'bill_depth'. Did you mean 'bill_depth_mm'"),
        (("bill_depth_mm", "deep"), "column 'bill_depth_mm': 'deep' is not a number. Give a number"),
        (("sex", "mail"), "'mail' is no category of 'sex'. Did you mean 'male'"),
        (("species", "Adelie"), "'species' is the target. Ask for it without a value"),
    ],
)
def test_errors(bundle, arguments, message):
    """Wrong names and values are named with the nearest."""
    with pytest.raises(ToolError, match=message):
        bundle("penguins", "logistic").statistics.feature_stats(*arguments)
