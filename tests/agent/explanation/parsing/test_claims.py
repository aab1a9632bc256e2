"""What sentences claim: our own are read without a fault, those of people as well as measured, and none raises."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.classifier import Classifier
from agent.evaluation.known import known_of
from agent.explanation.evidence import Called, Evidence
from agent.explanation.parsing import claims_in
from agent.llm import UniformChat
from benchmarks import claims as benchmark
from tools.feature import Feature
from tools.observation import Observation

MARKS = re.compile(r" ?\[(?:t\d+|decision)\]")
ENTRIES = [
    {"feature": "age", "value": 61, "contribution": 1.25, "rank": 0},
    {"feature": "dose", "value": 3.5, "contribution": -0.75, "rank": 1},
    {"feature": "ward", "value": "north", "contribution": 0.25, "rank": 2},
]
SEEN = [
    Observation(id="t1", tool="probability", result={"ill": 0.78, "well": 0.22}),
    Observation(id="t2", tool="explain", result={"towards": "ill", "absolute": 2.25, "features": ENTRIES}),
    Observation(
        id="t3",
        tool="feature_stats",
        args={"feature": "age"},
        result={
            "feature": "age",
            "value": 61,
            "overall": {"mean": 50.0, "std": 10.0, "min": 20.0, "max": 90.0},
            "by_label": {"ill": {"mean": 58.0}, "well": {"mean": 44.0}},
        },
    ),
]
CALLED = Called({"ill": ("sick",)}, {"dose": Feature(name="dose", kind="numeric", synonyms=("amount of the drug",))})
KNOWN = Evidence(SEEN, called=CALLED)


@pytest.mark.parametrize("table", ["cancer", "attrition", "penguins", "default"])
def test_every_claim_of_our_own_sentences_is_read_and_no_other(bundle_of, table):
    """Ranks, directions and values of contributions, whatever words chance chooses."""
    bundle = bundle_of(table)
    for seed, number in enumerate(bundle.held_out()[2][:5]):
        row = bundle.features_of(int(number))
        told = Classifier(bundle, UniformChat(seed=seed), top=8, decide="predictor").classify(row)
        known = known_of(bundle, row, told.label, told.text, told.observations)
        for step in told.steps:
            made = [claim for claim in step.claims if claim.kind == "contribution"]
            if step.claims[0].kind == "contribution":
                found = claims_in(MARKS.sub("", step.text), known)
                assert found.ranks == {claim.feature: claim.rank for claim in made}, step.text
                assert found.signs == {claim.feature: claim.sign for claim in made}, step.text
                assert found.values == {claim.feature: True for claim in made}, step.text
                assert not found.wrong, step.text


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Honestly, age is what drives it most: the main factor.", {"ranks": {"age": 0}}),
        ("Age leads with 1.25, and dose comes second.", {"ranks": {"age": 0, "dose": 1}}),
        ("The two strongest features are age and dose.", {"ranks": {"age": 0, "dose": 1}}),
        ("Age and ward are, alas, in third and fourth place.", {"ranks": {"age": 2, "ward": 3}}),
        ("Frankly, dose pulls towards well.", {"signs": {"dose": -1}}),
        ("The amount of the drug, alas, argues for sick.", {"signs": {"dose": 1}}),
        ("Dose does not, I think, speak for ill.", {"signs": {}}),
        ("Luckily all three features speak for ill.", {"signs": {"age": 1, "dose": 1, "ward": 1}}),
        ("The patient's age is 61, I gather.", {"values": {"age": True}}),
        ("The patient's age is 62, I gather.", {"values": {"age": False}}),
        ("Dose (0.75), whatever that means, is second.", {"values": {}}),  # its contribution
    ],
)
def test_what_is_said_is_read_though_not_every_word_is_known(sentence, expected):
    """By nearness; what is denied is not said."""
    found = claims_in(sentence, KNOWN)

    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("sentence", "misplaced"),
    [
        ("Age, mind you, is above the mean of the training rows.", 0),
        ("Age, mind you, is below the mean of the training rows.", 1),
        ("Age, mind you, is less than half the mean of the training rows.", 1),
        ("Age, mind you, is higher than any training row.", 1),
        ("Age is closer to the mean of the rows labelled well than to that of the rows labelled ill.", 1),
    ],
)
def test_a_value_that_does_not_lie_where_it_is_said_to_is_found(sentence, misplaced):
    """Against the statistics that are known."""
    assert len(claims_in(sentence, KNOWN).misplaced) == misplaced


def test_a_word_for_a_category_is_no_word_for_the_label_of_the_same_name():
    """Labels and categories are both called Yes; *smokers* are rows of a category, *sick* is the label."""
    smoking = Feature(name="smoking", kind="boolean", categories=("No", "Yes"), values={"Yes": ("smoker", "sick")})
    entries = [{"feature": "smoking", "value": "Yes", "contribution": 1.0, "rank": 0}]
    known = Evidence(
        [
            Observation(id="t1", tool="probability", result={"Yes": 0.78, "No": 0.22}),
            Observation(id="t2", tool="explain", result={"towards": "Yes", "absolute": 1.0, "features": entries}),
        ],
        called=Called({"Yes": ("sick",)}, {"smoking": smoking}),
    )

    def kinds(sentence):
        return [(one.kind, one.what) for one in claims_in(sentence, known).said]

    assert kinds("The row is classified as sick.") == [("label", "Yes")]
    assert ("label", "Yes") not in kinds("The row is classified as smoker.")
    assert kinds("Smoking, being smoker, speaks for sick.") == [("value", "Yes"), ("direction", 1)]


@pytest.mark.parametrize(
    ("sentence", "labels"),
    [
        ("It gives well a probability of 22%.", []),
        ("Honestly, the model gives ill, as it were, a probability of 78%.", []),
        ("It gives the label well.", ["well"]),
        ("So, gentlemen, the row is classified as well.", ["well"]),
        ("The label well is the best fit, mind you.", ["well"]),
        ("It predicts ill with a probability of 78%.", ["ill"]),
    ],
)
def test_giving_a_label_a_probability_is_not_choosing_it(sentence, labels):
    """Unless the label itself is what is given."""
    assert [one.what for one in claims_in(sentence, KNOWN).said if one.kind == "label"] == labels


_WORDS = "age dose ward north ill well is the largest contribution second not for against mean above 61 3.5 % ( ) , and but with sup of all two".split()  # noqa: SIM905, E501


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(_WORDS), max_size=20).map(" ".join) | st.text(max_size=60))
def test_no_sentence_raises(sentence):
    """Whatever a model writes."""
    found = claims_in(sentence, KNOWN)

    assert set(found.features) <= {"age", "dose", "ward"}
    assert set(found.wrong) <= set(found.said)
    assert all(KNOWN.has(ref) for ref in found.refs)
    assert set(found.values.values()) <= {True, False}


def test_sentences_of_people_are_read_as_well_as_measured():
    """On those that the parser was developed on: precision and recall do not fall behind (`benchmarks.claims`)."""
    right = missed = extra = 0
    for _, wanted, read in benchmark.sentences("seen"):
        right, missed, extra = right + len(wanted & read), missed + len(wanted - read), extra + len(read - wanted)

    assert right / (right + extra) > 0.85
    assert right / (right + missed) > 0.6
