"""Training, calibration and the predictors somebody brought."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tools.brought import Brought, dump_skops, load_skops, read_skops
from tools.errors import BundleError, TableError, UserError
from tools.models import Trees
from tools.predictor import Predictor, _fit_logistic, measure
from tools.schema import Schema

# ruff: noqa: N803, N806 - X is scikit-learn's name for a matrix of rows

NATIVE = ["logistic", "gbdt"]
TABLES = ["cancer", "iris", "attrition", "biopsy", "penguins"]


@pytest.mark.parametrize("kind", NATIVE)
@pytest.mark.parametrize("name", TABLES)
def test_softmax_of_logits_is_the_probability(bundle, name, kind):
    """Probabilities are the softmax of the logits, sum to 1, and do not depend on the other rows asked about."""
    fitted = bundle(name, kind)
    X = fitted.X
    probabilities = fitted.predictor.probabilities(X)

    assert probabilities.shape == (len(X), len(fitted.schema.labels))
    np.testing.assert_allclose(probabilities, softmax(fitted.predictor.logits(X), axis=1), rtol=1e-12)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(fitted.predictor.probabilities(X[7:8]), probabilities[7:8], rtol=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_trees_as_scikit_learn_walks_them(bundle, name):
    """The copied trees score every row as the model they come from, missing values included."""
    fitted = bundle(name, "gbdt")
    model = HistGradientBoostingClassifier(max_iter=20, max_depth=6).fit(fitted.X, fitted.y)

    scores = Trees.from_sklearn(model).scores(fitted.X)

    np.testing.assert_allclose(scores, model.decision_function(fitted.X).reshape(scores.shape), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", TABLES)
def test_additive_form_is_the_pipeline(bundle, monkeypatch, name):
    """The additive form scores every row as the scikit-learn pipeline it was read from."""
    fitted = bundle(name, "logistic")
    seen = {}
    monkeypatch.setattr(
        "tools.predictor.Additive.probe", lambda scores, X, sizes: seen.update(scores=scores, X=X, sizes=sizes)
    )
    _fit_logistic(fitted.X, fitted.y, fitted.schema)
    monkeypatch.undo()
    additive = _fit_logistic(fitted.X, fitted.y, fitted.schema)

    np.testing.assert_allclose(additive.scores(fitted.X), seen["scores"](fitted.X), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(additive.effects(fitted.X)[1].mean(axis=0), 0, atol=1e-9)


def test_calibration_lowers_the_loss(bundle):
    """Boosted trees are overconfident on the cancer table: the slope is below 1, the held-out loss lower than raw."""
    fitted = bundle("cancer", "gbdt")
    X, y, _ = fitted.held_out()
    slope, shift = (fitted.predictor.selection[key] for key in ("slope", "shift"))
    raw = expit((fitted.predictor.logits(X)[:, 1] * 2 - shift) / slope)

    assert slope < 1
    assert log_loss(y, fitted.predictor.probabilities(X)) < log_loss(y, raw)


def test_auto_takes_the_simpler_one_unless_trees_are_better(bundle):
    """Logistic regression where the two are alike, trees where labels alternate along a feature."""
    assert bundle("cancer", "auto").predictor.kind == "logistic"

    generator = np.random.default_rng(0)
    X = generator.uniform(0, 4, (600, 2))
    y = (X[:, 0].astype(int) % 2).astype(np.int64)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "class": y})

    assert Predictor.train(X, y, Schema.infer(frame, "class")).kind == "gbdt"


def test_unknown_kind(bundle):
    """An unknown kind of predictor is named with the nearest."""
    with pytest.raises(UserError, match=r"there is no predictor 'logistics'. Did you mean 'logistic'"):
        Predictor.train(np.empty((0, 1)), np.empty(0, int), bundle("iris", "logistic").schema, kind="logistics")


def test_measure_on_known_probabilities():
    """Accuracy, baseline, Brier score, log loss and calibration error of four rows by hand."""
    found = measure(np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.8, 0.2]]), np.array([0, 0, 1, 1]))

    assert (found["n"], found["accuracy"], found["baseline_accuracy"], found["roc_auc"]) == (4, 0.75, 0.5, 0.75)
    assert found["brier"] == pytest.approx((0.01 + 0.16 + 0.09 + 0.64) / 4)
    assert found["ece"] == pytest.approx((0.1 + 0.4 + 0.3 + 0.8) / 4)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.7, 0.2]).mean())


def penguins_pipeline(table):
    """Return a forest over columns fitted on the penguins' DataFrame, and the schema."""
    frame, target = table("penguins")
    schema = Schema.infer(frame, target)
    features = frame[list(schema.names)].astype({"sex": object}).replace({None: np.nan})
    columns = ColumnTransformer(
        [
            ("text", OneHotEncoder(handle_unknown="ignore"), ["island", "sex"]),
            ("numbers", SimpleImputer(), ["bill_length_mm", "bill_depth_mm"]),
        ]
    )
    forest = RandomForestClassifier(10, random_state=0, max_depth=4)
    return make_pipeline(columns, forest).fit(features, frame[target]), schema, features


def test_brought_pipeline_over_a_table(table):
    """A pipeline over named columns gets them back as it saw them, text and missing values included."""
    pipeline, schema, features = penguins_pipeline(table)
    brought = Predictor.bring(pipeline, schema)
    X = schema.encode(schema.check(features).frame)

    np.testing.assert_allclose(brought.probabilities(X), pipeline.predict_proba(features), rtol=1e-12)
    np.testing.assert_allclose(softmax(brought.logits(X), axis=1), brought.probabilities(X), atol=1e-12)
    assert (brought.kind, brought.native) == ("brought", False)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(max_iter=5000),
        DecisionTreeClassifier(max_depth=3, random_state=0),
        GaussianNB(),
        HistGradientBoostingClassifier(max_iter=5, random_state=0),
        CalibratedClassifierCV(DecisionTreeClassifier(max_depth=3, random_state=0), ensemble=False),
    ],
    ids=lambda model: type(model).__name__,
)
def test_brought_models_survive_skops(table, model):
    """Fitted on arrays, classes in another order than the labels: stored without pickle, the numbers stay."""
    frame, target = table("wine")
    frame[target] = np.array(["9", "10", "11"])[frame[target]]
    schema = Schema.infer(frame, target)
    X = schema.encode(schema.check(frame).frame)
    model.fit(X, frame[target].astype(str))

    loaded = Predictor.bring(load_skops(dump_skops(model), "m"), schema)

    np.testing.assert_allclose(loaded.probabilities(X), model.predict_proba(X)[:, [2, 0, 1]], rtol=1e-12)
    assert dump_skops(model) == dump_skops(clone(model).fit(X, frame[target].astype(str)))


def test_brought_predictors_that_do_not_fit(table):
    """What is no classifier, knows other labels or other columns is refused with the reason."""
    frame, target = table("penguins")
    schema = Schema.infer(frame, target)
    numbers = frame[["bill_length_mm", "bill_depth_mm"]].fillna(0)
    with pytest.raises(UserError, match="RidgeClassifier cannot be used as predictor"):
        Predictor.bring(RidgeClassifier().fit(numbers, frame[target]), schema)
    with pytest.raises(UserError, match=r"classes \['False', 'True'\] are not the labels \['Adelie'"):
        Predictor.bring(GaussianNB().fit(numbers, frame[target] == "Adelie"), schema)
    with pytest.raises(UserError, match=r"needs column 'bill_depth', .* Did you mean 'bill_depth_mm'"):
        Predictor.bring(
            GaussianNB().fit(numbers.rename(columns={"bill_depth_mm": "bill_depth"}), frame[target]), schema
        )
    with pytest.raises(UserError, match="fitted on 2 columns of numbers, the table has 7 features, 2 of them text"):
        Predictor.bring(GaussianNB().fit(numbers.to_numpy(), frame[target]), schema)


def test_brought_predictor_refuses_missing_values(table):
    """A model that takes no missing values says so as an error about the table, with the mend."""
    frame, target = table("penguins")
    schema = Schema.infer(frame, target)
    numbers = frame[["bill_length_mm", "bill_depth_mm"]]
    brought = Predictor.bring(GaussianNB().fit(numbers.fillna(0), frame[target]), schema)

    with pytest.raises(TableError, match=r"refuses the rows.*put an imputer into its pipeline"):
        brought.probabilities(np.full((1, 7), np.nan))


def test_files_that_are_no_skops(tmp_path):
    """Pickles, damaged files, and types that are not on the list are refused; nothing in them runs."""
    bomb = tmp_path / "bomb.skops"
    bomb.write_bytes(pickle.dumps(Bomb(str(tmp_path / "ran"))))
    with pytest.raises(BundleError, match=r"not a usable skops file.*pickle and joblib files are not read"):
        load_skops(read_skops(bomb), "bomb.skops")
    assert not (tmp_path / "ran").exists()

    with pytest.raises(BundleError, match="cannot be read"):
        read_skops(tmp_path / "none.skops")
    with pytest.raises(BundleError, match=r"the type .*_weird is not trusted. Build the predictor"):
        load_skops(dump_skops(FunctionTransformer(_weird)), "m")


def _weird(values):
    return values


class Bomb:
    """A pickle that would leave a file behind when loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_probabilities_must_sum_to_one(table):
    """A brought model whose probabilities do not sum to 1 is refused."""
    frame, target = table("iris")
    schema = Schema.infer(frame, target)
    brought = Brought(Half(), schema, None, (0, 1, 2))

    with pytest.raises(UserError, match="do not sum to 1"):
        brought.probabilities(np.zeros((2, 4)))


def test_probabilities_must_be_numbers(table):
    """A brought model that answers NaN is refused, and one that is not fitted or no classifier is no predictor."""
    frame, target = table("iris")
    schema = Schema.infer(frame, target)
    model = LogisticRegression(max_iter=500).fit(frame.drop(columns=target), frame[target])
    model.coef_[:] = np.nan
    with pytest.raises(UserError, match=r"probabilities are not all numbers. Fit it again"):
        Predictor.bring(model, schema).probabilities(np.zeros((2, 4)))
    for other in (LogisticRegression(), make_pipeline(SimpleImputer(), LogisticRegression()), {"a": 1}, "model"):
        with pytest.raises(UserError, match=r"cannot be used as predictor. Give a fitted scikit-learn classifier"):
            Predictor.bring(other, schema)


class Half:
    """Gives every label one half."""

    def predict_proba(self, rows):
        """Return halves."""
        return np.full((len(rows), 3), 0.5)


def test_support_vectors_without_probability(table):
    """A support vector machine without probabilities is no predictor."""
    frame, target = table("iris")
    model = SVC().fit(frame.drop(columns=target), frame[target])

    with pytest.raises(UserError, match="SVC cannot be used as predictor"):
        Predictor.bring(model, Schema.infer(frame, target))
