"""`tallystick ask`: what is printed where."""

import json
from pathlib import Path

import pytest

from agent.commands.options import Receipts
from agent.conversation.answer import Answer
from agent.explanation import receipt


@pytest.fixture
def _receipts_of_anything(monkeypatch):
    """Write what an answer dumps."""
    monkeypatch.setattr(receipt, "write", _write)


def _write(answer, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answer.model_dump(mode="json")))


def test_the_answer_is_on_stdout_and_notes_are_on_stderr(run, scripted, stored):
    """The text with its marks; control characters of notes replaced."""
    code, out, err = run("ask", stored, "Please note: how many?")

    assert code == 0, err
    assert out == "There are 17 rows [t1]; 0 questions before.\n"
    assert err == "Note: A note\ufffd[2J.\n"


def test_options_and_data_are_passed_on(run, scripted, stored):
    """As they were given; None where they were not."""
    run("ask", stored, "Which?", "--option", "a", "--option", "b", "--data", "rows.csv")
    run("ask", stored, "Which?")

    assert scripted.asked == [
        {"question": "Which?", "data": "rows.csv", "options": ["a", "b"], "before": []},
        {"question": "Which?", "data": None, "options": None, "before": []},
    ]


def test_rows_are_a_table(run, scripted, stored):
    """Whole in a pipe, each cell as it is: no formula, markup or emoji is one; control characters are replaced."""
    _, out, _ = run("ask", stored, "show two")

    lines = [line.split() for line in out.splitlines() if line.strip()]
    assert lines[1] == ["row", "island", "mass", "note"]
    assert lines[3] == ["0", "=HYPERLINK(1)", "3750", "missing"]
    assert lines[4] == ["7", "[red]Biscoe[/red]", ":smile:", "0.30000000000000004", "a\ufffd[2J\ufffdb"]
    assert "\x1b" not in out


def test_mistakes_are_a_table(run, scripted, stored):
    """With the probability as a percentage."""
    _, out, _ = run("ask", stored, "which mistakes?")

    assert [line.split() for line in out.splitlines() if line.strip()][-1] == ["3", "Adelie", "Gentoo", "97.4%"]


def test_json_is_one_answer_per_line(run, scripted, stored):
    """And nothing else on stdout."""
    code, out, _ = run("ask", stored, "-", "--json", stdin="show one\n\n  \nand note two\n")

    assert code == 0
    assert [json.loads(line)["question"] for line in out.splitlines()] == ["show one", "and note two"]


def test_questions_from_stdin_go_on_after_one_that_fails(run, scripted, stored):
    """It is told on stderr, the others are answered, and the exit code is 2."""
    code, out, err = run("ask", stored, "-", stdin="one\nnonsense\ntwo\n")

    assert code == 2
    assert len(out.splitlines()) == 2
    assert err == "tallystick: 'nonsense': Not a question. Ask one.\n"


def test_questions_that_are_no_utf_8(run, scripted, stored):
    """They arrive with the bytes escaped."""
    code, _, err = run("ask", stored, "-", stdin=b"caf\xe9?\n")

    assert code == 0, err
    assert scripted.asked[0]["question"] == "caf\\xe9?"


def test_a_session_goes_on(run, scripted, stored):
    """By its name, in another run; not without it, and not under another."""
    run("ask", stored, "one", "--session", "Station 3")
    run("ask", stored, "-", "--session", "Station 3", stdin="two\nthree\n")
    run("ask", stored, "four")
    run("ask", stored, "five", "--session", "Station 4")

    assert [asked["before"] for asked in scripted.asked] == [[], ["one"], ["one", "two"], [], []]


def test_a_name_that_cannot_be(run, scripted, stored):
    """Told before anything is loaded."""
    code, out, err = run("ask", "no bundle", "one", "--session", "a\x1b[2J")

    assert (code, out) == (2, "")
    assert err == (
        "tallystick: The session's name has the character '\\x1b'. Leave out control characters and line breaks.\n"
    )


@pytest.mark.usefixtures("_receipts_of_anything")
def test_receipts_are_numbered_and_never_written_over(run, scripted, stored):
    """A second run goes on where the first ended."""
    run("ask", stored, "-", "--receipts", "r", stdin="one\ntwo\n")
    run("ask", stored, "one", "--receipts", "r")

    files = sorted(Path("r").iterdir())
    assert [file.name[:5] for file in files] == ["0000-", "0001-", "0002-"]
    assert [json.loads(file.read_text())["question"] for file in files] == ["one", "two", "one"]


def test_receipts_do_not_go_into_a_bundle(run, scripted, stored):
    """Nor into a file."""
    code, _, err = run("ask", stored, "one", "--receipts", stored / "r")
    assert code == 2
    assert "lies inside the bundle" in err
    Path("taken").write_text("")
    code, _, err = run("ask", stored, "one", "--receipts", "taken")
    assert (code, err) == (2, "tallystick: taken: is a file, not a folder. Name a folder for the receipts.\n")


def test_without_a_folder_no_receipt_is_written():
    """Nothing happens."""
    assert Receipts(None).keep(None) is None


def test_a_failed_verification_is_shown(run, scripted, stored):
    """It follows the answer."""
    _, out, _ = run("ask", stored, "a false one")

    assert out.splitlines()[-1] == "answer: 0 of 3 checks failed"


@pytest.mark.parametrize("command", ["ask", "chat"])
def test_rows_and_questions_cannot_both_come_from_stdin(run, scripted, stored, command):
    """One of them needs a file."""
    arguments = ["-"] if command == "ask" else []
    code, out, err = run(command, stored, *arguments, "--data", "-", stdin="a,b\n")

    assert (code, out) == (2, "")
    assert err == "tallystick: --data -: the questions come from standard input. Put the rows into a file.\n"


# -- with the rule in place of a language model -----------------------------------------------------------------------


def test_a_question_is_answered_and_its_receipt_verified(run, penguins):
    """From the words to a receipt that is run again."""
    code, out, err = run("ask", penguins, "How many penguins are on the island Biscoe?", "--receipts", "r")
    assert code == 0, err
    assert "168 rows" in out
    assert "[t1]" in out

    code, out, err = run("verify", *Path("r").iterdir())
    assert code == 0, err
    assert ": ok (" in out


def test_json_is_an_answer(run, penguins):
    """As `Answer` reads it; its digest is that of the receipt."""
    _, out, _ = run("ask", penguins, "How many rows are there?", "--json", "--receipts", "r", "--session", "a")
    answer = Answer.model_validate_json(out)

    assert answer.calls[0].result == {"rows": 344}
    assert answer.session == "a"
    [file] = Path("r").iterdir()
    assert json.loads(file.read_text())["digest"] == answer.digest == receipt.digest(json.loads(out))


def test_rows_of_a_file(run, penguins, bundle_of):
    """`--data` asks about them."""
    bundle = bundle_of("penguins")
    bundle.rows[list(bundle.schema.names)].head(60).to_csv("rows.csv", index=False)
    code, out, err = run("ask", penguins, "-", "--data", "rows.csv", stdin="How many rows are there?\nshow 2 rows\n")

    assert code == 0, err
    assert "60 rows" in out
    assert "Torgersen" in out


def test_what_cannot_be_answered_is_said_once(run, penguins):
    """In the answer, and not in a note again."""
    code, out, err = run("ask", penguins, "Who is the king of Sweden?")

    assert code == 0
    assert "cannot answer" in out
    assert err == ""


@pytest.mark.parametrize(
    ("question", "message"), [("", "The question is empty"), ("x" * 3000, "The question has 3000 characters")]
)
def test_questions_that_are_none(run, penguins, question, message):
    """The user's mistake, in one line."""
    code, out, err = run("ask", penguins, question)

    assert (code, out) == (2, "")
    assert err.startswith(f"tallystick: {message}")


def test_rows_that_are_not_there_cannot_be_shown(run, penguins):
    """A failed call says why, and there is no table."""
    code, out, err = run("ask", penguins, "Show 3 penguins with a body mass over 99999 g", "--llm", "rule")

    assert code == 0, err
    assert "no row is left" in out


def test_a_question_with_options(run, penguins):
    """The choice is the last sentence and part of the JSON; what may mislead is noted."""
    asked = ["ask", penguins, "How many penguins are on Dream?", "--llm", "rule"]
    options = ["--option", "100 to 120", "--option", "120 to 130"]

    code, out, err = run(*asked, *options)
    assert code == 0, err
    assert out.splitlines()[-1] == "By what was found, the answer is “120 to 130”: 124 [t1]."
    assert "Options 1 and 2 can both be right. End one below 120 and begin the other at 120." in err

    code, out, err = run(*asked, *options, "--json")
    assert json.loads(out)["choice"]["index"] == 1
    assert run(*asked, "--option", "124")[0] == 2
