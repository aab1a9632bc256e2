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
