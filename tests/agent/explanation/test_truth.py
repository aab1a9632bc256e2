"""Sentences that a reader with the table at hand might object to, and must not have to."""

import re

import numpy as np
import pandas as pd
import pytest

from agent import narrate
from agent.classifier import Classifier
from agent.llm import RuleChat, UniformChat
from tools.bundle import Bundle
from tools.observation import display


def _texts(frame, target, **options):
    """Return the texts of the first rows of a table, whoever chooses."""
    bundle = Bundle.fit(frame, target, predictor=options.pop("predictor", "logistic"))
    for seed in range(12):
        clf = Classifier(bundle, UniformChat(seed=seed), **options)
        yield bundle, clf.classify(bundle.features_of(seed))


@pytest.fixture(scope="module")
def gaps():
    """Return a table in which half of a column is missing, and another column has two categories and gaps."""
    rng = np.random.default_rng(0)
    n = 200
    dose = np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n))
    kind = np.where(rng.random(n) < 0.3, None, rng.choice(["red", "blue"], n))
    ill = np.where(np.nan_to_num(dose) + (kind == "red") + rng.normal(size=n) > 0.5, "ill", "healthy")
    return pd.DataFrame({"dose": dose, "kind": kind, "ill": ill})


def test_a_share_of_rows_with_gaps_says_of_which(gaps):
    """Rows in which a column is missing are not counted, so the sentence says that."""
    found = 0
    for bundle, explanation in _texts(gaps, "ill"):
        train = bundle.rows[bundle.rows["split"] == "train"]
        assert train[["dose", "kind"]].isna().any().all()
        for rows in re.findall(
            r"(?:higher than|lower than|as in) [\d.]+% of the (training rows[^;,\[]*)", explanation.text
        ):
            found += 1
            assert "in which it is known" in rows, explanation.text
    assert found


def test_two_features_are_more_only_after_others(gaps):
    """Nothing speaks "too" before something else has."""
    for _, explanation in _texts(gaps.assign(dose=np.nan_to_num(gaps["dose"])), "ill", top=2):
        first = explanation.steps[1].text
        assert " too," not in first
        assert "more features" not in first


def test_an_abstention_shows_two_different_numbers(gaps):
    """Also where probability and limit look alike at the usual precision."""
    bundle = Bundle.fit(gaps, "ill", predictor="logistic")
    for number in range(8):
        plain = Classifier(bundle, RuleChat()).classify(bundle.features_of(number))
        limit = plain.probabilities[plain.label] + 1e-5
        told = Classifier(bundle, RuleChat(), abstain_below=limit).classify(bundle.features_of(number))
        left, right = re.search(r"At ([\d.]+)%.* limit of ([\d.]+)%", told.text).groups()

        assert told.verification.ok, told.verification.failures
        assert float(left) < float(right)


def test_a_label_of_one_value_has_no_deviation():
    """Rounding noise is no standard deviation: the mean of many 0.1 is not quite 0.1."""
    n = 300
    labels = np.array(["ab"[i % 2] for i in range(n)])
    frame = pd.DataFrame({"x": np.where(labels == "a", 0.1, np.arange(n) / 7), "y": labels})
    found = Bundle.fit(frame, "y", predictor="logistic").statistics.feature_stats("x", 0.2)

    assert np.full(n, 0.1).std(ddof=1) > 0
    assert found["by_label"]["a"]["std"] == 0
    assert found["value_by_label"]["a"]["z_score"] is None
    assert found["value_by_label"]["b"]["z_score"] is not None


def test_equal_contributions_have_no_strongest():
    """Two columns with the same content share the first place, and neither is called the strongest."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    frame = pd.DataFrame({"left": x, "right": x, "y": np.where(x + rng.normal(size=200) > 0, "yes", "no")})
    for _, explanation in _texts(frame, "y"):
        assert "strongest" not in explanation.text
        assert "speaks most" not in explanation.text


def test_ties_among_neighbours_are_not_counted():
    """Where more rows are as near as the last one, "the most similar rows" are not these."""
    frame = pd.DataFrame({"x": [i % 3 for i in range(120)], "y": ["ab"[i % 2] for i in range(120)]})
    for _, explanation in _texts(frame, "y"):
        assert "most similar" not in explanation.text


@pytest.mark.parametrize(("probability", "said"), [(0.03, "sick (a probability of|is) 3.0%"), (0.6, "not sure|leans")])
def test_a_probability_without_rivals(probability, said):
    """Of a label alone nobody knows whether another one is likelier."""
    told = narrate({"a": 1.0}, label="sick", probability=probability, contributions={"a": 1.0}, llm="rule")

    assert re.search(said, told.text)
    assert "another label" not in told.text


def test_whole_numbers_are_shown_whole():
    """A count of seven digits is not rounded, nor is an extreme it is held against."""
    frame = pd.DataFrame({"cells": [9_000_000 + 137 * i for i in range(60)], "y": ["ab"[i > 30] for i in range(60)]})
    bundle = Bundle.fit(frame, "y", predictor="logistic")
    text = Classifier(bundle, RuleChat()).classify({"cells": 9_939_479}).text

    assert "9939479" in text
    assert display("t4.overall.max", 9939479.0, "feature_stats") == "9939479"
