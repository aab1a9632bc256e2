"""`tallystick chat`: in a pipe, and on a terminal."""

import json
import os
import pty
import select
import sqlite3
import stat
import sys
import time
from pathlib import Path

import pytest

from agent.commands.chat import HELP
from agent.conversation import database
from agent.conversation.memory import Memory

ROOT = Path(__file__).parents[3]


def test_in_a_pipe_there_is_no_prompt(run, scripted, stored):
    """Answers on stdout, the calls before them on stderr."""
    code, out, err = run("chat", stored, stdin="one\n\ntwo\n")

    assert code == 0, err
    assert out.splitlines() == [f"There are 17 rows [t1]; {n} questions before." for n in range(2)]
    assert err.splitlines() == ["t1 count where body_mass > 4000"] * 2


def test_without_a_name_nothing_is_kept(run, scripted, stored, tmp_path):
    """It remembers while it lasts (above), and leaves no file."""
    run("chat", stored, stdin="one\n")

    assert not (tmp_path / "home" / "sessions.sqlite").exists()
    assert not (tmp_path / "home" / "chat_history").exists()


def test_a_named_session_goes_on(run, scripted, stored):
    """In the next chat, and in `ask`."""
    run("chat", stored, "--session", "a", stdin="one\ntwo\n")
    run("chat", stored, "--session", "a", "--data", "rows.csv", stdin="three\n")
    run("ask", stored, "four", "--session", "a")

    assert [asked["before"] for asked in scripted.asked][2:] == [["one", "two"], ["one", "two", "three"]]
    assert scripted.asked[2]["data"] == "rows.csv"


def test_a_failed_question_does_not_end_the_chat(run, scripted, stored):
    """One line says what was wrong."""
    code, out, err = run("chat", stored, stdin="nonsense\none\n")

    assert code == 0
    assert len(out.splitlines()) == 1
    assert err.splitlines()[0] == "tallystick: Not a question. Ask one."


def test_an_interruption_stops_one_answer(run, scripted, stored):
    """Nothing of it is remembered, and the next question is answered."""
    code, out, err = run("chat", stored, "--session", "a", stdin="be interrupted\none\n")

    assert code == 0
    assert out == "There are 17 rows [t1]; 0 questions before.\n"
    assert "Stopped." in err


def test_commands(run, scripted, stored, kept):
    """Help, the list, a deletion, and the way out."""
    kept("a", "b")
    kept("of another bundle", sha256="2" * 64)
    code, out, err = run(
        "chat", stored, "--session", "a", stdin="/help\n/sessions\n/delete b\n/sessions\n/quit\nnever asked\n"
    )

    assert (code, err) == (0, "")
    assert out.startswith(HELP)
    lines = out[len(HELP) :].split("\n")[1:-1]
    assert [line.rpartition("bundle")[2].split("  ", 3)[-1] for line in lines[:2]] == [
        lines[0].split("  ", 3)[-1],
        lines[1].split("  ", 3)[-1],
    ]
    assert lines[0].endswith("  b")
    assert lines[1].endswith("  a  (this one)")
    assert lines[2] == "Deleted 'b': 1 turn."
    assert lines[3].endswith("  a  (this one)")
    assert len(lines) == 4
    assert scripted.asked == []


def test_the_session_that_is_going_on_can_be_deleted(run, scripted, stored):
    """It begins anew."""
    run("chat", stored, "--session", "a", stdin="one\n/delete a\ntwo\n")

    assert [asked["before"] for asked in scripted.asked] == [[], []]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/hlep", "/hlep: is no command. Did you mean '/help'?"),
        ("/delete", "/delete: which? /sessions lists the names."),
        ("/delete nobody", "There is no session 'nobody' about this bundle. None is kept."),
        ("/receipt", "/receipt: into which file? Name a new one."),
        ("/receipt x.json", "/receipt: there is no answer yet. Ask something first."),
        ("/\x1b[2J", "/\ufffd[2J: is no command. "),
    ],
)
def test_commands_that_cannot_be_carried_out(run, scripted, stored, line, message):
    """One line on stderr, and the chat goes on."""
    code, out, err = run("chat", stored, stdin=f"{line}\none\n")

    assert code == 0
    assert err.startswith(f"tallystick: {message}")
    assert out.startswith("There are 17 rows")


def test_the_receipt_of_the_last_answer(run, scripted, stored, monkeypatch):
    """Into a new file; nothing is written over, or into a bundle."""
    from agent.explanation import receipt

    monkeypatch.setattr(receipt, "write", lambda answer, path: path.write_text(json.dumps(answer.model_dump("json"))))
    Path("taken").write_text("mine")
    _, out, err = run(
        "chat", stored, stdin=f"one\ntwo\n/receipt r.json\n/receipt taken\n/receipt {stored / 'r.json'}\n"
    )

    assert "Written: r.json" in out
    assert json.loads(Path("r.json").read_text())["question"] == "two"
    assert Path("taken").read_text() == "mine"
    assert "taken: is there already. Name another file." in err
    assert "lies inside the bundle" in err


def test_a_broken_file_is_told_before_the_model_is_loaded(run, stored, tmp_path):
    """And no answer is lost."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "sessions.sqlite").write_text("no database " * 100)
    code, _, err = run("chat", stored, "--session", "a", "--llm", "nobody", stdin="one\n")

    assert code == 2
    assert "sessions.sqlite: is no database. Move the file away" in err


@pytest.mark.parametrize("name", ["x" * 5000, "~no such user/x.json", "a\0b"], ids=ascii)
def test_files_that_cannot_be(run, scripted, stored, name):
    """A name too long, without a home, or with a NUL is told, and the chat goes on."""
    code, out, err = run("chat", stored, stdin=f"one\n/receipt {name[:4000]}\ntwo\n")

    assert code == 0
    assert len(out.splitlines()) == 2
    assert "cannot be the name of a file. Name another file." in err


def test_a_real_conversation(run, penguins):
    """Follow-ups are about what was said before, in the next run too; the session can be deleted."""
    arguments = "chat", penguins, "--session", "ward 3"
    code, out, err = run(*arguments, stdin="How many rows are on the island Biscoe?\nand on Dream?\n")
    assert code == 0, err
    assert ["168 rows" in line or "124 rows" in line for line in out.splitlines()] == [True, True]
    assert err.splitlines() == ["t1 count where island == Biscoe", "t1 count where island == Dream"]

    code, out, err = run(*arguments, stdin="Show 3 of them\n/receipt r.json\n")
    assert code == 0, err
    assert out.count("Dream") >= 3
    assert run("verify", "r.json")[0] == 0

    assert "3 turns" in run("sessions", "list")[1]
    assert run("sessions", "delete", "ward 3")[1] == "Deleted 'ward 3': 3 turns.\n"
    assert run("sessions", "list") == (0, "", "")


def test_an_answer_that_cannot_be_remembered_is_shown(run, penguins, tmp_path, monkeypatch):
    """Another process holds the file: the answer comes all the same, with a note."""
    run("chat", penguins, "--session", "a", stdin="How many rows?\n")
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    holder = sqlite3.connect(tmp_path / "home" / "sessions.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    code, out, err = run("chat", penguins, "--session", "a", stdin="How many rows are on the island Biscoe?\n")
    holder.close()

    assert (code, "168 rows" in out) == (0, True)
    assert "Note: This turn could not be remembered: " in err
    assert "1 turns" in run("sessions", "list")[1]


# -- on a terminal ----------------------------------------------------------------------------------------------------

SLOW = """
import sys, time
from types import SimpleNamespace
from agent import cli
from agent.classifier import Classifier
from agent.explanation.result import Verification
from tools.observation import Observation

class Slow:
    bundle = SimpleNamespace(path="bundle", sha256="1" * 64)

    def ask(self, question, session=None, data=None, options=None, on_call=None):
        call = Observation(id="t1", tool="count", args={"where": [["age", "==", 50]]}, result={"rows": 17})
        on_call(call)
        if "slow" in question:
            time.sleep(100)
        return SimpleNamespace(
            choice=None,
            text=f"An answer to {question.upper()} [t1].", calls=[call], notes=[], verification=Verification(ok=True),
            digest="a" * 64,
        )

Classifier.load = lambda *a, **k: Slow()
sys.argv = ["tallystick", "chat", *sys.argv[1:]]
cli.main()
"""


SLOW_TOOL = """
import sys, time
from agent import cli
from tools.toolbox import Toolbox
from agent.conversation import asking

class Slow(Toolbox):
    def call(self, tool, args):
        if tool == "score":
            print("LOOKING", file=sys.stderr, flush=True)
            time.sleep(100)
        return super().call(tool, args)

asking.Toolbox = Slow
sys.argv = ["tallystick", "chat", *sys.argv[1:]]
cli.main()
"""


class Terminal:
    """A program on a pseudo-terminal, typed at and read from."""

    def __init__(self, *arguments, home, script=SLOW):
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            environment = os.environ | {
                "TALLYSTICK_HOME": str(home),
                "TALLYSTICK_LLM": "rule",
                "TERM": "xterm",
                "PYTHONPATH": str(ROOT),
            }
            program = [sys.executable, "-c", script, *map(str, arguments)]
            os.execve(sys.executable, program, environment)  # noqa: S606 - our own program
        self.seen = ""

    def type(self, text):
        """Send keys."""
        os.write(self._fd, text.encode())

    def wait_for(self, text, seconds=60):
        """Read until a text comes; return what came up to it."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._fd, 4096).decode(errors="replace")
                except OSError:  # its end, on Linux
                    break
        before, found, self.seen = self.seen.partition(text)
        assert found == text, before
        return before

    def end(self):
        """Return the exit code."""
        try:
            while os.read(self._fd, 4096):
                pass
        except OSError:
            pass
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_ctrl_c_stops_an_answer_and_not_the_chat(stored, tmp_path):
    """On a terminal: a prompt, the calls as they are done, Ctrl-C twice, the history, Ctrl-D."""
    terminal = Terminal(stored, "--session", "a", home=tmp_path / "home")
    terminal.wait_for("> ")
    terminal.type("a slow one\n")
    terminal.wait_for("t1 count where age == 50")
    started = time.monotonic()
    terminal.type("\x03")
    terminal.wait_for("Stopped.")
    assert time.monotonic() - started < 30
    terminal.wait_for("> ")

    terminal.type("half a quest")  # at the prompt it throws the line away
    terminal.wait_for("half a quest")
    time.sleep(0.5)  # Python's readline misses a signal that comes before it waits for the next key
    terminal.type("\x03")
    terminal.wait_for("> ")
    terminal.type("quick\n")
    terminal.wait_for("An answer to QUICK")
    terminal.wait_for("> ")
    terminal.type("\x1b[A\n")  # arrow up: the line before
    terminal.wait_for("An answer to QUICK")
    terminal.wait_for("> ")
    terminal.type("\x04")

    assert terminal.end() == 0
    history = tmp_path / "home" / "chat_history"
    assert history.read_text().splitlines() == ["a slow one", "quick"]
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_the_history_is_there_in_the_next_chat(stored, tmp_path):
    """Arrow up brings back what was typed in the last one."""
    for typed in ("first\n", "\x1b[A\n"):
        terminal = Terminal(stored, home=tmp_path / "home")
        terminal.wait_for("> ")
        terminal.type(typed)
        terminal.wait_for("An answer to FIRST")
        terminal.wait_for("> ")
        terminal.type("\x04")
        assert terminal.end() == 0


def test_a_real_answer_is_stopped_and_not_remembered(penguins, tmp_path):
    """Ctrl-C in the middle of a tool: the next question follows the last that was answered."""
    home = tmp_path / "home"
    terminal = Terminal(penguins, "--session", "a", home=home, script=SLOW_TOOL)
    terminal.wait_for("> ")
    terminal.type("How many rows are on the island Biscoe?\n")
    terminal.wait_for("168 rows")
    terminal.wait_for("> ")
    terminal.type("How accurate are you?\n")
    terminal.wait_for("LOOKING")
    terminal.type("\x03")
    terminal.wait_for("Stopped.")
    terminal.wait_for("> ")
    terminal.type("and on Dream?\n")
    terminal.wait_for("124 rows")
    terminal.wait_for("> ")
    terminal.type("\x04")

    assert terminal.end() == 0
    kept = Memory(home / "sessions.sqlite")
    [session] = kept.sessions()
    turns = kept.recent(session.bundle, "a", 10)
    assert [turn.question for turn in turns] == ["How many rows are on the island Biscoe?", "and on Dream?"]
