"""Templates become text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.explanation.evidence import Evidence
from agent.explanation.template import assemble, citations, render
from tools.errors import ToolError
from tools.observation import Observation, reference, show_name

SEEN = Evidence(
    [
        Observation(id="t1", tool="probability", result={"ill": 0.25, "a.b {c}": 0.75}),
        Observation(id="t2", tool="feature_stats", result={"feature": "age", "value": 61, "z_score": -1.5}),
        Observation(id="t3", tool="feature_stats", error="not possible"),
    ],
    {"llm": "ill", "llm_probability": 0.5},
)


def test_references_are_shown_and_cited_once():
    """Each observation has one mark at the end, the decision too."""
    text = render("{t2.feature} is {t2.value}, {t2.z_score|abs} below; {decision.llm} has {t1.ill}", SEEN)

    assert text.startswith("age is 61, 1.5 below; ill has 25.0% [")
    assert sorted(text.removesuffix(".").partition(" [")[2].rstrip("]").split("][")) == ["decision", "t1", "t2"]


def test_without_references_there_is_no_mark():
    """A sentence about nothing cites nothing."""
    assert render("So it is", SEEN) == "So it is."
    assert citations("So it is") == []


@pytest.mark.parametrize("ref", ["t9.value", "t3.value", "t1.nobody", "t2", "t1.ill.deeper", "{}", "t2.value.0"])
def test_a_reference_without_a_fact_is_an_error(ref):
    """Neither a missing fact nor a whole observation can be shown."""
    with pytest.raises(ToolError):
        render("{" + ref + "}" if ref != "{}" else "{ }", SEEN)


@given(st.text(min_size=1))
def test_any_name_can_be_referred_to(name):
    """Whatever a label is called, its reference renders as the name shown and cites the fact."""
    evidence = Evidence([Observation(id="t1", tool="probability", result={name: 0.5})])
    template = "{" + reference("t1", name) + "|name} has {" + reference("t1", name) + "}"

    assert render(template, evidence) == f"{show_name(name)} has 50.0% [t1]."
    assert citations(template) == [reference("t1", name)]


@pytest.mark.parametrize("name", ["above", "rank", "k", "value", "z_score", "share", "shared", "labels", "probability"])
def test_a_label_called_like_a_fact_is_a_label(name):
    """Its probability, its count, its share and its mean are shown as any label's."""
    seen = [
        Observation(id="t1", tool="probability", result={name: 0.5}),
        Observation(id="t2", tool="similar", result={"k": 5, "labels": {name: 3}}),
        Observation(
            id="t3",
            tool="feature_stats",
            result={"share_by_label": {name: 0.25}, "by_label": {name: {"mean": 12.3456}}},
        ),
    ]
    refs = [("t1", name), ("t2", "labels", name), ("t3", "share_by_label", name), ("t3", "by_label", name, "mean")]
    shown = [Evidence(seen).shown(reference(*ref)) for ref in refs]

    assert shown == ["50.0%", "3", "25.0%", "12.35"]


def test_braces_in_a_value_are_not_references():
    """A value is shown once; what it says is not looked up."""
    evidence = Evidence([Observation(id="t1", tool="predict", result={"label": "{t1.secret}", "secret": "no"})])

    assert render("It is {t1.label}", evidence) == "It is “{t1.secret}” [t1]."


@pytest.mark.parametrize("count", [1, 2, 12])
def test_steps_are_numbered_and_the_last_concludes(count):
    """One line each."""
    lines = assemble([f"step {letter}" for letter in "abcdefghijkl"[:count]]).splitlines()

    assert [line.split(" ")[0] for line in lines] == [*(f"{n}." for n in range(1, count)), "Conclusion:"]
