"""Contributions over cohorts, and the ranking of the features."""

import numpy as np
import pytest

from tools.bundle import Bundle
from tools.toolbox import Toolbox

WHERE = [["OverTime", "==", "Yes"], ["Age", "<", 30]]


@pytest.mark.parametrize("kind", ["logistic", "gbdt"])
def test_contributions_of_a_cohort_add_up(bundle, table, kind):
    """They are the means over its rows; base, listed and rest make the mean total; ranks follow the sizes."""
    fitted = bundle("attrition", kind)
    found = Toolbox(fitted).call("explain", {"where": WHERE, "label": "Yes"}).result
    frame, _ = table("attrition")
    X = fitted.X[((frame.OverTime == "Yes") & (frame.Age < 30)).to_numpy()]  # noqa: N806
    base, contributions, _ = fitted.attributor.contributions(X, 1)
    means = dict(zip(fitted.schema.names, contributions.mean(axis=0), strict=True))

    assert found["rows"] == len(X)
    assert "sample" not in found
    assert (found["towards"], found["base"]) == ("Yes", pytest.approx(base))
    amounts = [entry["contribution"] for entry in found["features"]]
    assert amounts == pytest.approx([means[entry["feature"]] for entry in found["features"]])
    assert found["base"] + sum(amounts) + found["rest"] == pytest.approx(found["total"])
    assert found["total"] == pytest.approx(float(fitted.attributor.totals(X, 1).mean()))
    assert [entry["rank"] for entry in found["features"]] == list(range(10))
    assert sorted(map(abs, amounts), reverse=True) == pytest.approx(list(map(abs, amounts)))


def test_towards_the_label_most_rows_are_predicted_to_have(bundle):
    """Without a label, an average explains what is predicted for most of the rows."""
    toolbox = Toolbox(bundle("penguins", "gbdt"))

    assert toolbox.call("explain", {"where": [["label", "==", "Gentoo"]]}).result["towards"] == "Gentoo"
    assert "Did you mean 'Gentoo'" in toolbox.call("explain", {"label": "Gento"}).error


def test_a_row_of_the_table_is_explained_as_the_row_alone(bundle):
    """Selected by a condition or given as the row, the explanation is the same."""
    fitted = bundle("attrition", "gbdt")
    selected = Toolbox(fitted).call("explain", {"where": [["row", "==", 5]], "top": 12}).result

    assert selected == Toolbox(fitted, fitted.features_of(5)).call("explain", {"top": 12}).result


def test_importance(bundle):
    """Over all rows it is what was stored; over a cohort the mean absolute contribution of its rows; one by name."""
    fitted = bundle("pima", "logistic")
    toolbox = Toolbox(fitted)

    assert toolbox.call("importance", {"top": 3}).result == {"features": fitted.importance[:3], "rows": 160}
    one = toolbox.call("importance", {"feature": "glu"}).result
    assert one == {**fitted.importance[0], "of": 7, "rows": 160}
    some = toolbox.call("importance", {"where": [["age", ">", 50]], "feature": "glu"}).result
    X = fitted.X[fitted.X[:, fitted.schema.names.index("age")] > 50]  # noqa: N806
    _, contributions, _ = fitted.attributor.contributions(X, 1)
    assert some["importance"] == pytest.approx(float(np.abs(contributions[:, 1]).mean()))
    assert some["rows"] == len(X)
    assert "Did you mean 'glu'" in toolbox.call("importance", {"feature": "glue"}).error


def test_what_is_sampled_is_said(bundle, table):
    """Of more rows than are looked at, the number of these is part of the result, and the same each time."""
    fitted = bundle("attrition", "gbdt")
    calls = [("importance", {}), ("importance", {"where": [["Age", ">", 20]]}), ("explain", {})]
    for tool, args in calls:
        first, again = (Toolbox(fitted).call(tool, args).result for _ in range(2))

        assert first["sample"] == 500 < first["rows"]
        assert first == again


def test_contributions_of_what_is_changed(table):
    """After a change the changed rows are explained, also with a predictor somebody brought."""
    frame, target = table("iris")
    from sklearn.tree import DecisionTreeClassifier

    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(frame.drop(columns=target), frame[target])
    toolbox = Toolbox(Bundle.fit(frame, target, predictor=model))
    change = {"changes": [{"column": "petal width (cm)", "action": "set", "value": 0.1}]}

    found = toolbox.call("explain", {"where": [["row", "in", [60, 120]]], "label": "0", **change}).result
    assert (found["space"], found["rows"]) == ("probability", 2)
    assert (
        found["total"]
        == toolbox.call("probability", {"where": [["row", "in", [60, 120]]], **change}).result["0"]["mean"]
    )
