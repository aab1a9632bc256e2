"""`tallystick evaluate`: what is written where, and what it says of mistakes."""

import json

import pytest


@pytest.fixture(name="files")
def _files(bundle_of, tmp_path):
    """Return a bundle and a table of its own rows with their labels, on disk."""
    bundle = bundle_of("penguins")
    bundle.save(tmp_path / "bundle")
    frame = bundle.rows.rename(columns={"label": "species"}).drop(columns="split").iloc[::9]
    frame.to_csv(tmp_path / "rows.csv", index=False)
    return str(tmp_path / "bundle"), str(tmp_path / "rows.csv"), tmp_path


def _evaluate(run, files, *more):
    bundle, rows, folder = files
    return run("evaluate", bundle, rows, "--llm", "rule", "--out", str(folder / "out"), *more)


def test_figures_are_printed_and_three_files_written(run, files):
    """A line per method and per chooser; notes on stderr."""
    code, out, err = _evaluate(run, files, "--methods", "rule,cot-template", "--limit", "4")

    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].split() == ["accuracy", "directions", "cited", "faithful", "invented", "complete"]
    assert [line.split()[0] for line in lines[1:5]] == [
        "rule",
        "cot-template",
        "cot-template:uniform",
        "cot-template:rule",
    ]
    assert "training rows" in err
    written = sorted(path.name for path in (files[2] / "out").iterdir())
    assert written == ["report.html", "rows.jsonl", "run.json", "summary.json"]
    summary = json.loads((files[2] / "out" / "summary.json").read_text())
    assert summary["methods"]["rule"]["fully_faithful"]["value"] == 1


def test_a_run_goes_on_where_it_stopped(run, files):
    """More rows and more methods are added to the same folder."""
    _evaluate(run, files, "--methods", "rule", "--limit", "2")
    code, _, err = _evaluate(run, files, "--methods", "rule,label-only", "--limit", "3")

    assert code == 0, err
    assert len((files[2] / "out" / "rows.jsonl").read_text().splitlines()) == 3 + 3 * 3


def test_the_bundles_own_held_out_rows_need_no_file(run, files):
    """And none of them trained it."""
    bundle, _, folder = files

    code, _, err = run(
        "evaluate", bundle, "held-out", "--llm", "rule", "--methods", "rule", "--limit", "2", "--out", str(folder / "o")
    )

    assert code == 0
    assert err == ""


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--methods", "agent-strickt"], "did you mean 'agent-strict'"),
        (["--methods", ","], "nothing to compare"),
        (["--limit", "0"], "--limit"),
        (["--fingerprint", "abc"], "fingerprint"),
    ],
)
def test_a_mistake_is_told_in_a_line(run, files, more, message):
    """Before anything is asked or written."""
    code, out, err = _evaluate(run, files, *more)

    assert code == 2
    assert message.lower() in err.lower()
    assert out == ""


def test_rows_without_labels_name_the_file_and_the_column(run, files):
    """What is wrong, where."""
    bundle, _, folder = files
    (folder / "bare.csv").write_text(
        "\n".join(line.rsplit(",", 1)[0] for line in (folder / "rows.csv").read_text().splitlines())
    )

    code, _, err = run("evaluate", bundle, str(folder / "bare.csv"), "--llm", "rule", "--methods", "rule")

    assert code == 2
    assert "bare.csv" in err
    assert "species" in err


def test_nothing_is_written_into_a_bundle(run, files):
    """It would not be one any more."""
    bundle, rows, _ = files

    code, _, err = run("evaluate", bundle, rows, "--llm", "rule", "--methods", "rule", "--out", bundle)

    assert code == 2
    assert "bundle" in err
