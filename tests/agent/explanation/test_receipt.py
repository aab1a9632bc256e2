"""Receipts as files."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.explanation import receipt
from tools.errors import ReceiptError, StorageError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_digest_survives_a_round_trip_and_any_order_of_keys(value):
    """What a JSON program writes back has the same digest; the digest itself is left out of it."""
    again = json.loads(json.dumps(dict(reversed(value.items()))))

    assert receipt.canonical(again) == receipt.canonical(value)
    assert receipt.digest(value | {"digest": "x"}) == receipt.digest(again | {"digest": "y"})


@given(JSON)
def test_the_canonical_form_loses_nothing(value):
    """It reads back as the same JSON, so that different values have different digests."""
    assert json.loads(receipt.canonical(value).decode("utf-8", "surrogatepass")) == value


def test_writing_and_reading_give_the_same(by_rule, table, tmp_path):
    """Through a folder that is made on the way; nothing else is left there."""
    explanation = by_rule(table)[0]
    file = tmp_path / "new" / "folder" / "one.json"
    receipt.write(explanation, file)

    assert receipt.parse(receipt.read(file)) == explanation
    assert receipt.digest(receipt.read(file)) == explanation.digest
    assert [entry.name for entry in file.parent.iterdir()] == ["one.json"]


def test_a_receipt_that_cannot_be_written_says_so(by_rule, tmp_path):
    """A file where the folder should be: one line, with the mend, and nothing left behind."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match="choose another folder"):
        receipt.write(by_rule("cancer")[0], tmp_path / "taken" / "one.json")


def test_an_interrupted_write_leaves_the_old_file(by_rule, tmp_path, monkeypatch):
    """Either the whole receipt or what was there before; no temporary file stays."""
    file = tmp_path / "one.json"
    file.write_text("before")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        receipt.write(by_rule("cancer")[0], file)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


@given(st.text(min_size=1), st.text(min_size=1))
def test_file_names_are_safe_and_distinct(one, other):
    """No separator, no hidden file, no name too long; different ids have different names."""
    names = [receipt.file_name(row_id, 0) for row_id in (one, other)]

    assert all("/" not in name and not name.startswith(".") and len(name.encode()) <= 255 for name in names)
    assert (names[0] == names[1]) == (one == other)


def test_long_and_odd_ids():
    """Long ids that differ at the end stay apart; an id with half a surrogate pair is still a name."""
    long = "x" * 5000
    assert receipt.file_name(long + "a", 0) != receipt.file_name(long + "b", 0)
    assert receipt.file_name("\ud800", 0).endswith(".json")
    assert receipt.file_name("", 7) == "7.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": None}, "label"),
        ({"surprise": 1}, "surprise"),
        ({"steps": [{}]}, "steps.0"),
        ({"version": True}, "version"),
        ({"observations": [{"id": "x", "tool": "predict"}]}, "observations.0.id"),
    ],
)
def test_messages_name_the_field(by_rule, change, message):
    """What is missing, unknown or of another type."""
    raw = by_rule("cancer")[0].model_dump(mode="json")
    if change == {"version": True}:
        raw.pop("label")
        message = "label"
    with pytest.raises(ReceiptError, match=message):
        receipt.parse(raw | change)
