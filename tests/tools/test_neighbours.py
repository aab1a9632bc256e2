"""The most similar training rows."""

import numpy as np
import pandas as pd
import pytest

from tools.bundle import Bundle
from tools.errors import ToolError
from tools.neighbours import Neighbours, searched
from tools.schema import Feature, Schema

# ruff: noqa: N806 - X is scikit-learn's name for a matrix of rows


@pytest.mark.parametrize("name", ["cancer", "penguins"])
def test_training_rows_are_nearest_to_themselves(bundle, name):
    """A training row is at distance 0 from itself; labels are the true ones and are counted; distances ascend."""
    fitted = bundle(name, "logistic")
    for row in np.flatnonzero(fitted.train)[:20]:
        answer = fitted.neighbours.similar(fitted.X[row], k=4)
        distances = [neighbour["distance"] for neighbour in answer["rows"]]

        assert (answer["rows"][0]["row"], distances[0]) == (row, 0.0)
        assert distances == sorted(distances)
        assert all(n["label"] == fitted.schema.labels[fitted.y[n["row"]]] for n in answer["rows"])
        assert sum(answer["labels"].values()) == answer["k"] == 4


def test_distance_by_hand():
    """Numbers are standardised, two categories are 1 apart, a missing number counts as the mean."""
    features = (Feature(name="x", kind="numeric"), Feature(name="c", kind="categorical", categories=("p", "q")))
    schema = Schema(target="t", labels=("a", "b"), features=features)
    X = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    y, rows = np.array([0, 0, 1, 1]), np.arange(4)
    found = Neighbours(X, y, ["w", "x", "y", "z"], schema, rows).similar(np.array([0.0, 0.0]), 4)["rows"]

    assert [(n["id"], n["distance"]) for n in found] == [
        ("w", 0.0),
        ("y", 1.0),
        ("x", 2.0),
        ("z", round(np.sqrt(5), 9)),
    ]

    missing = Neighbours(X, y, None, schema, rows).similar(np.array([np.nan, 1.0]), 4)["rows"]
    assert [(n["row"], n["distance"]) for n in missing[:2]] == [(2, 1.0), (3, 1.0)]


def test_ties_go_by_row_number(table):
    """Rows at the same distance come in the order of the table, however many there are."""
    schema = Schema(target="t", labels=("a", "b"), features=(Feature(name="x", kind="numeric"),))
    X = np.array([[1.0], [0.0], [1.0], [0.0], [1.0]] * 40)
    found = Neighbours(X, np.arange(200) % 2, None, schema, np.arange(200)).similar(np.array([0.0]), 3)

    assert [n["row"] for n in found["rows"]] == [1, 3, 6]


def test_large_tables_are_sampled(monkeypatch):
    """Of more rows than are searched a stratified sample is taken, the same each time, and the answer says so."""
    monkeypatch.setattr("tools.neighbours.MOST_ROWS", 50)
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=500), "t": np.arange(500) % 4 == 0})
    fitted = Bundle.fit(frame, "t", predictor="logistic")
    again = Bundle(fitted._files)

    assert fitted.neighbours.similar(fitted.X[0])["sample"] == 50
    assert np.bincount(fitted.neighbours.y).tolist() == [38, 12]
    assert fitted.neighbours.similar(fitted.X[0]) == again.neighbours.similar(fitted.X[0])
    assert all(fitted.train[fitted.neighbours.rows])
    assert len(searched(np.zeros(49, dtype=int), seed=0)) == 49


@pytest.mark.parametrize("k", [0, 101])
def test_k_is_bounded(bundle, k):
    """Less than 1 or more than 100 neighbours are refused."""
    fitted = bundle("iris", "logistic")

    with pytest.raises(ToolError, match=f"k is {k}. Ask for 1 to 100 rows"):
        fitted.neighbours.similar(fitted.X[0], k)
