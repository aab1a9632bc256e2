"""The toolbox and its LangChain tools."""

import pytest
from langchain_core.messages import ToolMessage

from tools import toolkit
from tools.observation import Observation
from tools.toolbox import Toolbox


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


def test_langchain_tools_answer_with_text_and_evidence(bundle_of):
    """Any agent gets readable content, the observation as artifact, and errors it can correct."""
    bundle = bundle_of("cancer")
    tools = {tool.name: tool for tool in toolkit(bundle, bundle.features_of(0))}

    good = tools["predict"].invoke({"type": "tool_call", "name": "predict", "args": {}, "id": "a"})
    bad = tools["feature_stats"].invoke(
        {"type": "tool_call", "name": "feature_stats", "args": {"feature": "worst aera"}, "id": "b"}
    )

    assert isinstance(good, ToolMessage)
    assert isinstance(good.artifact, Observation)
    assert good.content.startswith("t1: {")
    assert bad.status == "error"
    assert bad.content.startswith("t2: ")
    assert "Did you mean 'worst area'?" in bad.content
