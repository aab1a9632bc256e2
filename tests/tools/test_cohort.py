"""The rows tools look at, against the same questions put to pandas."""

import numpy as np
import pandas as pd
import pytest

from tools.bundle import Bundle
from tools.changes import Change
from tools.cohort import Cohort, Rows
from tools.errors import TableError, ToolError
from tools.given import Given
from tools.where import parse


def cohort_of(rows, where=None, changes=()):
    """Return the rows that a `where` selects."""
    return Cohort(rows, parse(where, rows.column), changes)


def test_a_cohort_is_the_rows_that_pandas_finds(table, bundle_of):
    """Numbers, categories, missing cells and true labels: the same rows, in order, as a mask over the table."""
    frame, target = table("penguins")
    rows = Rows(bundle_of("penguins"))
    cases = [
        ([["body_mass_g", ">", 4000], ["sex", "==", "male"]], (frame.body_mass_g > 4000) & (frame.sex == "male")),
        ([["sex", "==", None]], frame.sex.isna()),
        ([["sex", "!=", "male"]], frame.sex == "female"),
        (
            {"any": [[["label", "==", "Gentoo"]], [["year", "in", [2007, 2008]]]]},
            (frame[target] == "Gentoo") | (frame.year < 2009),
        ),
        ([["species", "in", ["Adelie", "Gentoo"]]], frame[target] != "Chinstrap"),
        ([["row", "<", 5]], pd.Series(range(len(frame))) < 5),
        ([["id", "==", "3"]], pd.Series(range(len(frame))) == 3),
    ]
    for where, expected in cases:
        cohort = cohort_of(rows, where)

        assert cohort.numbers.tolist() == np.flatnonzero(expected).tolist()
        assert len(cohort) == expected.sum()
        np.testing.assert_array_equal(cohort.X, rows.bundle.X[expected])


def test_predictions_are_the_predictors(bundle_of):
    """Probabilities and predictions of a cohort are those of its rows; conditions on the prediction agree with them."""
    bundle = bundle_of("pima")
    rows = Rows(bundle)
    expected = bundle.predictor.probabilities(bundle.X)
    cohort = cohort_of(rows, [["prediction", "==", "Yes"]])

    np.testing.assert_array_equal(rows.probabilities, expected)
    assert cohort.numbers.tolist() == np.flatnonzero(expected[:, 1] > 0.5).tolist()
    np.testing.assert_array_equal(cohort.probabilities, expected[cohort.numbers])


def test_rows_are_selected_before_they_are_changed(bundle_of):
    """A change does not move a row out of its cohort; the stored rows stay as they are."""
    bundle = bundle_of("pima")
    rows = Rows(bundle)
    before = bundle.X.copy()
    cohort = cohort_of(rows, [["glu", "<", 100]], (Change(column="glu", action="increase", value=80),))
    glu = bundle.schema.names.index("glu")

    assert len(cohort) == (before[:, glu] < 100).sum()
    assert cohort.feature(glu).min() >= 80
    np.testing.assert_array_equal(cohort.probabilities, bundle.predictor.probabilities(cohort.X))
    assert not np.array_equal(cohort.probabilities, cohort.before.probabilities)
    np.testing.assert_array_equal(bundle.X, before)


def test_a_given_table(table, bundle_of):
    """Another table is looked at as it is: without labels, with some of them missing, with new categories."""
    bundle = bundle_of("penguins")
    frame, target = table("penguins")
    other = frame.iloc[[0, 60, 200]].assign(island=["Dream", "Atlantis", None])
    rows = Rows(bundle, Given.of(other.drop(columns=target), bundle.schema))

    assert len(rows) == 3
    assert cohort_of(rows, [["island", "==", "Atlantis"]]).numbers.tolist() == [1]
    assert cohort_of(rows, [["island", "==", None]]).numbers.tolist() == [2]
    assert cohort_of(rows, [["island", "!=", "Dream"]]).numbers.tolist() == [1]
    assert Cohort(rows).cells(1)["island"] == "Atlantis"
    assert np.isnan(Cohort(rows).X[1:, bundle.schema.names.index("island")]).all()
    with pytest.raises(ToolError, match=r"that was given has no labels. Give a table with the column 'species'"):
        cohort_of(rows, [["label", "==", "Adelie"]])

    frame.loc[frame.index[1], target] = None
    some = Rows(bundle, Given.of(frame, bundle.schema))
    with pytest.raises(
        ToolError, match=r"1 of these 344 rows have no true label. Add the condition \[\"label\", \"!=\""
    ):
        Cohort(some).labels()
    assert len(cohort_of(some, [["label", "!=", None]]).labels()) == 343
    with pytest.raises(TableError, match=r"column 'species', row 0: 'Adeli' is no label. Did you mean 'Adelie'"):
        Given.of(frame.assign(species="Adeli"), bundle.schema)


@pytest.fixture(name="odd")
def _odd():
    names = ["row", "id", "it's", 'the "best"', "a, b == c", "in", "null", "😀"]
    frame = pd.DataFrame({name: [float((i * (j + 2)) % 11) for i in range(40)] for j, name in enumerate(names)})
    frame["who"] = [f"p{i}" for i in range(40)]
    frame["the class"] = ["no", "yes"] * 20
    return frame


def test_columns_with_odd_names(odd):
    """Whatever a column is called, conditions and changes find it; a feature comes before a row number of its name."""
    rows = Rows(Bundle.fit(odd, "the class", id_column="who", predictor="logistic"))

    for name in odd.columns[:-2]:
        assert cohort_of(rows, [[name, ">", 3]]).numbers.tolist() == np.flatnonzero(odd[name] > 3).tolist()
        changed = cohort_of(rows, None, (Change(column=name, action="set", value=3),))
        assert set(changed.feature(rows.schema.names.index(name))) == {3.0}
    assert cohort_of(rows, [["the class", "==", "yes"]]).numbers.tolist() == list(range(1, 40, 2))
    assert cohort_of(rows, [["who", "in", ["p3", "p1"]]]).numbers.tolist() == [1, 3]
    assert rows.id_name == "who"


def test_names_of_rows(bundle_of, odd):
    """Without an id column `id` is the row number; with one it is the ids; names that there are not are said."""
    plain = Rows(bundle_of("pima"))
    own = Rows(Bundle.fit(odd.rename(columns={"id": "x", "row": "y"}), "the class", id_column="who"))

    assert (plain.id_name, own.id_name) == ("row", "who")
    assert cohort_of(plain, [["id", "==", 7]]).numbers.tolist() == [7]
    assert cohort_of(own, [["id", "==", "p7"]]).numbers.tolist() == [7]
    assert cohort_of(own, [["row", "==", 7]]).id_of(0) == {"row": 7, "id": "p7"}
    with pytest.raises(ToolError, match=r"there is no column 'whom'. Did you mean 'who'"):
        own.column("whom")


def test_what_leaves_nothing_is_said(bundle_of):
    """Of an empty cohort, the condition that leaves no row is named; of several alternatives, one each."""
    rows = Rows(bundle_of("pima"))
    cases = [
        ([["age", ">", 200]], "no row is left: none has 'age' > 200. Use other conditions."),
        ([["age", ">", 50], ["age", "<", 40]], "none with 'age' > 50 has 'age' < 40"),
        ({"any": [[["age", ">", 200]], [["bmi", "<", 1]]]}, "none has 'age' > 200; none has 'bmi' < 1"),
        ([["bmi", "==", None]], "none has 'bmi' == null"),
    ]
    for where, message in cases:
        with pytest.raises(ToolError) as caught:
            cohort_of(rows, where).some()
        assert message in str(caught.value)


def test_samples_are_the_same_every_time(bundle_of):
    """A sample has the size asked for and depends on nothing but the rows."""
    cohort = Cohort(Rows(bundle_of("pima")))

    assert cohort.sample(50).tolist() == cohort.sample(50).tolist()
    assert len(set(cohort.sample(50).tolist())) == 50
    assert cohort.sample(1000).tolist() == list(range(200))
