"""What columns mean, and what people call them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.dictionary import read_dictionary
from tools.errors import TableError


def read(tmp_path, content):
    """Write a file and read it as a dictionary."""
    path = tmp_path / "d.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_dictionary(path)


def test_entries(tmp_path):
    """Texts and numbers come out as text on one line; an empty file or entry says nothing."""
    found = read(
        tmp_path, "size: {unit: 5, description: |\n  two\n  lines}\n".replace("|\n  two\n  lines", '"two\n  lines"')
    )

    assert found == {"size": {"unit": "5", "description": "two lines"}}
    assert read(tmp_path, "size:\ndescription: a table\n") == {"size": {}, "description": "a table"}
    assert read(tmp_path, b"\xef\xbb\xbfa: {unit: \xc2\xb5m}\n") == {"a": {"unit": "µm"}}
    assert read(tmp_path, "") == read_dictionary(None) == {}


def test_what_people_call_things(tmp_path):
    """Lists of words, one alone too, limits and flags come out typed; nothing said is left out; repeats count once."""
    entry = "age: {synonyms: years lived, higher: [older, older], lower: [younger], immutable: true, range: [0, null]}"
    found = read(tmp_path, f"{entry}\nsex: {{values: {{f: [women, ' lady '], 1: , m: men}}, higher: }}\n")

    assert found["age"] == {
        "synonyms": ("years lived",),
        "higher": ("older",),
        "lower": ("younger",),
        "immutable": True,
        "range": (0.0, None),
    }
    assert found["sex"] == {"values": {"f": ("women", "lady"), "1": (), "m": ("men",)}}


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x, max_size=3)), st.data())
def test_whatever_is_in_an_entry(value, data):
    """Any value under any key is read as its type or refused as a table's error; nothing else happens."""
    key = data.draw(st.sampled_from(["description", "unit", "synonyms", "higher", "values", "immutable", "range"]))
    wrapped = {data.draw(st.none() | st.booleans() | st.text()): value} if data.draw(st.booleans()) else value
    try:
        found = read_dictionary({"a": {key: wrapped}})["a"]
    except TableError:
        return

    types = {"immutable": bool, "values": dict, "description": str, "unit": str}
    assert all(isinstance(part, types.get(key, tuple)) for part in found.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("age: {synonym: [a]}\n", "'synonym' is not known. Did you mean 'synonyms'"),
        ("age: {synonyms: [[a]]}\n", "column 'age': list is no text. Put it in quotation marks"),
        ("age: {synonyms: [yes]}\n", "column 'age': bool is no text"),
        ("age: {synonyms: ['']}\n", "column 'age': a synonym is empty. Leave it out"),
        (f"age: {{higher: [{'x' * 101}]}}\n", "a synonym is not usable. Write at most 100 ordinary characters"),
        ('age: {lower: ["a\\eb"]}\n', "a synonym is not usable"),
        (f"age: {{synonyms: [{', '.join(map(str, range(101)))}]}}\n", "101 words are too many. Write at most 100"),
        ("age: {values: [a]}\n", "its values have another form. Write `values: {category"),
        ("age: {values: {yes: [a]}}\n", "bool is no text. Put it in quotation marks"),
        ("age: {immutable: 1}\n", "immutable is neither true nor false"),
        ("age: {range: [1]}\n", "its range is no pair of numbers. Write `range"),
        ("age: {range: [a, 2]}\n", "its range is no pair of numbers"),
        ("age: {range: [.nan, 2]}\n", "its range is no pair of numbers"),
        ("age: {range: [true, 2]}\n", "its range is no pair of numbers"),
        ("age: {range: [3, 2]}\n", "its range begins at 3 and ends at 2. Write the lowest value first"),
    ],
)
def test_words_that_are_not_usable(tmp_path, content, message):
    """Each mistake in the words of a column is named with the mend."""
    with pytest.raises(TableError) as caught:
        read(tmp_path, content)

    assert message in str(caught.value)
    assert "d.yaml, column 'age'" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n", "the dictionary is no mapping"),
        ("size: mm\n", "column 'size': its entry has another form. Write `column: {description"),
        ("size: {units: mm}\n", "column 'size': its entry has another form"),
        ("description: [a]\n", "column 'description': its entry has another form"),
        ("size: {unit: [a]}\n", "column 'size': list is no text. Put it in quotation marks"),
        ("size: {unit: no}\n", "column 'size': bool is no text"),
        ("size: {unit: 2024-01-01}\n", "column 'size': date is no text"),
        ("size: &a {unit: *a}\n", "column 'size': dict is no text"),
        ('size: {unit: "a\\eb"}\n', "not usable. Write at most 2000 ordinary characters"),
        (f"size: {{unit: {'x' * 3000}}}\n", "not usable. Write at most 2000 ordinary characters"),
        ("a: [\n", "cannot be read: line 2: expected the node content"),
        ("a: 1\n---\nb: 1\n", "cannot be read: line 2"),
        ("? [a]\n: 1\n", "cannot be read: line 1: found unhashable key"),
        (b"a: \0\n", "cannot be read: unacceptable character"),
        (b"a: {unit: \xb5m}\n", "cannot be read: 'utf-8' codec can't decode"),
        ("[" * 3000, "cannot be read: it is nested too deeply"),
        ("description: " + "x" * 2**20, "larger than 1048576 bytes"),
    ],
)
def test_what_is_no_dictionary(tmp_path, content, message):
    """Each mistake is one line with the file, the column or line, and the mend."""
    with pytest.raises(TableError, match=message) as caught:
        read(tmp_path, content)

    assert "d.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_in_it_runs(tmp_path):
    """A Python tag is refused before it is looked up."""
    with pytest.raises(TableError, match="line 1: could not determine a constructor for the tag"):
        read(tmp_path, f"size: !!python/object/apply:os.mkdir ['{tmp_path}/ran']\n")

    assert not (tmp_path / "ran").exists()


def test_a_bomb_of_aliases_is_not_unfolded(tmp_path):
    """Aliases of aliases are refused by their type; their text is never made."""
    parts = ["&a0 [x, x]"] + [f"&a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(TableError, match="column 'size': list is no text"):
        read(tmp_path, f"size: {{unit: [{', '.join(parts)}]}}\n")


def test_files_that_are_not_there(tmp_path):
    """A missing file and a directory are named."""
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(TableError, match=r"there is no such file. Give a YAML file"):
            read_dictionary(path)
