"""How good the predictor is, and on which rows that is judged."""

import pytest

from tools.metrics import METRICS
from tools.toolbox import Toolbox


@pytest.mark.parametrize("name", ["pima", "penguins"])
def test_over_all_rows_it_is_the_measure_on_the_held_out_ones(bundle_of, name):
    """Without conditions a score is what was measured when the bundle was fitted."""
    bundle = bundle_of(name)
    toolbox = Toolbox(bundle)

    for metric in ("accuracy", "roc_auc", "log_loss", "brier", "ece"):
        found = toolbox.call("score", {"metric": metric}).result
        assert found["value"] == pytest.approx(bundle.performance[metric])
        assert (found["rows"], found["split"]) == (bundle.performance["n"], "held-out")
    assert all(toolbox.call("score", {"metric": metric}).error is None for metric in METRICS)


def test_which_rows_are_judged(bundle_of, table):
    """The held-out rows of a cohort where it has any, its others where not, all rows of a given table."""
    bundle = bundle_of("pima")
    frame, _ = table("pima")
    numbers = bundle.held_out()[2].tolist()
    trained = sorted(set(range(len(frame))) - set(numbers))[:30]
    toolbox = Toolbox(bundle)

    def of(rows):
        return toolbox.call("score", {"metric": "accuracy", "where": [["row", "in", rows]]}).result

    assert (of(trained)["rows"], of(trained)["split"]) == (30, "train")
    assert (of(trained + numbers[:3])["rows"], of(trained + numbers[:3])["split"]) == (3, "held-out")
    right = [bundle.predictor.probabilities(bundle.X[i : i + 1])[0].argmax() == bundle.y[i] for i in numbers[:3]]
    assert of(trained + numbers[:3])["value"] == pytest.approx(sum(right) / 3)
    given = Toolbox(bundle, data=frame).call("score", {"metric": "accuracy"}).result
    assert (given["rows"], given["split"]) == (200, "data")


def test_the_positive_label_is_said(bundle_of):
    """Of two labels the second one is positive; averages over more have none."""
    assert Toolbox(bundle_of("pima")).call("score", {"metric": "recall"}).result["positive"] == "Yes"
    assert "positive" not in Toolbox(bundle_of("pima")).call("score", {"metric": "accuracy"}).result
    assert "positive" not in Toolbox(bundle_of("penguins")).call("score", {"metric": "recall"}).result


def test_a_given_table_without_labels(bundle_of, table):
    """Nothing is scored against labels that are not there; some of them missing is said too."""
    bundle = bundle_of("pima")
    frame, target = table("pima")
    without = Toolbox(bundle, data=frame.drop(columns=target))
    for tool, args in (("score", {"metric": "f1"}), ("mistakes", {"kind": "examples"}), ("labels", {})):
        assert "has no labels. Give a table with the column 'type'." in without.call(tool, args).error
    assert without.call("predict", {}).result["rows"] == 200

    frame.loc[frame.index[:4], target] = None
    some = Toolbox(bundle, data=frame)
    assert some.call("score", {"metric": "f1"}).error.startswith("4 of these 200 rows have no true label. Add the cond")
    assert some.call("score", {"metric": "f1", "where": [["label", "!=", None]]}).result["rows"] == 196
