"""Descriptions and units of columns."""

import pytest

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
