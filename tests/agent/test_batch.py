"""Many rows in turn."""

import numpy as np
import pandas as pd
import pytest

from agent.batch import classify_table
from agent.classifier import Classifier
from agent.explanation.verify import verify
from tools.bundle import Bundle
from tools.errors import TableError


@pytest.fixture(scope="module")
def clf():
    """Return a classifier by rule of a table whose rows have ids."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"p/{i}" for i in range(80)], "x": rng.normal(size=80), "y": rng.normal(size=80)})
    frame["seen"] = np.where(frame["x"] + frame["y"] > 0, "yes", "no")
    return Classifier.load(Bundle.fit(frame, "seen", id_column="id", predictor="logistic"), llm="rule")


@pytest.fixture
def rows():
    """Return five rows with ids."""
    return pd.DataFrame(
        {"id": ["a/b", "..", "c", "é", "x" * 300], "x": [0.1, 0.5, -1, None, 2], "y": [1, 2, 3, 4, 5.0]}
    )


def test_ids_and_receipts_in_the_order_of_the_rows(clf, rows, tmp_path):
    """Each row's id, and a receipt under its percent-encoded name that verifies."""
    found = list(classify_table(clf, rows, receipts=tmp_path / "receipts"))

    assert [name for name, _ in found] == rows["id"].tolist()
    assert [explanation.row_id for _, explanation in found] == rows["id"].tolist()
    names = {file.name for file in (tmp_path / "receipts").iterdir()}
    assert len(names) == 5
    assert {"a%2Fb.json", "%2E%2E.json", "c.json", "%C3%A9.json"} < names
    assert all(verify(file, clf.bundle).ok for file in (tmp_path / "receipts").iterdir())


def test_without_ids_rows_are_numbered(clf, rows, tmp_path):
    """From 0, in messages and file names; a row with an empty id too."""
    found = list(classify_table(clf, rows.drop(columns="id"), limit=2, receipts=tmp_path))
    assert [name for name, _ in found] == ["row 0", "row 1"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0.json", "1.json"]

    rows.loc[1, "id"] = None
    assert [name for name, _ in classify_table(clf, rows, limit=2)] == ["a/b", "row 1"]


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (3, 3), (99, 5), (None, 5)])
def test_the_limit_stops(clf, rows, limit, count):
    """After so many rows."""
    assert len(list(classify_table(clf, rows, limit=limit))) == count


def test_a_mistake_in_the_last_row_is_found_first(clf, rows, tmp_path):
    """Before any row is classified: the file, the column and the row are named."""
    rows["y"] = rows["y"].astype(object)
    rows.loc[4, "y"] = "five"
    with pytest.raises(TableError, match=r"rows\.csv.*'y'.*row 4"):
        next(classify_table(clf, rows, receipts=tmp_path, source="rows.csv"))
    assert not list(tmp_path.iterdir())


def test_receipts_never_overwrite_each_other(clf, rows, tmp_path):
    """The same id twice is refused where receipts are written, and only there."""
    rows.loc[3, "id"] = "c"
    with pytest.raises(TableError, match=r"column 'id', row 3: .* row 2 .*c\.json"):
        next(classify_table(clf, rows, receipts=tmp_path))
    assert len(list(classify_table(clf, rows))) == 5


def test_progress_and_notes_are_told(clf, rows):
    """The loop is shown to whoever asked; so is what was noted about the table."""
    shown, noted = [], []

    def progress(numbers, total, title):
        for number in numbers:
            shown.append((number, total, title))
            yield number

    list(classify_table(clf, rows, progress=progress, note=noted.append))
    assert shown == [(number, 5, "classifying") for number in range(5)]
    assert all(note.startswith("Note: ") for note in noted)
