"""Statistics of a column over a cohort."""

import numpy as np
import pandas as pd
import pytest

from tools.bundle import Bundle
from tools.toolbox import Toolbox


def test_over_the_training_rows_they_are_those_that_are_stored(table):
    """Asked about exactly the rows that trained the predictor, every number is the stored one."""
    frame, target = table("penguins")
    bundle = Bundle.fit(frame, target, predictor="logistic")
    where = [["row", "in", np.flatnonzero(bundle.train).tolist()]]
    for feature, value in (
        ("body_mass_g", 4000),
        ("body_mass_g", None),
        ("island", "Dream"),
        ("year", 2008),
        (target, None),
    ):
        args = {"feature": feature} | ({} if value is None else {"value": value})
        found = Toolbox(bundle).call("feature_stats", {"where": where, **args}).result

        assert found.pop("rows") == bundle.train.sum()
        assert found == bundle.statistics.feature_stats(feature, value)


def test_they_are_pandas(table, bundle_of):
    """Count, missing, mean, spread and quartiles are those of the cohort's rows, overall and per label."""
    frame, target = table("penguins")
    where = [["sex", "==", "female"], ["year", ">", 2007]]
    found = Toolbox(bundle_of("penguins")).call("feature_stats", {"feature": "bill_depth_mm", "where": where}).result
    rows = frame[(frame.sex == "female") & (frame.year > 2007)]
    for part, column in [(found["overall"], rows.bill_depth_mm)] + [
        (found["by_label"][label], rows.bill_depth_mm[rows[target] == label]) for label in sorted(set(frame[target]))
    ]:
        described = column.describe()
        assert (part["count"], part["missing"]) == (column.notna().sum(), column.isna().sum())
        for name, other in [("mean", "mean"), ("std", "std"), ("q1", "25%"), ("median", "50%"), ("max", "max")]:
            assert part[name] == pytest.approx(described[other])


def test_places_of_values(table, bundle_of):
    """Percentile, shares below and above, and z-score of a value among the cohort's; a category's shares."""
    frame, _ = table("pima")
    toolbox = Toolbox(bundle_of("pima"))
    where = [["age", "<", 30]]
    found = toolbox.call("feature_stats", {"feature": "glu", "value": 120, "where": where}).result
    glu = frame.glu[frame.age < 30]

    assert found["below"] == pytest.approx(100 * (glu < 120).mean())
    assert found["above"] == pytest.approx(100 * (glu > 120).mean())
    assert found["percentile"] == pytest.approx(100 * ((glu < 120).mean() + (glu == 120).mean() / 2))
    assert found["z_score"] == pytest.approx((120 - glu.mean()) / glu.std())
    assert set(found["value_by_label"]) == {"No", "Yes"}


def test_small_and_unlabelled_cohorts(table, bundle_of):
    """One row has no spread, a label without rows no mean, a table without labels no parts."""
    bundle = bundle_of("pima")
    frame, target = table("pima")
    one = Toolbox(bundle).call("feature_stats", {"feature": "glu", "value": 100, "where": [["row", "==", 0]]}).result
    assert one["overall"]["std"] is one["z_score"] is None
    assert one["overall"]["mean"] == frame.glu[0]
    assert one["by_label"]["Yes"]["mean"] is one["value_by_label"]["Yes"]["percentile"] is None
    toolbox = Toolbox(bundle, data=frame.drop(columns=target))
    assert toolbox.call("feature_stats", {"feature": "glu"}).result["by_label"] == {}
    assert "has no labels" in toolbox.call("feature_stats", {"feature": target}).error


def test_errors(bundle_of):
    """Names and values that do not fit are said with the mend."""
    toolbox = Toolbox(bundle_of("penguins"))
    cases = [
        ({"feature": "bodymass"}, "there is no feature 'bodymass'. Did you mean 'body_mass_g'?"),
        ({"feature": "island", "value": "Dreem"}, "'Dreem' is no value of 'island'. Did you mean 'Dream'?"),
        ({"feature": "year", "value": "soon"}, "column 'year': 'soon' is not a number. Give a number."),
        ({"feature": "species", "value": "Gentoo"}, "'species' is the target. Ask for it without a value."),
    ]
    for args, message in cases:
        assert toolbox.call("feature_stats", args).error == message


def test_a_category_new_to_training(table, bundle_of):
    """Of a given table, a category that training has not seen is counted, not taken for missing."""
    frame = table("penguins")[0].head(10).assign(island=["Atlantis"] * 4 + ["Dream"] * 6)
    found = Toolbox(bundle_of("penguins"), data=frame).call("feature_stats", {"feature": "island"}).result

    assert found["overall"]["shares"]["Atlantis"] == 0.4
    assert found["overall"]["missing"] == 0
    assert isinstance(frame, pd.DataFrame)
