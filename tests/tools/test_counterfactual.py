"""The smallest changes that flip a prediction, each predicted again."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from tools.bundle import Bundle
from tools.toolbox import Toolbox


def ask(bundle, row, **args):
    """Return the result for one row of a table."""
    seen = Toolbox(bundle).call("counterfactual", {"where": [["row", "==", row]], **args})
    assert seen.error is None
    return seen.result


@pytest.mark.parametrize("kind", ["logistic", "gbdt"])
@pytest.mark.parametrize("name", ["pima", "penguins", "attrition"])
def test_every_option_flips_the_row_that_is_shown(bundle, table, name, kind):
    """The values shown, set by hand as changes, give the label and the probability shown; they occur in the table."""
    fitted = bundle(name, kind)
    frame, _ = table(name)
    for number in range(0, len(frame), len(frame) // 12):
        row, found = fitted.features_of(number), ask(fitted, number)

        assert found["found"] == bool(found["options"])
        assert len({len(option["changes"]) for option in found["options"]}) <= 1
        assert len(found["options"]) <= 3
        for option in found["options"]:
            changes = [{"column": c["feature"], "action": "set", "value": c["to"]} for c in option["changes"]]
            args = {"where": [["row", "==", number]], "changes": changes}
            assert Toolbox(fitted).call("predict", args).result["label"] == option["label"] != found["label"]
            changed = fitted.schema.check_row(row | {c["feature"]: c["to"] for c in option["changes"]})
            p = Toolbox(fitted, changed).call("probability", {}).result
            assert max(p, key=p.get) == option["label"]
            assert p[option["label"]] == pytest.approx(option["probability"])
            for change in option["changes"]:
                assert row[change["feature"]] == change["from"] != change["to"]
                assert change["to"] in set(frame[change["feature"]].dropna().astype(object))
        assert found == ask(fitted, number)


def test_no_smaller_change_of_one_feature_is_missed(bundle):
    """Against all values that occur: where one change flips the row, the first option is the smallest such one."""
    fitted = bundle("pima", "logistic")
    X, std = fitted.X[fitted.train], [fitted.statistics.moments(name)[1] for name in fitted.schema.names]  # noqa: N806
    for number in range(0, 200, 17):
        x, best = fitted.X[number], np.inf
        label = fitted.predictor.probabilities(x[None])[0].argmax()
        for at in range(len(x)):
            for value in np.unique(X[:, at]):
                changed = x.copy()
                changed[at] = value
                if fitted.predictor.probabilities(changed[None])[0].argmax() != label:
                    best = min(best, abs(value - x[at]) / std[at])
        found = ask(fitted, number)["options"]
        single = bool(found) and len(found[0]["changes"]) == 1

        assert single == (best < np.inf)
        if single:
            [change] = found[0]["changes"]
            assert abs(change["to"] - change["from"]) / std[
                fitted.schema.names.index(change["feature"])
            ] == pytest.approx(best)


@pytest.fixture(name="frame", scope="module")
def _frame():
    """Return a table in which two of three conditions have to hold: no single change flips the rows with none."""
    rows = [dict(zip("abc", cells, strict=True)) for cells in product([0, 1, 2, 3], ["n", "y"], [0.0, 1.0])] * 12
    frame = pd.DataFrame(rows)
    held = (frame.a >= 2).astype(int) + (frame.b == "y") + (frame.c == 1)
    return frame.assign(answer=np.where(held >= 2, "yes", "no"))


def number_of(frame, **cells):
    """Return the number of the first row with these cells."""
    return int(np.flatnonzero((frame[list(cells)] == pd.Series(cells)).all(axis=1))[0])


def test_two_changes_where_one_is_not_enough(frame):
    """With none of the conditions two changes are needed; with one of them one is; integers stay integers."""
    bundle = Bundle.fit(frame, "answer", predictor="gbdt")
    none = ask(bundle, number_of(frame, a=0, b="n", c=0.0))
    one = ask(bundle, number_of(frame, a=0, b="y", c=0.0))

    assert none["target"] == "yes"
    assert {len(option["changes"]) for option in none["options"]} == {2}
    assert len(none["options"]) == 3
    assert {len(option["changes"]) for option in one["options"]} == {1}
    assert {"feature": "a", "from": 0, "to": 2} in [option["changes"][0] for option in one["options"]]


def test_limits_are_kept(frame):
    """Nothing immutable changes, nothing leaves its range; where that leaves nothing, none is found."""
    words = {"b": {"immutable": True}, "a": {"range": [0, 1]}}
    bundle = Bundle.fit(frame, "answer", predictor="gbdt", dictionary=words)
    none = ask(bundle, number_of(frame, a=0, b="n", c=0.0))
    one = ask(bundle, number_of(frame, a=0, b="y", c=0.0))

    assert none == {"label": "no", "target": "yes", "found": False, "options": []}
    assert [option["changes"] for option in one["options"]] == [[{"feature": "c", "from": 0, "to": 1}]]
    fixed = {name: {"immutable": True} for name in "abc"}
    assert not ask(Bundle.fit(frame, "answer", predictor="gbdt", dictionary=fixed), 0)["found"]


def test_three_changes():
    """Where all of three features have to change, three change."""
    rows = [dict(zip("abc", cells, strict=True)) for cells in product([0.0, 1.0, 2.0], [0, 1, 2], ["n", "y"])] * 20
    frame = pd.DataFrame(rows)
    frame["answer"] = np.where((frame.a > 1) & (frame.b > 1) & (frame.c == "y"), "yes", "no")
    [option] = ask(Bundle.fit(frame, "answer", predictor="gbdt"), 0)["options"]

    assert [change["to"] for change in option["changes"]] == [2, 2, "y"]


def test_targets(bundle):
    """A named label is reached, or none is found; without one any other label counts; wrong ones are said."""
    fitted = bundle("penguins", "gbdt")
    found = ask(fitted, 0, target="Gentoo")

    assert found["target"] == "Gentoo"
    assert {option["label"] for option in found["options"]} <= {"Gentoo"}
    free = ask(fitted, 0)
    assert free["target"] == free["options"][0]["label"] != free["label"] == "Adelie"

    toolbox = Toolbox(fitted)
    where = [["row", "==", 0]]
    errors = [
        toolbox.call("counterfactual", {"where": where, "target": "Gento"}).error,
        toolbox.call("counterfactual", {"where": where, "target": "Adelie"}).error,
        toolbox.call("counterfactual", {}).error,
    ]
    assert errors == [
        "there is no label 'Gento'. Did you mean 'Gentoo'?",
        "the row is predicted 'Adelie' already. Name another label, or none.",
        'counterfactual needs one row, these are 344. Add a condition such as ["row", "==", …].',
    ]


def test_missing_cells(bundle):
    """A missing cell may be filled; it is said to have been missing, and nothing becomes missing."""
    fitted = bundle("penguins", "logistic")
    found = ask(fitted, 3)
    changes = [change for option in found["options"] for change in option["changes"]]

    assert found["found"]
    assert all(change["to"] is not None for change in changes)
    assert any(change["from"] is None for change in changes)


def test_brought_predictors(frame):
    """A predictor somebody brought is asked the same way."""
    from sklearn.ensemble import RandomForestClassifier

    numbers = frame.assign(b=(frame.b == "y").astype(int))
    model = RandomForestClassifier(10, random_state=0).fit(numbers[list("abc")], numbers.answer)
    found = ask(Bundle.fit(numbers, "answer", predictor=model), 0)

    assert {len(option["changes"]) for option in found["options"]} == {2}
