"""How a row is put to a language model: what a file may say, and that values stay values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import UserError
from tools.feature import Feature
from tools.row_prompt import RowPrompt
from tools.schema import Schema

SCHEMA = Schema(
    target="ill",
    labels=("no", "yes"),
    features=(Feature(name="age", kind="numeric"), Feature(name="sex", kind="categorical", categories=("f", "m"))),
    notes=("left out column 'note': every text in it occurs once",),
)


def _written(folder, text):
    file = folder / "template.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_is_read_and_every_label_has_words(tmp_path):
    """Labels that a file does not name are called as in the table, after a blank where an answer is begun."""
    file = _written(tmp_path, "user: 'Age {age}, sex {sex}?'\nanswer: 'Label:'\nlabels: {'yes': ' ill'}\n")

    prompt = RowPrompt.read(file, SCHEMA)

    assert prompt.columns == ("age", "sex")
    assert prompt.labels == {"no": " no", "yes": " ill"}
    assert prompt.filled({"age": 61.0, "sex": "f"}, "user") == "Age 61, sex f?"
    assert RowPrompt.read(_written(tmp_path, prompt.to_yaml()), SCHEMA) == prompt


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user: 'Age {agee}?'", "agee"),
        ("user: 'Age?'", "no column"),
        ("answer: x", "user or prompt"),
        ("{user: 'a {age}', prompt: 'b {age}'}", "user or prompt"),
        ("user: '{age}'\nlabels: {maybe: m}", "maybe"),
        ("user: '{age}'\nlabels: {'no': a, 'yes': a}", "same words"),
        ("user: [1]", "user"),
        ("usr: '{age}'", "usr"),
        ("user: '{age}", "cannot be read"),
        ("!!python/object/apply:os.system [true]", "cannot be read"),
        ("system: '{age}'", "user or prompt"),
        ("user: '{age}'\nlabels: {yes: null}", "labels.yes"),
        ("user: '{age}'\nsystem: 'One of {labels}'", "{labels} is no feature"),
        ("prompt: '{age}'\nsystem: 'You are an expert'", "user or prompt"),
        ("user: '{note}'", "every text in it occurs once"),
        ("- a", "template"),
    ],
)
def test_what_a_file_may_not_say_is_named_with_the_mend(tmp_path, text, said):
    """One line, before any model is loaded."""
    with pytest.raises(UserError, match=said) as raised:
        RowPrompt.read(_written(tmp_path, text), SCHEMA)

    assert raised.value.hint
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """As any other."""
    with pytest.raises(UserError, match="cannot be read"):
        RowPrompt.read(tmp_path / "none.yaml", SCHEMA)


def test_columns_may_stand_in_both_turns_and_braces_beside_them(tmp_path):
    """As people who trained on JSON write them; labels as YAML would not read them."""
    text = "system: 'Age {age}.'\nuser: 'Return {{\"label\": …}} for {sex}'\nlabels: {no: No, yes: on}\n"
    prompt = RowPrompt.read(_written(tmp_path, text), SCHEMA)
    row = {"age": 61, "sex": "f"}

    assert set(prompt.columns) == {"age", "sex"}
    assert (prompt.filled(row, "system"), prompt.filled(row, "user")) == ("Age 61.", 'Return {"label": …} for f')
    assert prompt.labels == {"no": "No", "yes": "on"}
    assert RowPrompt.read(_written(tmp_path, prompt.to_yaml()), SCHEMA) == prompt


def test_closing_braces_stay_where_none_were_doubled():
    """As in a JSON prompt that a model was trained on."""
    prompt = RowPrompt(prompt='{"patient": {"age": {age}}}').checked(SCHEMA, "it")

    assert "".join(text for text, _ in prompt.pieces({"age": 61})) == '{"patient": {"age": 61}}'


def test_labels_with_braces_are_asked_for_as_they_are():
    """A label is no place for a value."""
    schema = SCHEMA.model_copy(update={"labels": ("{a}", "{b}")})
    prompt = RowPrompt.default(schema.labels, schema.names).checked(schema, "it")

    assert "“{a}”, “{b}”" in prompt.filled({"age": 1, "sex": "f"}, "system")


@given(st.text(max_size=40))
def test_a_value_is_never_part_of_the_template(value):
    """Whatever a cell says: braces in it are filled in by nothing."""
    prompt = RowPrompt(user="<{sex}|{age}>", prompt="")

    assert prompt.filled({"sex": value, "age": 1.5}, "user") == f"<{value}|1.5>"
    raw = RowPrompt(prompt="<{sex}|{age}>").pieces({"sex": value, "age": 1.5})
    assert [text for text, is_value in raw if is_value] == [text for text in (value, "1.5") if text]


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_stands_as_it_is(value):
    """What is shown reads as the same number."""
    assert float(RowPrompt(user="{age}").filled({"age": value}, "user")) == pytest.approx(value, rel=1e-14)
