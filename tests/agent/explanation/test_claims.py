"""Claims and their truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.explanation.claims import (
    Calculation,
    Closer,
    Comparison,
    Contribution,
    Deviation,
    Label,
    Neighbours,
    Position,
    Probability,
    Strongest,
    Sum,
    Unanimous,
    holds,
)
from agent.explanation.evidence import Evidence
from tools.observation import Observation

number = st.floats(-1e6, 1e6, allow_nan=False)


def _seen(value=5.0, a=1.0, b=9.0, std=2.0, below=80.0, contributions=(2.0, -1.0)):
    features = [
        {"feature": f"f{rank}", "value": value, "contribution": amount, "rank": rank}
        for rank, amount in enumerate(contributions)
    ]
    absolute = sum(map(abs, contributions))
    explained = {"towards": "A", "space": "log-odds", "base": 0.5, "rest": 0.0, "total": 0.5 + sum(contributions)}
    placed = {
        "feature": "f0",
        "value": value,
        "overall": {"mean": (a + b) / 2, "std": std, "max": 20.0, "count": 100},
        "by_label": {"A": {"mean": a}, "B": {"mean": b}},
        "below": below,
        "above": 100 - below,
        "z_score": (value - (a + b) / 2) / std,
    }
    share = f"100 * ({' + '.join(f'abs(t2.features.{i}.contribution)' for i in range(2))}) / t2.absolute"
    return Evidence(
        [
            Observation(id="t1", tool="probability", result={"A": 0.93, "B": 0.07}),
            Observation(
                id="t2",
                tool="explain",
                args={"top": 2},
                result={**explained, "absolute": absolute, "features": features},
            ),
            Observation(id="t3", tool="feature_stats", args={"feature": "f0"}, result=placed),
            Observation(id="t4", tool="similar", args={"k": 3}, result={"k": 3, "labels": {"A": 2, "B": 1}}),
            Observation(
                id="t5", tool="calculate", args={"expression": share}, result={"result": 100.0, "exact": "100"}
            ),
        ]
    )


@given(number, number)
def test_a_comparison_holds_only_as_it_is_shown(value, mean):
    """Never both directions, and never where the reader sees two equal numbers or the other order."""
    evidence = _seen(value=value, a=mean)
    made = [Comparison(left="t3.value", relation=r, right="t3.by_label.A.mean") for r in ("above", "below")]
    left, right = evidence.shown_number("t3.value"), evidence.shown_number("t3.by_label.A.mean")

    above, below = (holds(claim, evidence) for claim in made)

    assert not (above and below)
    assert not above or left > right
    assert not below or left < right


@given(number, number, number)
def test_closer_agrees_with_the_distances_shown(value, a, b):
    """The nearer mean is the nearer one for the reader too."""
    evidence = _seen(value=value, a=a, b=b)
    if holds(Closer(call="t3", near="A", far="B"), evidence):
        v, near, far = (evidence.shown_number(f"t3.{key}") for key in ("value", "by_label.A.mean", "by_label.B.mean"))

        assert abs(v - near) < abs(v - far)
        assert not holds(Closer(call="t3", near="B", far="A"), evidence)


@given(st.floats(0, 100), st.sampled_from(["above", "below"]))
def test_a_position_is_said_of_a_clear_majority(below, side):
    """Nobody says that a value is higher than a tenth of the rows."""
    evidence = _seen(below=below)
    claim = Position(call="t3", side=side)

    assert holds(claim, evidence) == (evidence.value(claim.ref) >= 66)


@pytest.mark.parametrize(
    ("claim", "true"),
    [
        (Label(label="A"), True),
        (Label(label="B"), False),
        (Probability(label="A", certainty="confident"), True),
        (Probability(label="A", certainty="unsure"), False),
        (Probability(label="B", certainty="against"), False),
        (Contribution(ref="t2.features.0", feature="f0", rank=0, sign=1, value=5.0), True),
        (Contribution(ref="t2.features.0", feature="f0", rank=1, sign=1, value=5.0), False),
        (Contribution(ref="t2.features.0", feature="f0", rank=0, sign=-1, value=5.0), False),
        (Contribution(ref="t2.features.0", feature="f1", rank=0, sign=1, value=5.0), False),
        (Contribution(ref="t2.features.0", feature="f0", rank=0, sign=1, value=5.1), False),
        (Contribution(ref="t3.features.0", feature="f0", rank=0, sign=1, value=5.0), False),
        (Comparison(left="t3.value", relation="above", right="t3.by_label.A.mean"), True),
        (Comparison(left="t3.value", relation="above", right="t3.by_label.B.mean"), False),
        (Comparison(left="t3.value", relation="above", right="t3.overall.mean"), False),
        (Comparison(left="t3.value", relation="above", right="t4.labels.A"), False),
        (Comparison(left="t3.below", relation="above", right="t3.overall.mean"), False),
        (Closer(call="t3", near="A", far="B"), False),
        (Closer(call="t3", near="A", far="A"), False),
        (Deviation(call="t3", relation="above"), False),
        (Neighbours(call="t4", label="A", extent="some"), True),
        (Neighbours(call="t4", label="A", extent="all"), False),
        (Calculation(call="t5", topic="share", parts=("t2.features.0", "t2.features.1")), True),
        (Calculation(call="t5", topic="share", parts=("t2.features.0",)), False),
        (Calculation(call="t5", topic="odds", parts=("t1.A", "t1.B")), False),
        (Strongest(ref="t2.features.0", feature="f0", side="for"), True),
        (Strongest(ref="t2.features.1", feature="f1", side="against"), True),
        (Strongest(ref="t2.features.1", feature="f1", side="for"), False),
        (Sum(call="t2"), True),
        (Unanimous(named=1), True),
        (Unanimous(named=2), False),
        (Unanimous(named=9), False),
    ],
)
def test_truth_is_computed(claim, true):
    """Each kind of claim holds where the facts say so and nowhere else."""
    assert holds(claim, _seen()) is true


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_another_label_is_favoured_only_where_it_is_likelier(probabilities):
    """Of three and more labels the likeliest may have less than half, and is the predictor's choice all the same."""
    known = {"ABCDE"[i]: p for i, p in enumerate(probabilities)}
    first, *_ = _seen().observations
    evidence = Evidence([first.model_copy(update={"result": known}), *list(_seen().observations)[1:]])

    certainty = Probability.of(evidence).certainty

    assert (certainty == "against") == (max(probabilities[1:]) > probabilities[0] * (1 + 1e-6))


@pytest.mark.parametrize("ref", ["t9.value", "t3.by_label.C.mean", "t3.overall.median", "t3"])
def test_a_claim_about_missing_facts_is_not_true(ref):
    """It does not raise either."""
    assert not holds(Comparison(left="t3.value", relation="above", right=ref), _seen())
