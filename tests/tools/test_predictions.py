"""What is predicted, how likely, and what is true."""

import numpy as np
import pytest

from tools.toolbox import Toolbox

WHERE = [["glu", ">", 120], ["age", "<=", 40]]
MORE = [{"column": "glu", "action": "increase", "value": 30}]


@pytest.fixture(name="frame")
def _frame(table):
    return table("pima")[0]


def test_shares_of_labels(bundle_of, frame):
    """Predicted and true shares, and counts, are those of the table's rows."""
    bundle = bundle_of("pima")
    toolbox = Toolbox(bundle)
    chosen = ((frame.glu > 120) & (frame.age <= 40)).to_numpy()
    yes = bundle.predictor.probabilities(bundle.X[chosen])[:, 1]

    assert toolbox.call("count", {"where": WHERE}).result == {"rows": chosen.sum()}
    predicted = toolbox.call("predict", {"where": WHERE}).result
    assert predicted == {
        "shares": {"No": pytest.approx((yes <= 0.5).mean()), "Yes": pytest.approx((yes > 0.5).mean())},
        "rows": chosen.sum(),
    }
    likely = toolbox.call("probability", {"where": WHERE}).result
    assert likely["Yes"] == {"mean": pytest.approx(yes.mean()), "std": pytest.approx(yes.std())}
    true = toolbox.call("labels", {"where": WHERE}).result
    assert true["counts"] == frame.type[chosen].value_counts().to_dict()
    assert true["shares"]["Yes"] == pytest.approx((frame.type[chosen] == "Yes").mean())


def test_one_row(bundle_of, frame):
    """Of one row there is a label, and one probability each."""
    bundle = bundle_of("pima")
    toolbox = Toolbox(bundle)
    where = [["row", "==", 3]]
    p = bundle.predictor.probabilities(bundle.X[3:4])[0]

    assert toolbox.call("predict", {"where": where}).result == {"label": ["No", "Yes"][p.argmax()], "rows": 1}
    assert toolbox.call("probability", {"where": where}).result == {"No": p[0], "Yes": p[1]}
    assert toolbox.call("labels", {"where": where}).result == {"label": frame.type[3], "rows": 1}


def test_what_if_says_what_it_was_before(bundle_of, frame):
    """After a change, the prediction before it is said too, of one row and of several."""
    toolbox = Toolbox(bundle_of("pima"))
    where = [["row", "==", 3]]

    one = toolbox.call("predict", {"where": where, "changes": MORE}).result
    assert one["before"] == {"label": toolbox.call("predict", {"where": where}).result["label"]}
    several = toolbox.call("predict", {"where": WHERE, "changes": MORE}).result
    assert several["before"] == {"shares": toolbox.call("predict", {"where": WHERE}).result["shares"]}
    assert several["shares"]["Yes"] > several["before"]["shares"]["Yes"]
    assert np.isclose(sum(several["shares"].values()), 1)
