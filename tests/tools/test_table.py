"""Reading and writing tables."""

import bz2
import datetime as dt
import decimal
import gzip
import io
import json
import lzma
import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import StorageError, TableError
from tools.table import cells, check_columns, located, number, read_table, write_csv


def read(tmp_path, content, name="t.csv", **options):
    """Write a file and read it as a table."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_found(tmp_path, delimiter):
    """Comma, semicolon and tab are told apart, also next to decimal commas and quoted delimiters."""
    frame = read(tmp_path, delimiter.join("ab") + "\n" + delimiter.join(['"x,;\ty"', "2"]) + "\n")

    assert frame.to_numpy().tolist() == [["x,;\ty", "2"]]


def test_semicolons_beat_decimal_commas(tmp_path):
    """A table with decimal commas is split at its semicolons."""
    assert list(read(tmp_path, "a;b\n1,5;2,5\n3,5;4,5\n").columns) == ["a", "b"]


def test_cells_stay_text(tmp_path):
    """An id with leading zeros and a long number keep every character."""
    frame = read(tmp_path, "id,n\n007,12345678901234567890\n")

    assert frame.iloc[0].tolist() == ["007", "12345678901234567890"]


def test_byte_order_mark_and_line_ends(tmp_path):
    """A byte order mark, CRLF and blank lines do not become data."""
    frame = read(tmp_path, b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r\n")

    assert frame.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_say_what_they_are(tmp_path, encoding):
    """UTF-8, and UTF-16 and UTF-32 with their byte order mark, are the same table."""
    assert read(tmp_path, "größe,b\n1,€\n".encode(encoding)).to_dict("list") == {"größe": ["1"], "b": ["€"]}


@pytest.mark.parametrize("squeeze", [gzip.compress, bz2.compress, lzma.compress, lambda _: b"PK\x03\x04 a spreadsheet"])
def test_compressed_files_are_told_by_their_bytes(tmp_path, squeeze):
    """Whatever a compressed file or a spreadsheet is called, it is not unpacked, and the mend is said."""
    with pytest.raises(TableError, match=r"t\.csv: compressed files and spreadsheets are not read\. Decompress"):
        read(tmp_path, squeeze(b"a,b\n" + b"1,2\n" * 100_000))


def test_blank_line_is_a_missing_cell_in_one_column(tmp_path):
    """In a table of one column a blank line between others is a row, trailing ones are not."""
    assert read(tmp_path, "a\n1\n\n3\n\n")["a"].tolist() == ["1", "", "3"]


def test_line_break_inside_quotes(tmp_path):
    """A quoted line break belongs to its cell."""
    assert read(tmp_path, 'a,b\n"x\ny",1\n').to_numpy().tolist() == [["x\ny", "1"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("a,b\n", "there is a header, but no row"),
        ("a,a\n1,2\n", r"column 'a': the name occurs 2 times"),
        ("a, a\n1,2\n", r"column 'a': the name occurs 2 times"),
        ('"a\nb",c\n1,2\n', r"column 'a\\nb': the name holds a line break or another control character. Rename"),
        ("\u202ea,c\n1,2\n", r"the name holds a line break or another control character"),
        ("a,b\n1,\0\n", "line 2 holds a NUL character. Is it UTF-16"),
        ("a,b\n1,2\n".encode("utf-16-le"), "line 1 holds a NUL character. Is it UTF-16"),
        ("a\nKöln\n".encode("latin-1"), "line 2 is not UTF-8. Convert it, e.g. `iconv -f windows-1252"),
        ("a\n“x”\n".encode("cp1252"), "line 2 is not UTF-8"),
        (b"\xff\xfea", "line 1 is not UTF-16"),
        ("a,\n1,2\n", r"column 1 \(counted from 0\) has no name"),
        ("a,b\n1,2\n1,2,3\n", r"row 1: 3 cells, but the header has 2"),
        ('a,b\n1,"2\n', "not a CSV file.*Check its quotation marks"),
        (b"a\n\xe9\n", "line 2 is not UTF-8.*iconv"),
        ("a,b\n" + "x" * 200_000 + ",1\n", "not a CSV file: field larger than"),
    ],
)
def test_csv_errors(tmp_path, content, message):
    """What is wrong with a CSV file is said with the file, the row and the mend."""
    with pytest.raises(TableError, match=message) as caught:
        read(tmp_path, content)

    assert "t.csv" in str(caught.value)


def test_json_lines(tmp_path):
    """Objects keep their types, in any order of keys."""
    frame = read(tmp_path, '{"a": 1, "b": "x"}\n{"b": null, "a": 2.5}\n', "t.jsonl")

    assert frame.to_numpy().tolist() == [[1, "x"], [2.5, None]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}\n{"b": 1}\n', r"row 1: its keys differ from the first object's: \['a', 'b'\]"),
        ('{"a": 1}\n[1]\n', "row 1: not a JSON object"),
        ('{"a": 1}\n{\n', "row 1: not JSON"),
        ('{"a": 1, "a": 2}\n', "the name occurs 2 times"),
        ('{"a": 1}\n{"a": 1, "a": 2}\n', "row 1: its keys differ"),
        ('[{"a": 1}]', "row 0: not a JSON object. Write one object per line, e.g. with `jq -c`"),
        ('{\n"a": 1}', "row 0: not JSON: Expecting property name"),
        ("[" * 100_000, "row 0: not JSON: maximum recursion depth"),
        ('{"a": 1' + "0" * 5000 + "}", "row 0: not JSON: Exceeds the limit"),
        ("{}", "there is no column"),
    ],
)
def test_json_lines_errors(tmp_path, content, message):
    """A line that is no object, or has other keys, is named."""
    with pytest.raises(TableError, match=message):
        read(tmp_path, content, "t.ndjson")


def test_parquet(tmp_path):
    """Parquet keeps types; large integers survive gaps; damage and duplicate names are refused."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [2**53 + 1, None], "x": [0.5, 1.5]}), path)

    assert cells(read_table(path)["id"])[0] == 2**53 + 1

    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(TableError, match="the name occurs 2 times"):
        read_table(path)

    path.write_bytes(b"PAR1 no")
    with pytest.raises(TableError, match="not a Parquet file"):
        read_table(path)

    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), path)
    with pytest.raises(TableError, match="there are columns, but no row"):
        read_table(path)


@pytest.mark.parametrize(("content", "expected"), [('{"a": 1}\n', [1]), ("a\n1\n", ["1"])])
def test_standard_input(monkeypatch, content, expected):
    """The first byte of standard input tells JSON lines from CSV."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content.encode())))

    assert expected == read_table("-")["a"].tolist()


def test_files_that_are_not_read(tmp_path):
    """URLs, compressed, missing and large files are refused with the mend."""
    (tmp_path / "rows.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match="Download it first"):
        read_table("https://example.org/t.csv")
    with pytest.raises(TableError, match=r"^https://example.org/t.csv: this is a URL"):
        read_table("https://example.org/t.csv")
    with pytest.raises(TableError, match=r"no such file.*Did you mean 'rows.csv'"):
        read_table(tmp_path / "row.csv")
    with pytest.raises(TableError, match=r"this is a directory. Give the path of one file"):
        read_table(tmp_path)
    with pytest.raises(TableError, match="cannot be read: File name too long"):
        read_table("x" * 5000)
    os.mkfifo(tmp_path / "pipe.csv")
    for source in (tmp_path / "pipe.csv", "/dev/null"):
        with pytest.raises(TableError, match=r"this is no ordinary file.*pipe it to standard input"):
            read_table(source)
    with pytest.raises(TableError, match="larger than 3 bytes"):
        read_table(tmp_path / "rows.csv", limit_bytes=3)


def test_columns_are_text():
    """A table with numbered columns is refused."""
    with pytest.raises(TableError, match="0 is not a name"):
        check_columns([0, 1])


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    """Permissions are the file's error, with its name."""
    (tmp_path / "t.csv").write_text("a\n1\n")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(TableError, match=r"t\.csv: cannot be read: Permission denied\. Check its path"):
        read_table(tmp_path / "t.csv")


def test_parquet_is_told_by_its_bytes(tmp_path, monkeypatch):
    """A Parquet file is read under any name and from standard input; one that unpacks to too much is not."""
    path = tmp_path / "t.csv"
    pq.write_table(pa.table({"a": [1, 2], "b": pa.array(["x", None]).dictionary_encode()}), path)

    assert read_table(path).columns.tolist() == ["a", "b"]
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(path.read_bytes())))
    assert cells(read_table("-")["b"]) == ["x", None]

    pq.write_table(pa.table({"a": np.zeros(100_000)}), path)
    with pytest.raises(TableError, match="unpacks to more than 100000 bytes"):
        read_table(path, limit_bytes=100_000)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pd.Series(["a", None], dtype="category"), ["a", None]),
        (pd.Series([True, None], dtype="boolean"), [True, None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series([dt.date(2024, 1, 2), None]), ["2024-01-02", None]),
        (pd.Series([decimal.Decimal("1.50"), None]), [1.5, None]),
        (pd.Series(pd.to_datetime(["2024-01-02"]).tz_localize("UTC")), ["2024-01-02T00:00:00+00:00"]),
    ],
)
def test_typed_parquet_columns(tmp_path, column, expected):
    """Categories, nullable types, dates and decimals become plain values; an index is a column like the others."""
    column.to_frame("c").rename_axis("key").to_parquet(tmp_path / "t.parquet")

    assert expected == cells(read_table(tmp_path / "t.parquet")["c"])


def test_errors_name_the_file(tmp_path):
    """An error about a table that was read from a file says which; another one stays as it is."""
    frame = read(tmp_path, "a\nx\n")

    with pytest.raises(TableError, match=r"t\.csv, column 'a', row 0: odd") as caught, located(frame):
        raise TableError("odd", column="a", row=0)
    assert caught.value.file.endswith("t.csv")
    with pytest.raises(TableError, match=r"t\.csv: odd"), located(frame):
        raise TableError("odd")
    with pytest.raises(TableError, match=r"^odd"), located(pd.DataFrame()):
        raise TableError("odd")


def test_half_a_character_is_refused(tmp_path):
    """A lone surrogate, which no file can hold, is named with column and row."""
    with pytest.raises(TableError, match="column 'c', row 1: the text holds half a character"):
        cells(pd.Series(["a", "\ud800"], dtype=object, name="c"))
    with pytest.raises(TableError, match="control character"):
        read(tmp_path, '{"\\ud800": 1}', "t.json")


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"x", dt.time(1), dt.timedelta(1)])
def test_cells_are_single_values(value):
    """A list, an object or bytes in a cell is named with column and row."""
    with pytest.raises(TableError, match=r"column 'c', row 1: .* is not a single value"):
        cells(pd.Series([1, value], dtype=object, name="c"))


def test_missing_markers():
    """Every marker of a missing value is read as one, in text and in typed columns."""
    texts = ["", " ", "NA", "N/A", "NaN", "null", "None", "?", None, float("nan"), pd.NA, pd.NaT]

    assert [None] * len(texts) == cells(pd.Series(texts, dtype=object))
    assert cells(pd.Series([1.0, None])) == [1.0, None]
    assert cells(pd.Series([1, None], dtype="Int64")) == [1, None]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_written(value):
    """A number's shortest text is read back to the same number."""
    assert value == number(repr(value))


@given(st.text(max_size=8))
def test_number_never_raises(text):
    """Any text is a number that float accepts, or None."""
    assert number(text) is None or number(text) == float(text)


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)] * 2),
        min_size=1,
        max_size=5,
    )
)
def test_no_row_is_lost(tmp_path_factory, rows):
    """What is written is read back, row for row."""
    path = tmp_path_factory.mktemp("t") / "t.csv"
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    write_csv(frame, path)

    back = read_table(path)

    assert len(frame) == len(back)
    expected = [["" if cell is None else cell.removeprefix("'") for cell in cells(frame[name])] for name in "ab"]
    assert expected == [["" if cell is None else cell.removeprefix("'") for cell in cells(back[name])] for name in "ab"]


def test_formulas_are_defused(tmp_path):
    """A text that a spreadsheet would run gets a quotation mark; a negative number does not."""
    write_csv(pd.DataFrame({"=a": ["=1+1", "-5", "@x", "ok"], "b": [-1.5, 2, 3, 4]}), tmp_path / "t.csv")

    assert read_table(tmp_path / "t.csv")["'=a"].tolist() == ["'=1+1", "-5", "'@x", "ok"]
    assert "-1.5" in (tmp_path / "t.csv").read_text()


def test_unwritable(tmp_path):
    """A folder that is not there is the machine's error."""
    with pytest.raises(StorageError, match="cannot be written"):
        write_csv(pd.DataFrame({"a": [1]}), tmp_path / "no" / "t.csv")


def test_json_infinity_is_left_to_the_schema(tmp_path):
    """JSON's extra constants are read: NaN as missing, Infinity for the schema to refuse."""
    text = "\n".join(json.dumps({"a": value}) for value in (float("nan"), float("inf")))

    assert [None, float("inf")] == cells(read(tmp_path, text, "t.jsonl")["a"])
