"""Which features act together."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier

from tools.bundle import Bundle
from tools.toolbox import Toolbox


@pytest.fixture(name="frame", scope="module")
def _frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-1, 1, (800, 4)), columns=list("abcd"))
    return frame.assign(answer=np.where(frame.a * frame.b + 0.2 * frame.c > 0, "yes", "no"))


def test_a_product_is_found(frame):
    """Where the label depends on the product of two features, these two act together most."""
    toolbox = Toolbox(Bundle.fit(frame, "answer", predictor="gbdt"))
    found = toolbox.call("interactions", {"top": 2}).result

    assert found["pairs"][0]["features"] in (["a", "b"], ["b", "a"])
    assert found["pairs"][0]["strength"] > 2 * found["pairs"][1]["strength"] > 0
    assert [pair["rank"] for pair in found["pairs"]] == [0, 1]
    assert not found["additive"]
    assert (found["rows"], found["sample"], found["space"]) == (800, 200, "log-odds")
    assert found == toolbox.call("interactions", {"top": 2}).result


def test_the_formula(frame):
    """The strength is the mean absolute mixed second difference of the log-odds, computed here row by row."""
    bundle = Bundle.fit(frame, "answer", predictor="gbdt")
    where = [["row", "in", [3, 8]]]
    found = Toolbox(bundle).call("interactions", {"where": where}).result["pairs"]
    x, z = bundle.X[3], bundle.X[8]

    def odds(**columns):
        row = x.copy()
        for name in columns:
            row["abcd".index(name)] = z["abcd".index(name)]
        logits = bundle.predictor.logits(row[None])[0]
        return logits[1] - logits[0]

    # Of two rows every pair is (x, z) or (z, x), whose mixed differences have the same size where the rest is the same.
    pair = next(pair for pair in found if set(pair["features"]) == {"a", "b"})
    one = abs(odds() - odds(a=1) - odds(b=1) + odds(a=1, b=1))
    x, z = z, x
    other = abs(odds() - odds(a=1) - odds(b=1) + odds(a=1, b=1))
    assert min(one, other) - 1e-9 <= pair["strength"] <= max(one, other) + 1e-9


def test_an_additive_model_has_none(bundle):
    """A logistic regression is a sum over features, whatever the rows."""
    found = Toolbox(bundle("pima", "logistic")).call("interactions", {"where": [["row", "==", 1]]}).result

    assert found == {"pairs": [], "rows": 1, "additive": True}


def test_more_labels_and_brought_predictors(bundle, frame):
    """Three labels are averaged; a brought predictor is asked for probabilities."""
    three = Toolbox(bundle("penguins", "gbdt")).call("interactions", {}).result
    model = RandomForestClassifier(5, random_state=0).fit(frame[list("abcd")], frame.answer)
    brought = Toolbox(Bundle.fit(frame, "answer", predictor=model)).call("interactions", {}).result

    assert three["space"] == "margin"
    assert len(three["pairs"]) <= 10
    assert brought["space"] == "probability"
    assert 0 < brought["pairs"][0]["strength"] <= 2


def test_one_row_has_nothing_to_compare(bundle):
    """Mixed differences need two rows."""
    error = Toolbox(bundle("penguins", "gbdt")).call("interactions", {"where": [["row", "==", 1]]}).error

    assert error == "interactions needs two rows or more, this is one. Use other conditions."
