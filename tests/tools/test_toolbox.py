"""The toolbox: calls carried out, and the record of them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.observation import Observation
from tools.toolbox import TOOLS, Toolbox


@pytest.fixture
def toolbox(bundle_of):
    """Return a toolbox on a held-out row of the breast-cancer table."""
    bundle = bundle_of("cancer")
    return Toolbox(bundle, bundle.features_of(int(bundle.held_out()[2][0])))


def test_results_carry_what_is_promised(toolbox):
    """Each tool's result has at least the fields that other programs rely on."""
    calls = [
        ("predict", {}, {"label", "rows"}),
        ("explain", {"top": 3}, {"towards", "space", "base", "total", "features"}),
        (
            "feature_stats",
            {"feature": "worst area"},
            {"feature", "unit", "overall", "by_label", "value", "percentile", "z_score"},
        ),
        ("similar", {"k": 3}, {"k", "rows", "labels"}),
        ("calculate", {"expression": "t2.total - t2.base"}, {"result", "exact"}),
        ("describe", {"topic": "data"}, {"target", "labels", "rows"}),
        ("describe", {"topic": "model"}, {"predictor", "held_out"}),
        ("describe", {"topic": "abilities"}, {"tools"}),
    ]
    for tool, args, keys in calls:
        seen = toolbox.call(tool, args)

        assert seen.error is None
        assert keys <= set(seen.result), tool


def test_contributions_add_up_and_are_ranked(toolbox):
    """Base, listed contributions and the rest make the total; ranks follow the sizes; at least ten are listed."""
    found = toolbox.call("explain", {"top": 3}).result
    amounts = [entry["contribution"] for entry in found["features"]]

    assert sum(amounts) + found["base"] + found["rest"] == pytest.approx(found["total"])
    assert [entry["rank"] for entry in found["features"]] == list(range(10))
    assert sorted(map(abs, amounts), reverse=True) == list(map(abs, amounts))


def test_an_explanation_of_another_label_has_the_signs_turned(toolbox):
    """Towards the other of two labels, every contribution changes its sign."""
    labels = toolbox._stored.schema.labels
    one, other = (toolbox.call("explain", {"label": label}).result for label in labels)

    assert [-e["contribution"] for e in one["features"]] == pytest.approx(
        [e["contribution"] for e in other["features"]]
    )
    assert (one["towards"], other["towards"]) == labels


@pytest.mark.parametrize(
    ("tool", "args", "message"),
    [
        ("predikt", {}, "Did you mean 'predict'"),
        ("feature_stats", {"feature": "worst aera"}, "Did you mean 'worst area'"),
        ("feature_stats", {}, "feature"),
        ("explain", {"label": "maybe"}, "no label 'maybe'"),
        ("explain", {"top": 0}, "top"),
        ("similar", {"k": "many"}, "k"),
        ("calculate", {"expression": "t7.x + 1"}, "t7"),
        ("calculate", {"expression": "__import__('os')"}, "."),
        ("describe", {"topic": "feature", "name": "size"}, "no feature 'size'"),
        ("predict", {"row": 3}, "takes no arguments"),
    ],
)
def test_a_call_that_cannot_be_carried_out_is_recorded_with_the_mend(toolbox, tool, args, message):
    """A wrong call never raises; its error is one line that says what to do."""
    seen = toolbox.call(tool, args)

    assert seen.result is None
    assert message in seen.error
    assert "\n" not in seen.error


def test_without_a_row_the_tools_look_at_all_rows(bundle_of):
    """Shares of the labels and mean probabilities over the stored rows."""
    toolbox = Toolbox(bundle_of("cancer"))

    shares = toolbox.call("predict", {}).result
    mean = toolbox.call("probability", {}).result

    assert shares["rows"] == 569
    assert sum(shares["shares"].values()) == pytest.approx(1)
    assert sum(part["mean"] for label, part in mean.items() if label != "rows") == pytest.approx(1)
    assert "one row" in toolbox.call("similar", {}).error


def test_every_result_is_plain_json(bundle_of):
    """Results of every tool are JSON that a receipt can hold, and the same each time."""
    bundle = bundle_of("penguins")
    one, some = {"where": [["row", "==", 7]]}, {"where": [["sex", "==", "male"]]}
    more = {"changes": [{"column": "year", "action": "increase", "value": 1}]}
    calls = [(tool, {**args, **extra}) for tool, args in ALL.items() for extra in (one, some, some | more)]
    calls += [("calculate", {"expression": "1 / 3"}), ("describe", {"topic": "model"})]
    first, again = Toolbox(bundle), Toolbox(bundle)
    for tool, args in calls:
        seen = first.call(tool, args)

        assert seen == again.call(tool, args)
        assert Observation.model_validate_json(seen.model_dump_json()) == seen
        assert json.loads(json.dumps(seen.result, allow_nan=False)) == seen.result
        assert seen.error is None or "one row" in seen.error or "two rows" in seen.error, seen.error


ALL = {
    "predict": {},
    "probability": {},
    "explain": {},
    "importance": {},
    "interactions": {},
    "counterfactual": {},
    "score": {"metric": "accuracy"},
    "mistakes": {"kind": "examples"},
    "labels": {},
    "count": {},
    "show": {},
    "feature_stats": {"feature": "bill_depth_mm"},
    "similar": {},
}


def test_every_tool_of_the_table_is_named():
    """The list above leaves no tool out."""
    assert {*ALL, "calculate", "describe"} == set(TOOLS)


def test_the_rows_of_the_answer_before(bundle_of, table):
    """Scope adds the conditions of the answer before; the observation says which rows that is."""
    frame, _ = table("pima")
    previous = {"any": [[["age", ">", 50]], [["bmi", ">", 40]]]}
    toolbox = Toolbox(bundle_of("pima"), previous=previous)
    seen = toolbox.call("count", {"where": [["glu", "<", 120]], "scope": "previous"})
    chosen = ((frame.age > 50) | (frame.bmi > 40)) & (frame.glu < 120)

    assert seen.result == {"rows": chosen.sum()}
    assert seen.args == {"where": [["glu", "<", 120]], "scope": "previous"}
    where = {"any": [[["age", ">", 50], ["glu", "<", 120]], [["bmi", ">", 40], ["glu", "<", 120]]]}
    assert seen.resolved == {"where": where}
    assert toolbox.call("count", {"where": where}).result == seen.result
    assert toolbox.call("count", {"scope": "previous"}).resolved == {"where": previous}
    assert toolbox.call("count", {}).resolved is None
    assert Toolbox(bundle_of("pima"), previous=[]).call("count", {"scope": "previous"}).result == {"rows": 200}
    assert toolbox.call("predict", {"where": [["glu", ">", 900]], "scope": "previous"}).resolved is not None
    error = Toolbox(bundle_of("pima")).call("count", {"scope": "previous"}).error
    assert error == "there is no answer before this one. Leave out scope."


def test_similar_leaves_the_row_itself_out(bundle_of):
    """Of a row of the table the nearest other rows are found; of a row that was given, all."""
    bundle = bundle_of("pima")
    number = int(np.flatnonzero(bundle.train)[0])
    found = Toolbox(bundle).call("similar", {"where": [["row", "==", number]], "k": 3}).result
    alone = Toolbox(bundle, bundle.features_of(number)).call("similar", {"k": 4}).result

    assert alone["rows"][0] == {"row": number, "label": bundle.schema.labels[bundle.y[number]], "distance": 0}
    assert found["rows"] == alone["rows"][1:]
    assert sum(found["labels"].values()) == found["k"] == 3


@pytest.mark.parametrize(
    ("tool", "args", "message"),
    [
        ("count", {"where": [["age", ">", "x"]]}, "column 'age': 'x' is not a number"),
        ("count", {"were": []}, "count: were: Extra inputs are not permitted. count takes where, changes, scope."),
        ("count", {"scope": "all"}, "count: scope: Input should be 'previous'"),
        ("predict", {"changes": [{"column": "age", "action": "grow", "value": 1}]}, "'set', 'increase' or 'decrease'"),
        ("predict", {"changes": [{"column": "age", "action": "set"}]}, "changes.0.value: Field required"),
        ("predict", {"changes": {"age": 3}}, "predict: changes: Input should be a valid list"),
        ("score", {}, "score: metric: Field required"),
        ("score", {"metric": "auc"}, "'roc_auc'"),
        ("mistakes", {"kind": "all"}, "'examples' or 'patterns'"),
        ("show", {"limit": 1000}, "less than or equal to 100"),
        ("show", {"columns": []}, "at least 1 item"),
        ("labels", {"where": [["age", ">", 99]]}, "no row is left: none has 'age' > 99"),
        ("calculate", {"expression": "1", "where": []}, "calculate takes expression"),
        ("interaction", {}, "There is no tool 'interaction'. Did you mean 'interactions'?"),
    ],
)
def test_wrong_arguments_give_the_mend(bundle_of, tool, args, message):
    """A wrong call over a table never raises; its error is one line that says what to do."""
    seen = Toolbox(bundle_of("pima")).call(tool, args)

    assert seen.result is None
    assert message in seen.error
    assert "\n" not in seen.error


def test_without_a_bundle_only_arithmetic_works():
    """Every other tool says that it needs a bundle, with a row or without."""
    for toolbox in (Toolbox(None), Toolbox(None, {"a": 1})):
        for tool in set(toolbox.tools) - {"calculate", "score", "mistakes", "feature_stats", "describe"}:
            assert toolbox.call(tool, {}).error == "This needs a bundle. Load one with Bundle.load."
        assert toolbox.call("calculate", {"expression": "1 + 1"}).result["exact"] == "2"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_an_agent_sends(bundle, data):
    """Any arguments to any tool leave an observation with a result or an error of one line."""
    toolbox = Toolbox(bundle("pima", "logistic"), previous=[["age", ">", 30]])
    value = st.none() | st.booleans() | st.integers(-5, 200) | st.floats() | st.sampled_from(["Yes", "glu", "x", "7"])
    names = st.sampled_from(["glu", "age", "label", "type", "prediction", "row", "id", "nothing"])
    condition = st.tuples(names, st.sampled_from([*"<>", "==", "!=", "in", "~"]), value | st.lists(value, max_size=2))
    change = st.fixed_dictionaries({"column": names, "action": st.sampled_from(["set", "increase"]), "value": value})
    some = {
        "where": st.lists(condition.map(list), max_size=3),
        "changes": st.lists(change, max_size=2),
        "scope": st.just("previous"),
        "top": st.integers(-1, 30),
        "feature": names,
        "value": value,
        "kind": st.sampled_from(["examples", "patterns"]),
        "metric": st.sampled_from(["f1", "roc_auc", "x"]),
        "columns": st.lists(names, max_size=3),
        "target": st.sampled_from(["Yes", "No", "x"]),
    }
    tool = data.draw(st.sampled_from(sorted(TOOLS)))
    known = [name for name in some if name in TOOLS[tool].form.model_fields]
    args = {name: data.draw(some[name]) for name in known if data.draw(st.booleans())}
    seen = toolbox.call(tool, args)

    assert (seen.result is None) != (seen.error is None)
    assert "\n" not in (seen.error or "")
    json.dumps(seen.result, allow_nan=False)
