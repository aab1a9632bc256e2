"""`AgentClassifier`: the agent as a scikit-learn classifier, for pipelines, grid searches and cross-validation."""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from langchain_core.language_models import BaseChatModel
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from agent.classifier import Classifier
from agent.decision import final_probabilities
from agent.explanation.result import Explanation
from tools.bundle import Bundle
from tools.errors import UserError
from tools.kinds import text_of

__all__ = ["AgentClassifier"]

TARGET = "label"
LEAST = 3  # rows of a label: cross-validation and small tables leave few
Floats = NDArray[np.float64]


class AgentClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A scikit-learn classifier whose answers come with verified explanations.

    Parameters
    ----------
    predictor : {"auto", "logistic", "gbdt"}
        What is trained; as `Bundle.fit`.
    llm : str or BaseChatModel
        Who chooses the words, and has a vote on the label where it has earned one; "rule" for no model at all.
    style : {"auto", "strict", "prose"}
        As `Classifier`.
    top : int
        How many of the largest contributions a text names.
    decide : {"combined", "llm", "predictor"}
        Whose answer counts.
    dictionary : mapping or path, optional
        What columns mean; as `Bundle.fit`.
    random_state : int
        Of the split, the folds and the samples.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    n_features_in_ : int
    feature_names_in_ : ndarray, shape (n_features,)
        Where `X` has names that are texts.
    bundle_ : Bundle
        The stored predictor with its data, to `save`.

    Notes
    -----
    A fifth of the rows is held out to measure the predictor and to learn the weight of the model's vote.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> bool(cross_val_score(AgentClassifier(), X, y, cv=3).mean() > 0.9)
    True
    >>> AgentClassifier().fit(X, y).explain(X.iloc[:1])[0].verification.ok
    True
    """

    def __init__(
        self,
        predictor: str = "auto",
        *,
        llm: str | BaseChatModel = "rule",
        style: str = "auto",
        top: int = 4,
        decide: str = "combined",
        dictionary: Mapping[str, Any] | str | Path | None = None,
        random_state: int = 0,
    ) -> None:
        self.predictor = predictor
        self.llm = llm
        self.style = style
        self.top = top
        self.decide = decide
        self.dictionary = dictionary
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the predictor.

        Parameters
        ----------
        X : array-like or DataFrame, shape (n, d)
            Numbers, or a DataFrame with categories; missing values are allowed.
        y : array-like, shape (n,)
            Labels.

        Raises
        ------
        ValueError
            What scikit-learn's validation refuses, or a table that does not fit: too few rows of a label, no feature
            that is of use.
        """
        frame = self._checked(X, reset=True)
        labels = column_or_1d(y, warn=True)
        assert_all_finite(labels, input_name="y")
        check_classification_targets(labels)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if TARGET in frame.columns:
            raise ValueError(f"X has a column {TARGET!r}: the name is taken by the labels. Rename the column.")
        if len(frame) != len(codes):
            raise ValueError(f"X has {len(frame)} rows and y has {len(codes)} labels.")
        table = frame.assign(**{TARGET: np.array(self._names(), dtype=object)[codes]})
        try:
            self.bundle_ = Bundle.fit(
                table,
                TARGET,
                predictor=self.predictor,
                dictionary=self.dictionary,
                seed=self.random_state,
                rows_per_label=LEAST,
            )
        except UserError as error:
            raise ValueError(str(error)) from error
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label of each row, shape (n,)."""
        check_is_fitted(self)
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of each label for each row, shape (n, n_classes)."""
        check_is_fitted(self)
        frame, schema = self._checked(X), self.bundle_.schema
        if self.llm == "rule" or self.decide == "predictor":  # nobody else is asked
            try:
                found = self.bundle_.predictor.probabilities(schema.encode(schema.check(frame).frame))
            except UserError as error:
                raise ValueError(str(error)) from error
        else:
            told = [final_probabilities(one.probabilities, one.decision) for one in self.explain(X)]
            found = np.array([[one[label] for label in schema.labels] for one in told])
        order = [schema.labels.index(name) for name in self._names()]
        return np.asarray(found[:, order], dtype=np.float64)

    def explain(self, X: ArrayLike) -> list[Explanation]:
        """Return a verified explanation of each row.

        Raises
        ------
        ValueError
            If a row does not fit.
        """
        check_is_fitted(self)
        frame = self._checked(X)
        clf = Classifier.load(self.bundle_, self.llm, style=self.style, top=self.top, decide=self.decide)
        try:
            checked = self.bundle_.schema.check(frame)
            return [clf.classify(checked.row(number)) for number in range(len(frame))]
        except UserError as error:
            raise ValueError(str(error)) from error

    def __sklearn_tags__(self) -> Any:
        """Say that missing values and categories are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _checked(self, X: ArrayLike, *, reset: bool = False) -> pd.DataFrame:
        """Return the rows as a DataFrame with a name for every column, as scikit-learn's estimators check them."""
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            if not len(X):
                raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
            return X.set_axis([str(name) for name in X.columns], axis=1)
        array = validate_data(self, X, reset=reset, ensure_all_finite="allow-nan")
        return pd.DataFrame(array, columns=[f"x{at}" for at in range(array.shape[1])])

    def _names(self) -> list[str]:
        """Return the classes as texts."""
        return [text_of(label) for label in self.classes_.tolist()]
