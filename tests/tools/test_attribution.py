"""Contributions of features to one row, and that they add up."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from tools.attribution import Attributor
from tools.errors import MachineError, ToolError
from tools.predictor import Predictor
from tools.schema import Schema

# ruff: noqa: N803, N806 - X is scikit-learn's name for a matrix of rows

NATIVE = ["logistic", "gbdt"]
BINARY = ["cancer", "attrition", "biopsy", "default"]
MORE = ["iris", "penguins"]


def additive(base, contributions, total):
    """Tell whether base and contributions give the total to six digits, in every row."""
    return np.allclose(base + contributions.sum(axis=-1), total, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", NATIVE)
@pytest.mark.parametrize("name", BINARY)
def test_log_odds_of_two_labels(bundle, name, kind):
    """On every held-out row contributions add up to the log-odds of the probability, with opposite signs per label."""
    fitted = bundle(name, kind)
    X, _, _ = fitted.held_out()
    probability = fitted.predictor.probabilities(X)
    for position in (0, 1):
        base, contributions, _ = fitted.attributor.contributions(X, position)

        assert additive(base, contributions, fitted.attributor.totals(X, position))
        np.testing.assert_allclose(expit(base + contributions.sum(axis=1)), probability[:, position], rtol=1e-6)

    one = fitted.attributor.explain(X[0], fitted.schema.labels[0])
    other = fitted.attributor.explain(X[0], fitted.schema.labels[1])
    assert (one.space, one.towards) == ("log-odds", fitted.schema.labels[0])
    np.testing.assert_array_equal(one.contributions, -other.contributions)
    assert expit(one.total) == pytest.approx(probability[0, 0])


@pytest.mark.parametrize("kind", NATIVE)
@pytest.mark.parametrize("name", MORE)
def test_margin_of_three_labels(bundle, name, kind):
    """On every held-out row contributions add up to the label's logit less the mean; the margins sum to 0."""
    fitted = bundle(name, kind)
    X, _, _ = fitted.held_out()
    logits = fitted.predictor.logits(X)
    margins = logits - logits.mean(axis=1, keepdims=True)
    for position in range(3):
        base, contributions, _ = fitted.attributor.contributions(X, position)
        assert additive(base, contributions, margins[:, position])

    parts = [fitted.attributor.explain(X[0], label) for label in fitted.schema.labels]
    assert {part.space for part in parts} == {"margin"}
    assert np.abs(sum(part.contributions for part in parts)).max() < 1e-9


def test_linear_contributions_by_hand(bundle):
    """Without calibration a number contributes its coefficient times its distance from the training mean."""
    fitted = bundle("cancer", "logistic")
    train = fitted.X[fitted.train]
    model, x = fitted.predictor.model, fitted.X[3]

    expected = model.slope[:, 0] * (x - train.mean(axis=0))

    np.testing.assert_allclose(fitted.attributor.explain(x, "1").contributions, expected, rtol=1e-9, atol=1e-12)
    assert fitted.attributor.explain(x, "1").base == pytest.approx(fitted.attributor.totals(train, 1).mean())


@pytest.mark.parametrize("kind", NATIVE)
def test_alone_or_together(bundle, kind):
    """A row's contributions do not depend on the rows explained with it."""
    fitted = bundle("biopsy", kind)
    X, _, _ = fitted.held_out()
    together = fitted.attributor.contributions(X[:20], 1)[1]

    alone = np.array([fitted.attributor.explain(x, fitted.schema.labels[1]).contributions for x in X[:20]])

    np.testing.assert_allclose(alone, together, rtol=1e-9, atol=1e-12)


def test_unknown_label(bundle):
    """An unknown label is named with the nearest."""
    fitted = bundle("biopsy", "logistic")

    with pytest.raises(ToolError, match=r"there is no label 'malign'. Did you mean 'malignant'"):
        fitted.attributor.explain(fitted.X[0], "malign")


def test_a_gap_is_never_returned(bundle, monkeypatch):
    """Contributions that do not add up raise; they are not shown."""
    fitted = bundle("iris", "gbdt")
    model = type(fitted.predictor.model)
    right = model.effects
    monkeypatch.setattr(model, "effects", lambda self, X: (right(self, X)[0], right(self, X)[1] * 1.001))

    with pytest.raises(MachineError, match="miss the total by"):
        fitted.attributor.explain(fitted.X[0], "2")


def brought(table, name, model, columns=None):
    """Return an attributor and the rows of a model fitted on a real table."""
    frame, target = table(name)
    schema = Schema.infer(frame[[*columns, target]] if columns else frame, target)
    X = schema.encode(schema.check(frame).frame)
    model.fit(X, frame[target])
    return Attributor(Predictor.bring(model, schema), schema, X[::7]), X


@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(max_depth=4, random_state=0), LogisticRegression(max_iter=9999)]
)
def test_brought_few_features_are_exact(table, model):
    """With few features contributions are SHAP's exact ones, and add up to the probability."""
    shap = pytest.importorskip("shap")
    attributor, X = brought(table, "iris", model)
    found = attributor.explain(X[70], "1")
    masker = shap.maskers.Independent(attributor.background, max_samples=50)
    expected = shap.explainers.Exact(attributor.predictor.probabilities, masker)(X[70:71])

    assert found.space == "probability"
    assert additive(found.base, found.contributions, found.total)
    np.testing.assert_allclose(found.contributions, expected.values[0, :, 1], atol=1e-9)


def test_brought_many_features_are_sampled(table):
    """With many features contributions are sampled, add up and repeat; NumPy's global generator is left alone."""
    attributor, X = brought(table, "cancer", RandomForestClassifier(5, random_state=0, max_depth=4))
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the one that is to be left alone

    first, second = (attributor.explain(X[0], "0") for _ in range(2))

    assert additive(first.base, first.contributions, first.total)
    np.testing.assert_array_equal(first.contributions, second.contributions)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("kind", NATIVE)
def test_importance_ranks_all_features(bundle, kind):
    """Every feature is ranked once, from 0, by mean absolute contribution."""
    fitted = bundle("penguins", kind)
    ranking = fitted.importance

    assert [item["rank"] for item in ranking] == list(range(len(fitted.schema.names)))
    assert {item["feature"] for item in ranking} == set(fitted.schema.names)
    assert all(a["importance"] >= b["importance"] for a, b in pairwise(ranking))
    assert ranking[0]["feature"] == "bill_length_mm"


def test_a_feature_of_no_use_contributes_nothing():
    """A feature that no tree splits on contributes exactly 0."""
    generator = np.random.default_rng(0)
    X = np.column_stack([generator.normal(size=200), np.repeat([0.0, 1.0], 100)])
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "class": np.arange(200) % 2})
    y = (X[:, 0] > 0).astype(np.int64)
    schema = Schema.infer(frame, "class")
    predictor = Predictor.train(X, y, schema, kind="gbdt")

    contributions = Attributor(predictor, schema, X).explain(X[0], "1").contributions

    assert abs(contributions[1]) < 1e-3 * abs(contributions[0])
