"""The command line: what is printed where, and with which exit code."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from agent import cli
from agent.explanation.verify import verify
from agent.llm.catalog import CATALOG
from tools.bundle import Bundle

ROOT = Path(__file__).parents[2]
COMMANDS = [
    ["demo"],
    ["fit"],
    ["classify"],
    ["ask"],
    ["chat"],
    ["sessions", "list"],
    ["sessions", "delete"],
    ["verify"],
    ["calc"],
    ["models", "list"],
    ["models", "pull"],
    ["models", "path"],
]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TALLYSTICK_LLM", "rule")

    def run_command(*arguments, stdin=None):
        monkeypatch.setattr(sys, "argv", ["tallystick", *map(str, arguments)])
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return run_command


@pytest.fixture(scope="module")
def stored(bundle_of, tmp_path_factory):
    """Return a folder with a bundle of the penguins and three rows of theirs."""
    folder = tmp_path_factory.mktemp("stored")
    bundle = bundle_of("penguins")
    bundle.save(folder / "bundle")
    numbers = [int(n) for n in bundle.held_out()[2][:3]]
    pd.DataFrame([bundle.features_of(n) for n in numbers]).to_csv(folder / "rows.csv", index=False)
    return folder


@pytest.fixture
def receipts(run, stored, tmp_path):
    """Return the receipts of three rows."""
    run("classify", stored / "bundle", stored / "rows.csv", "--receipts", tmp_path / "r")
    return sorted((tmp_path / "r").iterdir())


def _one_line(err):
    """Check that an error is one or two lines without a traceback, and return it."""
    lines = err.strip().splitlines()
    assert 1 <= len(lines) <= 2
    assert lines[-1].startswith("tallystick: ")
    assert "Traceback" not in err
    return err


def _process(*arguments, stdin="", **environment):
    return subprocess.run(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=120,
        check=False,
    )


# -- as a process ----------------------------------------------------------------------------------------------------


def test_a_process_separates_results_from_notes(stored, tmp_path):
    """On stdout are JSON lines and nothing else; there is no colour in a pipe."""
    home = {"TALLYSTICK_HOME": str(tmp_path), "FORCE_COLOR": "", "NO_COLOR": ""}
    done = _process("classify", stored / "bundle", stored / "rows.csv", "--llm", "rule", "--json", **home)

    assert done.returncode == 0, done.stderr
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3
    assert "\x1b" not in done.stdout + done.stderr


def test_a_process_ends_with_the_exit_code(tmp_path):
    """2 for the user's mistake, in one line."""
    done = _process("classify", tmp_path / "none", tmp_path / "none.csv", "--llm", "rule")

    assert done.returncode == 2
    assert done.stdout == ""
    _one_line(done.stderr)


@pytest.mark.parametrize("command", ["calc", "verify"])
def test_nobody_has_to_read_on(receipts, stored, command):
    """`| head -1` is no failure."""
    files = [str(path) for path in receipts] * 20
    arguments = ["calc", "-"] if command == "calc" else ["verify", *files, "--bundle", str(stored / "bundle")]
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    process.stdout.close()
    err = process.communicate(b"1+1\n" * 20_000, timeout=120)[1]

    assert process.returncode == 0, err
    assert err == b""


# -- fit, classify, verify -------------------------------------------------------------------------------------------


def test_fit_then_classify_then_verify(run, table, bundle_of, tmp_path):
    """The whole way over files, with receipts named by row number."""
    bundle = bundle_of(table)
    frame = bundle.rows[list(bundle.schema.names)].copy()
    frame["outcome"] = [bundle.schema.labels[0] if i % 3 else bundle.schema.labels[-1] for i in range(len(frame))]
    frame.head(200).to_csv("data.csv", index=False)
    frame.drop(columns="outcome").head(3).to_csv("rows.csv", index=False)

    code, out, err = run("fit", "data.csv", "--target", "outcome", "--out", "b")
    assert code == 0, err
    assert "held-out rows" in out
    code, out, err = run("classify", "b", "rows.csv", "--receipts", "r", "--limit", 2)
    assert code == 0, err
    assert out.count("Conclusion: ") == 2
    code, out, err = run("verify", "r/0.json", "r/1.json")
    assert code == 0, err
    assert [line.split(" (")[0] for line in out.splitlines()] == ["r/0.json: ok", "r/1.json: ok"]


def test_json_is_one_explanation_per_line(run, stored):
    """In the order of the rows; each is what the receipt has."""
    code, out, _ = run("classify", stored / "bundle", stored / "rows.csv", "--json", "--top", 2, "--receipts", "r")
    explanations = [json.loads(line) for line in out.splitlines()]

    assert code == 0
    assert [json.loads(Path(f"r/{number}.json").read_text()) for number in range(3)] == explanations
    assert all(e["verification"]["ok"] and e["llm"] is None for e in explanations)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_rows_come_from_stdin(run, stored, form):
    """`-` reads CSV or JSON lines."""
    frame = pd.read_csv(stored / "rows.csv")
    text = frame.to_csv(index=False) if form == "csv" else frame.to_json(orient="records", lines=True)
    code, out, err = run("classify", stored / "bundle", "-", "--json", stdin=text)

    assert code == 0, err
    assert len(out.splitlines()) == 3


def test_a_limit_of_nothing_classifies_nothing(run, stored):
    """No row, no output, no mistake."""
    assert run("classify", stored / "bundle", stored / "rows.csv", "--limit", 0)[:2] == (0, "")


def test_verify_goes_on_after_an_unreadable_file(run, receipts, tmp_path):
    """Every file has its line; 2 if one was unreadable, else 1 if a check failed."""
    changed = json.loads(receipts[1].read_text())
    receipts[1].write_text(json.dumps(changed | {"text": changed["text"] + " Really."}))

    code, out, err = run("verify", *receipts)
    assert code == 1
    assert err == ""
    assert out.startswith(f"{receipts[0]}: ok (")
    assert "  text: expected " in out

    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")
    code, out, err = run("verify", tmp_path / "broken.json", receipts[0], tmp_path / "empty.json", receipts[1])
    assert code == 2
    assert f"{receipts[0]}: ok" in out
    assert "text: expected" in out
    assert [line.partition(".json")[0] for line in err.splitlines()] == [
        f"tallystick: {tmp_path / 'broken'}",
        f"tallystick: {tmp_path / 'empty'}",
    ]


def test_verify_needs_the_bundle_or_only_the_text(run, receipts, stored, tmp_path):
    """The one given, the recorded one, or none with --text-only."""
    raw = json.loads(receipts[0].read_text())
    raw["bundle"]["path"] = str(tmp_path / "gone")
    from agent.explanation.receipt import digest

    receipts[0].write_text(json.dumps(raw | {"digest": digest(raw)}))

    code, _, err = run("verify", receipts[0])
    assert code == 2
    assert "--bundle" in _one_line(err)
    assert run("verify", receipts[0], "--bundle", stored / "bundle")[0] == 0
    code, out, _ = run("verify", receipts[0], "--text-only")
    assert code == 0
    assert "text only" in out


def test_verify_reads_receipts_of_answers(run, stored, tmp_path):
    """A file with an answer is told from one with an explanation, and run again like it."""
    from agent.conversation.compose import answer_of
    from agent.explanation import receipt
    from tools.bundle import Bundle
    from tools.toolbox import Toolbox

    bundle, file = Bundle.load(stored / "bundle"), tmp_path / "answer.json"
    toolbox = Toolbox(bundle)
    seen = [toolbox.call("count", {}), toolbox.call("probability", {"where": [["row", "==", 3]]})]
    about = {"sha256": bundle.sha256, "path": str(bundle.path)}
    answer = answer_of("How many, and how likely is 3?", seen, bundle.schema, bundle=about)
    answer.verification = verify(answer)
    receipt.write(receipt.seal(answer), file)

    code, out, _ = run("verify", file)
    assert (code, out.partition(" (")[0]) == (0, f"{file}: ok")
    file.write_text(file.read_text().replace('"rows": ', '"rows": 1'))
    code, out, _ = run("verify", file)
    assert code == 1
    assert "t1.rows: expected" in out


# -- calc, models ----------------------------------------------------------------------------------------------------


def test_calc_one_expression(run):
    """As text, as JSON, and with an error."""
    assert run("calc", "(17.99 - 12.15) / 1.78")[:2] == (0, "3.28089887640449\n")
    code, out, _ = run("calc", "1/3", "--json")
    assert (code, json.loads(out)["exact"]) == (0, "1/3")
    code, out, _ = run("calc", "1/0", "--json")
    assert code == 2
    assert "error" in json.loads(out)
    code, out, err = run("calc", "1 +")
    assert (code, out) == (2, "")
    _one_line(err)


def test_calc_from_stdin(run):
    """One expression, or one JSON string, per line; one object per line; 0 when all lines were read."""
    lines = ["1 + 1", '"2 *\\n3"', "nonsense(", '"unfinished', "", '"\\u0034"']
    code, out, _ = run("calc", "-", stdin="\n".join(lines) + "\n")
    found = [json.loads(line) for line in out.splitlines()]

    assert code == 0
    assert [entry.get("result") for entry in found] == ["2", "6", None, None, None, "4"]
    assert all("\n" not in entry.get("error", "") for entry in found)


def test_models_are_listed_and_found(run, tmp_path):
    """The catalog with formats and licences, and where a file would be."""
    code, out, _ = run("models", "list")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines] == [*CATALOG]
    assert lines[0][1:] == ["135M", "GGUF", "98", "MB", "not", "here", "Apache-2.0"]
    assert lines[2][1:3] == ["13B", "safetensors"]
    assert lines[2][-4:] == ["Llama", "2", "Community", "License"]
    code, out, _ = run("models", "path", "smollm2-135m")
    assert (code, out.strip().startswith(str(tmp_path / "home"))) == (0, True)


def test_the_demo_tells_the_story(run):
    """Three rows, explained and verified; its files are left, and can be used."""
    code, out, err = run("demo", "--out", "d", "--llm", "rule")

    assert code == 0, err
    assert out.count("Conclusion: ") == 3
    assert out.count(": ok (") == 3
    assert {"bundle", "rows.csv", "receipts"} <= {path.name for path in Path("d").iterdir()}
    assert "tallystick verify" in err
    assert run("verify", *sorted(Path("d/receipts").iterdir()))[0] == 0
    assert run("classify", "d/bundle", "d/rows.csv", "--llm", "rule")[0] == 0


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(run, command):
    """Every command."""
    code, out, err = run(*command, "--help")

    assert (code, err) == (0, "")
    assert f"tallystick {' '.join(command)}" in " ".join(out.split()).partition("Example:")[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["guess"], "guess"),
        (["classify", "--colour"], "--colour"),
        (["classify"], "BUNDLE"),
        (["fit", "none.csv", "--target", "x", "--out", "b"], "none.csv"),
        (["fit", "none.csv"], "--target"),
        (["classify", "none", "none.csv"], "none"),
        (["classify", "BUNDLE", "none.csv"], "none.csv"),
        (["classify", "BUNDLE", "ROWS", "--llm", "nobody"], "nobody"),
        (["classify", "BUNDLE", "ROWS", "--style", "poem"], "--style poem"),
        (["classify", "BUNDLE", "ROWS", "--decide", "coin"], "--decide coin"),
        (["classify", "BUNDLE", "ROWS", "--top", "0"], "--top"),
        (["classify", "BUNDLE", "ROWS", "--top", "many"], "--top"),
        (["classify", "BUNDLE", "ROWS", "--abstain-below", "2"], "--abstain-below"),
        (["verify", "none.json"], "none.json"),
        (["verify"], "RECEIPT"),
        (["models", "pull", "nobody"], "nobody"),
        (["models", "path", "nobody"], "nobody"),
        (["fit", "ROWS", "--target", "no such column", "--out", "b"], "no such column"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes_are_the_users(run, stored, arguments, message):
    """Exit 2, nothing on stdout, one or two lines that name what is wrong; a traceback only with --debug."""
    places = {"BUNDLE": stored / "bundle", "ROWS": stored / "rows.csv"}
    given = [places.get(argument, argument) for argument in arguments]
    code, out, err = run(*given)

    assert (code, out) == (2, "")
    assert message in _one_line(err)


def test_debug_shows_a_traceback(stored, tmp_path):
    """Anywhere on the line."""
    done = _process("classify", stored / "bundle", tmp_path / "none.csv", "--llm", "rule", "--debug")

    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "TableError" in done.stderr


def test_mistakes_of_the_machine(run, stored, tmp_path):
    """A folder that cannot be written: exit 3, in one line."""
    (tmp_path / "taken").write_text("")
    code, _, err = run("classify", stored / "bundle", stored / "rows.csv", "--receipts", tmp_path / "taken" / "r")

    assert code == 3
    assert "cannot be written" in _one_line(err)


def test_an_exchanged_bundle_is_noticed(run, stored, bundle_of, tmp_path):
    """Another bundle at the same path is noted once, and refused where the fingerprint is given."""
    path, rows = tmp_path / "b", stored / "rows.csv"
    arguments = ("classify", path, rows, "--limit", 1)
    first = bundle_of("penguins")
    Bundle(first._files).save(path)
    assert run(*arguments, "--fingerprint", first.sha256)[0] == 0
    assert "not the bundle" not in run(*arguments)[2]

    files = {**first._files, "report.json": first._files["report.json"].replace(b'"seed":0', b'"seed":1')}
    Bundle(files).save(path)
    code, out, err = run(*arguments, "--fingerprint", first.sha256)
    assert (code, out) == (2, "")
    assert "fingerprint" in _one_line(err)
    code, _, err = run(*arguments)
    assert code == 0
    assert f"was {first.sha256[:12]}" in err
    assert "not the bundle" not in run(*arguments)[2]


def test_interrupted_rows_that_are_finished_are_kept(stored, tmp_path):
    """Ctrl-C in the middle of a table: one line, and the receipts so far are whole."""
    lines = (stored / "rows.csv").read_text().splitlines(keepends=True)
    (tmp_path / "many.csv").write_text(lines[0] + "".join(lines[1:] * 2000))
    arguments = ["classify", stored / "bundle", tmp_path / "many.csv", "--llm", "rule", "--receipts", tmp_path / "r"]
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "r" / "3.json").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        err = process.communicate(timeout=60)[1]
    finally:
        process.kill()

    assert process.returncode == 130
    assert "what is finished is kept" in _one_line(err)
    kept = sorted((tmp_path / "r").iterdir())
    assert len(kept) >= 4
    assert all(verify(path, Bundle.load(stored / "bundle")).ok for path in kept[:20])


def test_an_interruption_is_told(run, stored, monkeypatch):
    """Ctrl-C: one line, exit 130."""

    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Bundle, "load", interrupted)
    code, _, err = run("classify", stored / "bundle", stored / "rows.csv")

    assert code == 130
    assert "Interrupted" in _one_line(err)
