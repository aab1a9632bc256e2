"""Fitting, saving, loading and fingerprinting a bundle."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from skops import io as skops

from tools.bundle import Bundle
from tools.errors import BundleError, TableError, ToolError, UserError
from tools.table import read_table, write_csv

# ruff: noqa: N806 - X is scikit-learn's name for a matrix of rows


@pytest.fixture(name="saved")
def _saved(bundle, tmp_path):
    fitted = bundle("penguins", "gbdt")
    return Bundle(fitted._files).save(tmp_path / "bundle")


@pytest.mark.parametrize("kind", ["logistic", "gbdt"])
def test_same_table_same_fingerprint(table, bundle, tmp_path, kind):
    """The same table and seed give the same fingerprint and files, fitted and saved twice; another seed another one."""
    frame, target = table("penguins")
    again = Bundle.fit(frame, target, predictor=kind)

    assert again.sha256 == bundle("penguins", kind).sha256
    assert Bundle.fit(frame, target, predictor=kind, seed=1).sha256 != again.sha256
    first, second = (again.save(tmp_path / name) for name in "ab")
    for file in first.iterdir():
        assert file.read_bytes() == (second / file.name).read_bytes()


def test_same_fingerprint_in_another_process(table, bundle, tmp_path):
    """A fresh process with another hash seed comes to the same fingerprint."""
    frame, target = table("biopsy")
    write_csv(frame, tmp_path / "t.csv")
    code = "import sys; from tools.bundle import Bundle; from tools.table import read_table; "
    code += "print(Bundle.fit(read_table(sys.argv[1]), 'class', predictor='gbdt').sha256)"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "t.csv")],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout.strip() == bundle("biopsy", "gbdt").sha256
    assert Bundle.fit(read_table(tmp_path / "t.csv"), target, predictor="gbdt").sha256 == done.stdout.strip()


@pytest.mark.parametrize("kind", ["logistic", "gbdt"])
@pytest.mark.parametrize("name", ["attrition", "penguins"])
def test_every_number_survives(bundle, tmp_path, name, kind):
    """A loaded bundle answers with the same digits as the fitted one."""
    fitted = bundle(name, kind)
    loaded = Bundle.load(Bundle(fitted._files).save(tmp_path / "b"))

    assert loaded.sha256 == fitted.sha256
    assert loaded.schema == fitted.schema
    assert (loaded.importance, loaded.performance) == (fitted.importance, fitted.performance)
    pd.testing.assert_frame_equal(loaded.rows, fitted.rows)
    np.testing.assert_array_equal(loaded.predictor.probabilities(loaded.X), fitted.predictor.probabilities(fitted.X))
    label = fitted.schema.labels[-1]
    one, other = (each.attributor.explain(each.X[5], label) for each in (loaded, fitted))
    np.testing.assert_array_equal(one.contributions, other.contributions)
    assert loaded.neighbours.similar(loaded.X[5]) == fitted.neighbours.similar(fitted.X[5])


def test_rows_are_the_tables(table, bundle):
    """All rows are kept in order, with label and split; a fifth of each label is held out."""
    frame, target = table("penguins")
    fitted = bundle("penguins", "gbdt")
    X, y, rows = fitted.held_out()

    assert fitted.rows["label"].tolist() == frame[target].tolist()
    assert fitted.rows["split"].value_counts().to_dict() == {"train": 275, "held-out": 69}
    assert np.bincount(y).tolist() == [30, 14, 25]
    np.testing.assert_array_equal(X, fitted.X[rows])
    assert fitted.performance["n"] == 69
    assert fitted.performance["accuracy"] > 0.9 > fitted.performance["baseline_accuracy"]
    assert fitted.features_of(3)["sex"] is None
    assert fitted.features_of(0)["flipper_length_mm"] == 181
    with pytest.raises(ToolError, match=r"there is no row 344. Rows are numbered 0 to 343"):
        fitted.features_of(344)


@pytest.mark.parametrize("kind", ["logistic", "gbdt"])
def test_predictions_of_large_tables_are_stored(table, tmp_path, monkeypatch, kind):
    """Above a number of rows what the predictor says of each is stored, and read as it was; below it is found out."""
    frame, target = table("penguins")
    plain = Bundle.fit(frame, target, predictor=kind)
    monkeypatch.setattr("tools.bundle.STORED_FROM", 300)
    stored = Bundle.load(Bundle.fit(frame, target, predictor=kind).save(tmp_path / "b"))

    np.testing.assert_array_equal(stored.probabilities, plain.probabilities)
    np.testing.assert_array_equal(stored.probabilities, plain.predictor.probabilities(plain.X))
    assert (plain._stored.probabilities is None, stored._stored.probabilities is None) == (True, False)
    assert stored.rows.equals(plain.rows)
    assert "predictor" not in stored.__dict__


def test_ids_are_kept(table):
    """Ids stay text, also of neighbours."""
    frame, target = table("penguins")
    frame["tag"] = [f"{i:04}" for i in range(len(frame))]
    fitted = Bundle.fit(frame, target, id_column="tag", predictor="logistic")
    nearest = fitted.neighbours.similar(fitted.X[0], 1)["rows"][0]

    assert fitted.row_ids[7] == "0007"
    assert nearest["id"] == fitted.row_ids[nearest["row"]]


def test_brought_pipeline(table, tmp_path):
    """A pipeline fitted on the columns it needs is stored, loaded, explained; as object or file, the bundle agrees."""
    frame, target = table("penguins")
    columns = make_column_transformer((OneHotEncoder(), ["island"]), ("passthrough", ["year"]))
    model = make_pipeline(columns, RandomForestClassifier(5, random_state=0))
    model.fit(frame[["island", "year"]], frame[target])
    fitted = Bundle.fit(frame, target, predictor=model)
    loaded = Bundle.load(fitted.save(tmp_path / "b"))
    skops.dump(model, tmp_path / "m.skops")
    from_file = Bundle.fit(frame, target, predictor=tmp_path / "m.skops")

    expected = model.predict_proba(frame[["island", "year"]])
    for each in (fitted, loaded, from_file):
        np.testing.assert_allclose(each.predictor.probabilities(each.X), expected, rtol=1e-12)
    found = loaded.attributor.explain(loaded.X[0], "Adelie")
    assert (found.space, found.total) == ("probability", pytest.approx(expected[0, 0]))
    assert found.base + found.contributions.sum() == pytest.approx(found.total, rel=1e-6)
    used = {name for name, value in zip(loaded.schema.names, found.contributions, strict=True) if abs(value) > 1e-12}
    assert used <= {"island", "year"}
    assert Bundle.fit(frame, target, predictor=model).sha256 == fitted.sha256


def test_what_to_bear_in_mind_is_noted(table):
    """A predictor that was brought, and few held-out rows, weaken the measures: both are noted and stored."""
    frame, target = table("iris")
    model = RandomForestClassifier(3, random_state=0).fit(frame.drop(columns=target), frame[target])

    assert any("the predictor was brought" in note for note in Bundle.fit(frame, target, predictor=model).schema.notes)
    small = Bundle.fit(frame.iloc[44:56], target, predictor="logistic")
    assert small.schema.notes[-1] == "only 2 rows are held out: the measures are rough"
    assert len(small.rows) == 12


def test_errors_name_the_file(tmp_path):
    """A table read from a file is named in what is wrong with it."""
    path = tmp_path / "t.csv"
    path.write_text("x,class\n" + "1,a\n2,b\n" * 6 + "?,\n")

    with pytest.raises(TableError, match=r"t\.csv, column 'class', row 12: the row has no label"):
        Bundle.fit(read_table(path), "class")


@pytest.mark.parametrize("count", [2, 10, 40])
def test_small_tables(count):
    """Five rows of each label, one feature, constant and empty columns beside it: every row is kept."""
    n = 5 * count
    rows = {"x": [i * 7 % 11 for i in range(n)], "same": 1, "none": None, "class": [f"L{i % count}" for i in range(n)]}
    fitted = Bundle.fit(pd.DataFrame(rows), "class", predictor="logistic")

    assert fitted.schema.names == ("x",)
    assert len(fitted.rows) == n
    assert fitted.performance["n"] == count


def test_unknown_predictor(table):
    """A predictor that is neither a kind nor a skops file is refused."""
    with pytest.raises(UserError, match=r"Did you mean 'logistic'.*\.skops file"):
        Bundle.fit(*table("iris"), predictor="logistics")
    with pytest.raises(UserError, match=r"there is no predictor 'model.pkl'"):
        Bundle.fit(*table("iris"), predictor="model.pkl")


def test_a_flipped_bit_anywhere_is_found(saved):
    """One bit changed in any file, at any of several places, or a byte more, and the bundle is refused."""
    for file in sorted(saved.iterdir()):
        whole = file.read_bytes()
        for place in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
            damaged = bytearray(whole)
            damaged[place] ^= 1
            file.write_bytes(damaged)
            with pytest.raises(BundleError, match=r"again\.$"):
                Bundle.load(saved)
        file.write_bytes(whole + b" ")
        with pytest.raises(BundleError, match=r"is damaged|larger than it should be"):
            Bundle.load(saved)
        file.write_bytes(whole)

    assert Bundle.load(saved).schema.target == "species"


def test_missing_extra_and_foreign_files(saved, tmp_path):
    """A missing or extra file, no manifest, no directory: each is said."""
    (saved / "model.pkl").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"missing or extra files: \['model.pkl'\]"):
        Bundle.load(saved)
    (saved / "model.pkl").unlink()
    (saved / "rows.parquet").unlink()
    with pytest.raises(BundleError, match=r"missing or extra files: \['rows.parquet'\]"):
        Bundle.load(saved)
    with pytest.raises(BundleError, match=r"is no bundle.*tallystick fit"):
        Bundle.load(tmp_path / "none")


def rewrite(saved, name, content):
    """Replace a file and its digest, as somebody with intent would."""
    manifest = json.loads((saved / "manifest.json").read_bytes())
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (saved / name).write_bytes(content)
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    (saved / "manifest.json").write_text(text)


def test_a_rewritten_bundle_has_another_fingerprint(saved):
    """A change with its digest put right loads, but not where the fingerprint is known."""
    known = Bundle.load(saved).sha256
    rewrite(saved, "report.json", b"{}")

    with pytest.raises(BundleError, match=r"has the fingerprint .* Give the bundle that was used"):
        Bundle.load(saved, sha256=known)
    rewrite(saved, "predictor.json", b"{}")
    with pytest.raises(BundleError, match=r"predictor.json is not as this program writes it"):
        _ = Bundle.load(saved).predictor


@pytest.mark.parametrize("content", [b"{}", b"[]", b"", b"null", b"\x80\x04.", b"[" * 100_000])
def test_files_of_another_form(saved, content):
    """A file rewritten with its digest put right, but of another form, is named; a pickle is not run."""
    parts = {
        "report.json": "performance",
        "statistics.json": "statistics",
        "schema.json": "schema",
        "rows.parquet": "rows",
    }
    for name, part in parts.items():
        whole = (saved / name).read_bytes()
        rewrite(saved, name, content)
        with pytest.raises(BundleError, match=rf"{name} is not as this program writes it. Fit the bundle again"):
            getattr(Bundle.load(saved), part)
        rewrite(saved, name, whole)


def test_trees_that_go_in_circles_are_refused(saved):
    """Stored trees whose nodes point back would never end: they are refused."""
    stored = json.loads((saved / "predictor.json").read_bytes())
    stored["model"]["left"][1] = 0
    rewrite(saved, "predictor.json", json.dumps(stored).encode())

    with pytest.raises(BundleError, match="the stored trees are no trees"):
        _ = Bundle.load(saved).predictor


def test_newer_format(saved):
    """A bundle of a newer format asks for an update."""
    manifest = json.loads((saved / "manifest.json").read_bytes()) | {"format": 2}
    (saved / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(BundleError, match=r"has format 2, this program reads 1. Update tallystick"):
        Bundle.load(saved)


def test_saving_replaces_bundles_only(saved, bundle, tmp_path):
    """A bundle is replaced whole; any other directory or file is left alone; nothing is left behind."""
    other = Bundle(bundle("iris", "logistic")._files)
    other.save(saved)
    assert Bundle.load(saved).sha256 == other.sha256
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]

    (saved / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match="is there, and is no bundle"):
        other.save(saved)
    assert (saved / "notes.txt").read_text() == "mine"
    with pytest.raises(BundleError, match="lies inside the bundle"):
        other.save(saved / "notes.txt")
    with pytest.raises(BundleError, match="lies inside the bundle"):
        other.save(saved / "notes.txt" / "bundle")


def test_predicting_needs_neither_shap_nor_skops(saved):
    """Loading and predicting import neither shap nor skops, which are slow."""
    code = "import sys; from tools.bundle import Bundle; b = Bundle.load(sys.argv[1]); "
    code += "b.predictor.probabilities(b.X[:1]); print('shap' in sys.modules, 'skops' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.stdout.split() == ["False", "False"]
