"""Deciding what the columns of an unknown table are, and holding rows to it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import TableError
from tools.kinds import predicts_alone
from tools.schema import Schema

N = 24


def frame_with(**columns):
    """Return a table of 24 rows with an ordinary feature, a target, and the given columns."""
    ordinary = {"size": [float(i * 7 % 5) + 0.5 for i in range(N)], "class": ["no", "yes"] * (N // 2)}
    return pd.DataFrame({**ordinary, **columns})


def infer(dictionary=None, **columns):
    """Return the schema of such a table."""
    return Schema.infer(frame_with(**columns), "class", dictionary=dictionary)


def kind(values):
    """Return the one feature that a column becomes."""
    return infer(c=values).by_name["c"]


def test_kinds():
    """Numbers, few integers, words for true and false, booleans, categories and codes are told apart."""
    assert kind([str(i % 3) for i in range(N)]).kind == "numeric"
    assert kind([str(i % 3) for i in range(N)]).integer
    assert not kind(["1.5", "2"] * 12).integer
    assert kind(["Yes", "No", None] * 8).categories == ("No", "Yes")
    assert kind([True, False, False] * 8).categories == ("False", "True")
    assert kind(["T", "F", "F"] * 8).kind == "boolean"
    assert kind(["b", "a", "c"] * 8).categories == ("a", "b", "c")
    assert kind(["007", "010", "011"] * 8).kind == "categorical"
    assert kind([1, 0, 0] * 8).kind == "numeric"


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([None] * N, "every cell is missing"),
        (["x"] * N, "the same value 'x' in every row"),
        (list(range(1, N + 1)), "it counts the rows"),
        ([f"p{i}" for i in range(N)], "every text in it occurs once"),
        ([f"2024-01-{i + 1:02}" for i in range(N)], "it holds dates; give a number instead"),
        ([f"{i % 9 + 1}/31/2024" for i in range(N)], "it holds dates"),
        ([f"{i % 9 + 1}.1.24" for i in range(N)], "it holds dates"),
        ([12345678901234567 + i % 5 for i in range(N)], "it holds integers of more digits than a number keeps"),
        ([f"{12345678901234567 + i}" for i in range(N)], "it holds integers of more digits than a number keeps"),
        (["a\nb", "c", "c"] * 8, "a text in it holds a line break or another control character"),
        (["\x1b[31m", "c", "c"] * 8, "a text in it holds a line break or another control character"),
        ([pd.Timestamp(2024, 1, i + 1) for i in range(N)], "it holds dates"),
    ],
)
def test_columns_left_out(values, note):
    """A column of no use is left out, and the note says why."""
    schema = infer(c=values)

    assert schema.names == ("size",)
    assert note in schema.notes[0]


def test_identifiers_by_name():
    """Nearly unique integers in a column with an id's name are left out; named as the id column they are no feature."""
    ids = [1000 + i * i for i in range(N)]

    assert "it looks like an identifier" in infer(patient_id=ids).notes[0]
    assert infer(income=ids).names == ("size", "income")
    assert Schema.infer(frame_with(k=ids), "class", id_column="k").notes == ()


def test_many_categories_are_left_out():
    """More than 200 categories are left out."""
    frame = pd.DataFrame({"c": [f"c{i % 210}" for i in range(420)], "x": np.arange(420) % 7, "class": ["a", "b"] * 210})

    assert "it has 210 categories, more than 200" in Schema.infer(frame, "class").notes[0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([float(i % 4) for i in range(N - 1)] + [np.inf], r"column 'c', row 23: inf is infinite"),
        (["1"] * 5 + ["-inf"] + ["2"] * (N - 6), r"column 'c', row 5: '-inf' is infinite"),
        ([1e200] + [1.0] * (N - 1), r"column 'c', row 0: 1e\+200 is beyond 1e\+100"),
        ([10**400] + [1] * (N - 1), r"column 'c', row 0: 1000+… is infinite"),
        (["1", "2"] * 11 + ["3", "about 4"], r"column 'c', row 23: 'about 4' is not a number"),
        (["1,5", "2"] * 12, r"column 'c', row 0: '1,5' is not a number. Write decimal points: 1.5, not 1,5"),
        (["5", "12%"] * 12, r"column 'c', row 1: '12%' is not a number. Write the bare number"),
        (["$5.50", "$1,200.00"] * 12, r"column 'c', row 0: '\$5.50' is not a number. Write the bare number"),
        (["7 €", "1 234,50 €"] * 12, r"column 'c', row 0: '7 €' is not a number. Write the bare number"),
        (["−5", "4"] * 12, r"column 'c', row 0: '−5' is not a number. Write the bare number"),
        (["900", "1,234"] * 12, r"column 'c', row 1: '1,234' is not a number. Write 1234, or 1.234 if the comma"),
        ([True] + [3] * (N - 1), r"column 'c', row 0: True is not a number. Write 1 for true, 0 for false"),
    ],
)
def test_unusable_numbers(values, message):
    """Infinities, huge numbers, stray text and decimal commas are named with column, row and value."""
    with pytest.raises(TableError, match=message):
        infer(c=values)


def test_target_errors():
    """A missing, constant, continuous or rare target, and a row without label, are refused with the mend."""
    frame = frame_with()
    with pytest.raises(TableError, match=r"column 'clas': there is no such column. Did you mean 'class'"):
        Schema.infer(frame, "clas")
    with pytest.raises(TableError, match="it has 1 class, two are needed"):
        Schema.infer(frame.assign(t=1), "t")
    with pytest.raises(TableError, match=r"class 'b' has 1 rows, 5 are needed"):
        Schema.infer(frame.assign(t=["a"] * (N - 1) + ["b"]), "t")
    with pytest.raises(TableError, match="it has 60 classes, more than 50"):
        Schema.infer(pd.DataFrame({"x": np.arange(300) % 7, "t": np.arange(300) % 60}), "t")
    with pytest.raises(TableError, match="row 3: the row has no label"):
        Schema.infer(frame.assign(t=["a"] * 3 + [None] + ["b"] * (N - 4)), "t")
    with pytest.raises(TableError, match="no column is left to predict from"):
        Schema.infer(frame[["class"]].assign(k=1), "class")
    with pytest.raises(TableError, match="row 0: the row has no id"):
        Schema.infer(frame.assign(k=[None] + ["x"] * (N - 1)), "class", id_column="k")
    with pytest.raises(TableError, match=r"column '': there is no such column"):
        Schema.infer(frame, "")
    with pytest.raises(TableError, match=r"column 'class': it cannot be target and id at once"):
        Schema.infer(frame, "class", id_column="class")
    with pytest.raises(TableError, match=r"the label 'a\\nb' holds a line break"):
        Schema.infer(frame.assign(t=["a\nb", "c"] * 12), "t")
    with pytest.raises(TableError, match="class 'b' has 4 rows, 5 are needed"):
        Schema.infer(frame.assign(t=["b"] * 4 + ["a"] * (N - 4)), "t")
    with pytest.raises(TableError, match=r"column 'x\\ty': the name holds a line break or another control character"):
        Schema.infer(frame.assign(**{"x\ty": 1}), "class")
    with pytest.raises(TableError, match="the name is reserved"):
        infer(label=[1, 2, 3] * 8)


def test_labels_in_natural_order():
    """Labels are texts: whole numbers without a point, in order of size; booleans as True and False."""
    assert Schema.infer(frame_with(t=[10.0, 9.0] * 12), "t").labels == ("9", "10")
    assert Schema.infer(frame_with(t=["10", "9.0"] * 12), "t").labels == ("9.0", "10")
    assert Schema.infer(frame_with(t=[True, False] * 12), "t").labels == ("False", "True")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["0", "1"], ("0", "1")),
        (["2.0", "1.0"], ("1.0", "2.0")),
        (["no", "yes "], ("no", "yes")),
        (["😀", "👩‍👧"], ("👩‍👧", "😀")),
        (["=cmd()", "[t1]"], ("=cmd()", "[t1]")),
    ],
)
def test_odd_labels(values, labels):
    """Labels may be numbers, emoji or marks; only the white space around them is dropped."""
    assert Schema.infer(frame_with(t=values * 12), "t").labels == labels


@pytest.mark.parametrize("pair", [("a", "A"), ("1", "1.0")])
def test_labels_that_look_alike_are_noted(pair):
    """Labels that differ only in case, or as numbers not at all, stay two labels and are noted."""
    schema = Schema.infer(frame_with(t=[*pair] * 12), "t")

    assert set(schema.labels) == set(pair)
    assert "are taken for two different values" in schema.notes[0]


def test_codes_and_alike_categories_are_noted():
    """Leading zeros make categories, and a category written in two ways is two; both are said."""
    notes = infer(code=["007", "010", "011"] * 8, smoker=["Yes", "yes", "No"] * 8).notes

    assert "column 'code': texts that begin with 0 are taken for codes" in notes[0]
    assert "column 'smoker': 'Yes' and 'yes' are taken for two different values" in notes[1]


@pytest.mark.parametrize(
    "name", ["any", "explain", "x" * 300, "😀", "=cmd()", "[t1]", "{t1}", "nan", "0", " pad ", "'"]
)
def test_odd_column_names(name):
    """A name is only a name, whatever else it looks like."""
    schema = infer(**{name: [i * 5 % 7 for i in range(N)]})

    assert schema.names == ("size", name)
    assert schema.check_row({"size": 1, name: 2})[name] == 2


def test_leak_is_said():
    """A column that gives the label away is kept with a warning."""
    schema = infer(copy=["no", "yes"] * 12, score=[0.1, 0.9] * 12)

    assert schema.names == ("size", "copy", "score")
    assert sum(note.startswith("WARNING") and "(leak?)" in note for note in schema.notes) == 2
    assert not predicts_alone(np.array([1.0, 5.0, 9.0, 9.5]), np.array([0, 1, 0, 0]), numeric=True)


def test_repeated_ids_are_noted():
    """An id that occurs twice is noted."""
    with pytest.raises(TableError, match=r"column 'k', row 2: the row has no id"):
        Schema.infer(frame_with(k=["a", "b", " ", *"c" * (N - 3)]), "class", id_column="k")
    assert "1 rows of id column" in Schema.infer(frame_with(k=[*range(N - 1), 0]), "class", id_column="k").notes[0]


def test_dictionary(tmp_path):
    """Units and descriptions come from a mapping or a YAML file; unknown columns and odd entries are refused."""
    path = tmp_path / "d.yaml"
    path.write_text("description: a table\nsize: {unit: mm, description: its size}\n")
    schema = infer(dictionary=path)

    assert (schema.features[0].unit, schema.features[0].description) == ("mm", "its size")
    assert schema.description == "a table"
    assert infer(dictionary={"class": {"unit": "mm"}}).notes == (
        "the dictionary's 'unit' of 'class' is not used: it is no feature",
    )
    path.write_text("sise: {unit: mm}\n")
    with pytest.raises(TableError, match=r"d.yaml, column 'sise': described in the dictionary.*Did you mean 'size'"):
        infer(dictionary=path)


def test_what_people_call_things():
    """Words of features, labels and ids are kept, also in JSON; a schema without any is stored as it always was."""
    words = {
        "size": {"synonyms": ["extent"], "higher": ["larger"], "immutable": True, "range": [0, 9]},
        "kind": {"values": {"a": ["first"]}},
        "class": {"description": "its class", "synonyms": ["kind"], "values": {"yes": ["good ones"]}},
        "k": {"synonyms": ["number"], "values": {"1": ["one"]}},
    }
    frame = frame_with(kind=["a", "b", "c"] * 8, k=[f"i{i}" for i in range(N)])
    schema = Schema.infer(frame, "class", "k", words)

    assert schema.by_name["size"].range == (0, 9)
    assert schema.by_name["kind"].values == {"a": ("first",)}
    assert schema.target_words.values == {"yes": ("good ones",)}
    assert schema.id_words.synonyms == ("number",)
    assert schema.notes == ("the dictionary's 'values' of 'k' is not used: it is no feature",)
    assert Schema.model_validate_json(schema.model_dump_json()) == schema
    plain = infer().model_dump(mode="json")
    assert set(plain) == {"target", "labels", "id_column", "features", "description", "notes"}
    assert set(plain["features"][0]) == {"name", "kind", "integer", "unit", "description", "categories"}
    assert Schema.model_validate(plain) == infer()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            {"kind": {"values": {"aa": ["x"]}}},
            "column 'kind': the dictionary's value 'aa' does not occur. Did you mean",
        ),
        ({"size": {"values": {"a": ["x"]}}}, "'a' does not occur. Leave `values` out: the column holds numbers"),
        ({"class": {"values": {"yess": ["x"]}}}, "column 'class': the dictionary's value 'yess' does not occur. Did"),
        ({"kind": {"range": [0, 1]}}, "column 'kind': the dictionary gives 'range', which only numbers have"),
        ({"kind": {"higher": ["more"]}}, "the dictionary gives 'higher', which only numbers have. Leave it out"),
    ],
)
def test_words_that_do_not_fit(words, message):
    """A category that does not occur, and limits of a column without numbers, are named with the mend."""
    with pytest.raises(TableError) as caught:
        infer(kind=["a", "b", "c"] * 8, dictionary=words)

    assert message in str(caught.value)


@pytest.fixture(name="schema")
def _schema():
    return infer(kind=["a", "b", "c"] * 8, smoker=["No", "Yes", "No"] * 8, age=[str(20 + i % 5) for i in range(N)])


def test_check_orders_and_types(schema):
    """Columns come back in order and typed; others are noted; new categories are kept and noted."""
    frame = frame_with(age=["30"] * N, kind=["z"] + ["a"] * (N - 1), smoker=["Yes"] * N, extra=[1] * N)
    checked = schema.check(frame)

    assert list(checked.frame.columns) == list(schema.names)
    assert checked.frame["age"].dtype == np.float64
    assert checked.frame["kind"][0] == "z"
    assert np.isnan(schema.encode(checked.frame)[0, schema.names.index("kind")])
    assert "ignored 1 other columns: 'extra'" in checked.notes[0]
    assert "column 'kind': 'z' is new, the predictor takes it for missing (1 row). Known: 'a'" in checked.notes[1]


def test_check_names_missing_columns(schema):
    """A missing column is named, with the nearest one that is there."""
    with pytest.raises(TableError, match=r"the table lacks 3 of its columns: 'kind', 'smoker', 'age'"):
        schema.check(frame_with(kinds=["a"] * N))


def test_check_row(schema):
    """Text and NumPy numbers become plain ones; missing stays None; whole numbers of an integer column are int."""
    row = schema.check_row({"size": "2.5", "kind": "a", "smoker": None, "age": np.float64(30), "other": 1})

    assert row == {"size": 2.5, "kind": "a", "smoker": None, "age": 30}
    assert isinstance(row["age"], int)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": "big"}, "column 'size': 'big' is not a number"),
        ({"size": "1,5"}, "column 'size': '1,5' is not a number. Write decimal points"),
        ({"size": float("inf")}, "column 'size': inf is infinite"),
        ({"size": [1]}, "column 'size': list is not a single value"),
    ],
)
def test_check_row_errors(schema, change, message):
    """A value that does not fit is named."""
    with pytest.raises(TableError, match=message):
        schema.check_row({"size": 1, "kind": "a", "smoker": "No", "age": 3} | change)


def test_check_row_absent_key(schema):
    """An absent key is an error that names the nearest key."""
    with pytest.raises(TableError, match=r"column 'age': the row has no such value. Did you mean 'ages'"):
        schema.check_row({"size": 1, "kind": "a", "smoker": "No", "ages": 3})


def test_check_row_notes_new_categories(schema):
    """A category that training has not seen stays in the row, counts as missing, and is noted."""
    notes = []
    row = schema.check_row({"size": 1, "kind": "aa", "smoker": "No", "age": 3}, notes)

    assert row["kind"] == "aa"
    assert np.isnan(schema.encode_row(row)[schema.names.index("kind")])
    assert notes == ["column 'kind': 'aa' is new, the predictor takes it for missing (1 row). Did you mean 'a'?"]


@given(st.data())
def test_encode_and_decode_agree(data):
    """A row survives encoding and decoding, and one row is encoded as in a table."""
    schema = infer(kind=["a", "b", "c"] * 8, smoker=["No", "Yes", "No"] * 8, age=[20 + i % 5 for i in range(N)])
    row = schema.check_row(
        {
            "size": data.draw(st.none() | st.floats(-1e100, 1e100)),
            "kind": data.draw(st.sampled_from([None, "a", "b", "c"])),
            "smoker": data.draw(st.sampled_from([None, "No", "Yes"])),
            "age": data.draw(st.none() | st.integers(-99, 99)),
        }
    )
    x = schema.encode_row(row)

    assert schema.decode_row(x) == row
    np.testing.assert_array_equal(schema.encode([row])[0], x)
    np.testing.assert_array_equal(schema.encode(schema.check(pd.DataFrame([row], dtype=object)).frame)[0], x)


def test_label_indices(schema):
    """Labels become indices; an unknown or absent one is named."""
    assert schema.label_indices(frame_with())[:2].tolist() == [0, 1]
    with pytest.raises(TableError, match=r"column 'class', row 0: 'ja' is no label"):
        schema.label_indices(pd.DataFrame({"class": ["ja"]}))
    with pytest.raises(TableError, match=r"row 0: the row has no label"):
        schema.label_indices(pd.DataFrame({"class": [None]}, dtype=object))


def test_real_tables(table):
    """Real tables: row counters and ids are left out, categories and missing values understood."""
    penguins, target = table("penguins")
    schema = Schema.infer(penguins, target)
    assert schema.labels == ("Adelie", "Chinstrap", "Gentoo")
    assert schema.by_name["sex"].categories == ("female", "male")
    assert "rownames" not in schema.names

    biopsy, target = table("biopsy")
    schema = Schema.infer(biopsy, target)
    assert schema.names == tuple(f"V{i}" for i in range(1, 10))
    assert schema.check_row(schema.check(biopsy).frame.iloc[23].to_dict())["V6"] is None

    attrition, target = table("attrition")
    kinds = [feature.kind for feature in Schema.infer(attrition, target).features]
    assert (kinds.count("numeric"), kinds.count("categorical"), kinds.count("boolean")) == (16, 13, 1)
