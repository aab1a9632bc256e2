"""Rows are explained once, kept at once, and never mixed with those of another run."""

import json

import pytest

from agent.evaluation.run import Table, entries, read_lines, run
from agent.llm import RuleChat, UniformChat
from tools.errors import TableError, UserError


def _lines(out):
    return [(line["method"], line["row"]) for line in read_lines(out / "rows.jsonl")]


def _frame(bundle):
    """Return the table that the bundle was made from."""
    return bundle.rows.rename(columns={"label": bundle.schema.target}).drop(columns="split")


def test_a_method_that_chooses_runs_with_chance_and_rule_too():
    """But the rule's agent is there already, under its own name."""
    assert [name for name, *_ in entries(["cot", "cot-template", "agent-strict"])] == [
        "cot",
        "cot-template",
        "cot-template:uniform",
        "cot-template:rule",
        "agent-strict",
        "agent-strict:uniform",
    ]


def test_an_unknown_method_is_named_with_the_nearest():
    """Did you mean."""
    with pytest.raises(UserError, match="agent-strict"):
        entries(["agent-strickt"])


def test_what_is_done_is_not_done_again(bundle_of, tmp_path):
    """A run that goes on writes only what is missing, and returns all of it."""
    bundle = bundle_of("penguins")

    run(bundle, Table.held_out(bundle, 2), RuleChat(), ["rule"], 3, tmp_path)
    first = (tmp_path / "rows.jsonl").read_text()
    lines = run(bundle, Table.held_out(bundle, 3), RuleChat(), ["rule", "cot"], 3, tmp_path)

    assert (tmp_path / "rows.jsonl").read_text().startswith(first)
    assert len(_lines(tmp_path)) == len(set(_lines(tmp_path))) == 6
    assert [line["method"] for line in lines] == ["rule"] * 3 + ["cot"] * 3


def test_a_line_that_was_cut_off_is_done_again(bundle_of, tmp_path):
    """A run may be killed while it writes."""
    bundle = bundle_of("penguins")
    table = Table.held_out(bundle, 3)
    whole = run(bundle, table, RuleChat(), ["rule"], 3, tmp_path)
    kept = tmp_path / "rows.jsonl"
    kept.write_bytes(kept.read_bytes()[:-200])

    again = run(bundle, table, RuleChat(), ["rule"], 3, tmp_path)

    assert [line["text"] for line in again] == [line["text"] for line in whole]
    assert len(_lines(tmp_path)) == 3


def test_a_text_with_odd_line_separators_is_one_line(bundle_of, tmp_path):
    """Models write all kinds of characters; a line cut within one is passed over."""
    line = {"method": "cot", "row": 1, "text": "a\u2028b\x85c\x0bd – é"}
    whole = json.dumps(line, ensure_ascii=False).encode()
    (tmp_path / "rows.jsonl").write_bytes(whole + b"\n" + whole[:-4])

    assert read_lines(tmp_path / "rows.jsonl") == [line]


@pytest.mark.parametrize("other", ["table", "top", "llm"])
def test_a_folder_of_another_run_is_refused(bundle_of, tmp_path, other):
    """Figures of different bundles, models or lengths do not belong together."""
    bundle = bundle_of("penguins")
    run(bundle, Table.held_out(bundle, 1), RuleChat(), ["rule"], 3, tmp_path)
    table = Table.of(_frame(bundle).head(40), bundle, 1) if other == "table" else Table.held_out(bundle, 1)
    chat = UniformChat() if other == "llm" else RuleChat()

    with pytest.raises(UserError, match="another"):
        run(bundle, table, chat, ["rule"], 2 if other == "top" else 3, tmp_path)


def test_rows_that_trained_the_predictor_are_noted(bundle_of):
    """They make decisions look better than they are."""
    bundle = bundle_of("penguins")

    assert any("training rows" in note for note in Table.of(_frame(bundle), bundle, 50).notes)
    assert not Table.held_out(bundle).notes


def test_rows_without_labels_are_refused(bundle_of):
    """There is nothing to compare with."""
    bundle = bundle_of("penguins")

    with pytest.raises(TableError, match="species"):
        Table.of(_frame(bundle).drop(columns="species"), bundle)


def test_every_line_can_be_scored_without_the_run(bundle_of, tmp_path):
    """It holds all that was said, found and spent."""
    bundle = bundle_of("penguins")

    [line] = run(bundle, Table.held_out(bundle, 1), RuleChat(), ["rule"], 3, tmp_path)

    assert json.loads(json.dumps(line)) == line
    assert {
        "answer",
        "text",
        "question",
        "observations",
        "decision",
        "probabilities",
        "truth",
        "cost",
        "reader",
    } <= set(line)
    assert line["cost"]["memory"] > 10


def test_a_category_that_training_has_not_seen_stays_what_it_is(bundle_of):
    """It is no missing value: a text may say so."""
    bundle = bundle_of("penguins")
    frame = _frame(bundle).head(2).assign(island="Mars")

    assert [row["island"] for row in Table.of(frame, bundle).rows] == ["Mars", "Mars"]
