"""Explanations of attributions that were computed elsewhere."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import narrate, verify
from agent.explanation import receipt
from agent.explanation.claims import Contribution
from agent.llm import UniformChat
from tools.errors import ModelSpecError, ReceiptError, UserError

ROW = {"age": 61, "sex": "f", "bmi": 31.2, "smokes": True, "ward": None}
GIVEN = {
    "label": "ill",
    "probability": 0.8,
    "contributions": {"age": 0.4, "sex": -0.3, "bmi": 0.2, "smokes": 0.1, "ward": 0.05},
    "llm": "rule",
}
OVERALL = {"age": {"mean": 50, "std": 10, "min": 20, "max": 60}}
PER_LABEL = {"bmi": {"ill": {"mean": 33.0, "std": 3}, "well": {"mean": 24.0, "std": 3}}}


def _told(row=ROW, **changes):
    explanation = narrate(row, **GIVEN | changes)
    again = json.loads(json.dumps(explanation.model_dump(mode="json")))
    assert explanation.verification.ok, explanation.verification.failures
    assert verify(again, text_only=True).ok
    return explanation


def _named(explanation):
    return [claim for step in explanation.steps for claim in step.claims if isinstance(claim, Contribution)]


def test_names_the_largest_contributions_with_their_directions():
    """The `top` largest, for the label first; above 0 points towards it."""
    named = _named(_told(top=3))

    assert [(claim.feature, claim.sign) for claim in named] == [("age", 1), ("bmi", 1), ("sex", -1)]
    assert [claim.rank for claim in named] == [0, 2, 1]


def test_statistics_units_and_descriptions_are_told():
    """Overall statistics place a value, those per label compare it; unit and description stand beside the name."""
    dictionary = {"age": {"unit": "years", "description": "age at admission"}}
    text = _told(statistics=OVERALL | PER_LABEL, dictionary=dictionary).text

    assert "61 years" in text
    assert "age at admission" in text
    assert "1.1 standard deviations" in text or "highest" in text or "maximum" in text
    assert "above the mean of the rows labelled well (24)" in text


def test_a_narrated_receipt_is_checked_as_text_only(tmp_path):
    """It has no bundle: nothing is recomputed, and it says so."""
    explanation = _told()
    receipt.write(explanation, tmp_path / "one.json")

    assert explanation.bundle is None
    assert not explanation.verification.complete
    assert verify(tmp_path / "one.json", text_only=True).ok
    with pytest.raises(ReceiptError, match="without a bundle"):
        verify(explanation)


@pytest.mark.parametrize("change", [("0.8", "0.9"), ("61", "62"), ("largest", "second-largest"), ("speaks", "spoke")])
def test_a_changed_text_is_found(change):
    """Also sealed again."""
    raw = _told(top=1).model_dump(mode="json")
    tampered = raw | {"text": raw["text"].replace(*change), "probabilities": {"ill": 0.9}}
    tampered["digest"] = receipt.digest(tampered)

    assert not verify(tampered, text_only=True).ok


@pytest.mark.parametrize(
    "kind", [np.float64, np.float32, np.float16, np.int64, np.int8, int, float], ids=lambda kind: kind.__name__
)
def test_numbers_of_any_kind_are_taken(kind):
    """NumPy's scalars in the row, the contributions, the probability and the statistics."""
    explanation = _told(
        {"age": kind(61), "sex": np.str_("f")},
        contributions={"age": kind(2), "sex": kind(-1)},
        probability=kind(1),
        statistics={"age": {"mean": kind(50), "std": kind(10)}},
    )

    assert "61" in explanation.text
    assert explanation.row == {"age": 61, "sex": "f"}


def test_missing_values_and_missing_statistics():
    """NaN is missing; a statistic that is None or empty is not told."""
    explanation = _told(
        {"age": float("nan"), "bmi": 3},
        contributions={"age": 2.0, "bmi": 1.0},
        statistics={"age": {"mean": 1}, "bmi": {"mean": None}, "other": {}},
    )

    assert "missing" in explanation.text
    assert explanation.row["age"] is None


def test_contributions_of_nothing_are_not_named():
    """A contribution of 0 is none; without any, only the probability is told."""
    assert [claim.feature for claim in _named(_told(contributions={"age": 1, "bmi": 0.0}))] == ["age"]
    assert len(_told(contributions={"age": 0}).steps) == 2


def test_top_may_be_larger_than_there_are_features():
    """Then all that contribute are named."""
    assert len(_named(_told(top=99))) == 5


@pytest.mark.parametrize(
    "label", ["1", 1, np.int64(1), "grade 2.5", "{t1.ill}", "[t2]", "a\nb", "100%", "", "\u202etxt"]
)
def test_labels_are_atoms(label):
    """Digits, braces, marks and line breaks in a label are part of its name."""
    explanation = _told(label=label)

    assert explanation.label == str(label)
    assert len(explanation.text.splitlines()) == len(explanation.steps)


@settings(max_examples=25, deadline=None)
@given(
    contributions=st.dictionaries(
        st.text(min_size=1, max_size=8), st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=4
    ),
    probability=st.floats(0, 1),
    top=st.integers(1, 8),
    data=st.data(),
)
def test_whatever_is_given_the_text_is_true(contributions, probability, top, data):
    """Any names, values and contributions, told by chance: the text verifies."""
    value = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9) | st.text(max_size=5)
    row = {name: data.draw(value) for name in contributions}
    statistic = st.floats(-1e3, 1e3)
    known = {name: {"mean": data.draw(statistic), "std": abs(data.draw(statistic))} for name in contributions}
    chat = UniformChat(seed=top)

    _told(row, contributions=contributions, probability=probability, top=top, statistics=known, llm=chat)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probability": 1.2}, "1.2.*0 to 1"),
        ({"probability": "0.8"}, "probability is '0.8'"),
        ({"probability": None}, "probability is 'None'"),
        ({"probability": float("nan")}, "finite number"),
        ({"contributions": {}}, "no contributions"),
        ({"contributions": {"agee": 1.0}}, "Did you mean 'age'"),
        ({"contributions": {"age": "big"}}, "contribution of 'age' is 'big'"),
        ({"contributions": {"age": float("inf")}}, "finite number"),
        ({"contributions": {"age": 10**400}}, "finite number"),
        ({"contributions": {"age": True}}, "finite number"),
        ({"contributions": {"age": 1e308, "bmi": 1e308}}, "sum of the contributions"),
        ({"statistics": {"age": {"mean": "x"}}}, "mean of 'age'"),
        ({"statistics": {"age": [1, 2]}}, "statistics: 'age'"),
        ({"statistics": {"age": {"mean": 1, "ill": {"mean": 2}}}}, "ill of 'age'"),
        ({"dictionary": {"age": "years"}}, "dictionary: 'age'"),
        ({"style": "poem"}, "strict"),
        ({"top": 0}, "at least 1"),
    ],
)
def test_messages_of_bad_input(changes, message):
    """What is wrong, where, and the mend."""
    with pytest.raises(UserError, match=message) as error:
        narrate(ROW, **GIVEN | changes)
    assert len(str(error.value)) < 200


def test_bad_values_and_models_are_refused():
    """An infinite value of the row, a model nobody knows."""
    with pytest.raises(UserError, match="value of 'age' is 'inf'"):
        narrate({"age": float("inf")}, **GIVEN | {"contributions": {"age": 1}})
    with pytest.raises(ModelSpecError):
        narrate(ROW, **GIVEN | {"llm": "nobody-knows"})


@pytest.mark.parametrize(
    "odd",
    [
        {"row": None},
        {"row": [1]},
        {"row": {1: 1, "1": 2, "a": 1}},
        {"row": {"a": np.array([1, 2])}},
        {"contributions": [1]},
        {"contributions": None},
        {"top": "4"},
        {"top": 2.5},
        {"top": None},
        {"statistics": [1]},
        {"dictionary": "a"},
        {"label": "\ud800"},
        {"probability": "high"},
    ],
    ids=str,
)
def test_what_cannot_be_narrated_is_said(odd):
    """In one line that names the mend, whatever it is."""
    given = {"row": {"a": 1}, "label": "ill", "probability": 0.5, "contributions": {"a": 1.0}} | odd
    with pytest.raises(UserError) as error:
        narrate(given.pop("row"), llm="rule", **given)
    assert "\n" not in str(error.value)


def test_a_description_forges_no_citation():
    """Nor does a blank one leave empty brackets."""
    words = {"a": {"description": "size [t9]"}, "b": {"description": " "}}
    told = narrate(
        {"a": 1, "b": 2}, label="ill", probability=0.5, contributions={"a": 1, "b": 2}, dictionary=words, llm="rule"
    )

    assert "[t9]" not in told.text
    assert "()" not in told.text
