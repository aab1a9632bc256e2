"""The file of the conversations: its cost, other processes, and files that somebody else has made."""

import functools
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.conversation import database
from agent.conversation.memory import Kept, Memory, Turn
from tools.errors import SessionError, StorageError

ROOT = Path(__file__).parents[3]
ONE, OTHER, ANSWER = "1" * 64, "2" * 64, "a" * 64


def turn(question="How many rows?", **fields):
    """Return a turn."""
    return Turn(question=question, text="There are 344 rows [t1].", digest=ANSWER, **fields)


def questions(kept, name="s", n=1000, bundle=ONE):
    """Return the questions of a session."""
    return [turn.question for turn in kept.recent(bundle, name, n)]


# -- what it is, and what it costs -------------------------------------------------------------------------------------


def test_reading_makes_no_file(kept):
    """Nothing is there before the first turn."""
    assert (kept.recent(ONE, "s", 3), kept.sessions(), kept.delete(ONE, "s")) == ([], [], 0)
    assert not kept.path.parent.exists()


def test_the_file_is_the_owners(kept):
    """Nobody else may read it, whatever the mask is."""
    mask = os.umask(0)
    try:
        kept.append(ONE, "s", turn())
    finally:
        os.umask(mask)

    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


def test_what_is_deleted_is_gone_from_the_file(kept):
    """The words are overwritten, not only forgotten."""
    kept.append(ONE, "s", turn("about the patient Xylander"))
    assert b"Xylander" in kept.path.read_bytes()
    kept.delete(ONE, "s")

    assert b"Xylander" not in kept.path.read_bytes()


def test_recent_costs_the_same_in_a_long_session(kept, monkeypatch):
    """The steps of SQLite's machine after 200 turns are those after 2, with other sessions around."""
    steps = []

    class Counting(sqlite3.Connection):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            super().set_progress_handler(lambda: steps.append(1), 1)

        def set_progress_handler(self, *_args):
            pass

    def cost():
        kept.recent(ONE, "s", 2)  # looks through the file, once
        with monkeypatch.context() as patch:
            patch.setattr(database.sqlite3, "connect", functools.partial(sqlite3.connect, factory=Counting))
            steps.clear()
            assert len(kept.recent(ONE, "s", 2)) == 2
        return len(steps)

    kept.append(ONE, "s", turn())
    kept.append(ONE, "s", turn())
    first = cost()
    for number in range(198):
        kept.append(ONE, "s", turn(str(number)))
        if number % 10 == 0:
            kept.append(OTHER, "s", turn(str(number)))

    assert first > 10
    assert cost() <= first


# -- other processes, and the end of this one --------------------------------------------------------------------------


WRITER = """
import sys
from agent.conversation.memory import Memory, Turn
memory, who = Memory(sys.argv[1]), sys.argv[2]
for number in range(int(sys.argv[3])):
    memory.append("1" * 64, "s", Turn(question=f"{who}{number}", text="x" * 3000, digest="a" * 64))
    print(number, flush=True)
"""


def _writer(path, who, number):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), who, str(number)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_two_processes_write_at_once(kept):
    """No turn is lost, and each process's turns are in its order."""
    processes = [_writer(kept.path, who, 40) for who in "ab"]
    for process in processes:
        process.communicate(timeout=120)

    assert [process.returncode for process in processes] == [0, 0]
    found = questions(kept)
    assert len(found) == 80
    for who in "ab":
        assert [q for q in found if q.startswith(who)] == [f"{who}{number}" for number in range(40)]


def test_killed_in_the_middle_every_turn_told_is_there(kept):
    """Ended by force while it writes: what was stored before is whole, and writing goes on."""
    told = 0
    for attempt in range(4):
        with _writer(kept.path, f"{attempt}-", 100_000) as process:
            lines = [process.stdout.readline() for _ in range(5)]
            time.sleep(attempt / 300)
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        told += len([line for line in lines if line.endswith("\n")])
        found = questions(kept)

        assert told <= len(found) <= told + attempt + 1
        last = [int(q.partition("-")[2]) for q in found if q.startswith(f"{attempt}-")]
        assert last == list(range(len(last)))
    kept.append(ONE, "s", turn("after"))
    assert questions(kept)[-1] == "after"


def test_another_process_that_does_not_let_go(kept, monkeypatch):
    """After a while an error, whose mend is to try again; nothing is stored."""
    kept.append(ONE, "s", turn("one"))
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    holder = sqlite3.connect(kept.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    for act in (lambda: kept.append(ONE, "s", turn("two")), lambda: kept.recent(ONE, "s", 1), kept.sessions):
        with pytest.raises(StorageError, match=r"another process .* Try again"):
            act()
    holder.close()

    assert questions(kept) == ["one"]


def test_an_interruption_stores_nothing(kept):
    """Whatever ends the change before its end, the file is as before."""
    kept.append(ONE, "s", turn("one"))

    def interrupted():
        with kept._database.writing() as db:
            db.execute("DELETE FROM turns")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert questions(kept) == ["one"]


# -- files that somebody else has made ---------------------------------------------------------------------------------


def _change(path, *statements):
    with sqlite3.connect(path) as db:
        for sql, *parameters in statements:
            db.execute(sql, parameters)
    db.close()


def _refused(kept, match="Move the file away|Delete it with"):
    """Check that every door ends in an error with a mend, and that a deletion at least does not crash."""
    for act in (lambda: kept.recent(ONE, "s", 5), lambda: kept.append(ONE, "s", turn()), kept.sessions):
        with pytest.raises(SessionError, match=match):
            act()


def _outcome(act):
    """Return what is found, or "error" for an error with a mend."""
    try:
        return act()
    except (SessionError, StorageError) as error:
        return "error" if error.hint else error


def test_files_that_are_no_database(tmp_path):
    """A text, a folder, a pipe: an error with a mend, without waiting."""
    (tmp_path / "text").write_text("these are not the turns you are looking for\n" * 100)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("text", "folder", "pipe", "link"):
        _refused(Memory(tmp_path / name))
    assert (tmp_path / "text").read_text().startswith("these are not")


def test_an_empty_file_is_a_beginning(kept):
    """It is what an end in the very first moment leaves."""
    kept.path.parent.mkdir()
    kept.path.write_bytes(b"")
    assert kept.recent(ONE, "s", 3) == []
    kept.append(ONE, "s", turn("one"))

    assert questions(kept) == ["one"]


def test_a_file_whose_journal_was_changed_still_works(kept):
    """Another program may have set SQLite's other kind of journal."""
    kept.append(ONE, "s", turn("one"))
    _change(kept.path, ["PRAGMA journal_mode = WAL"])
    kept.append(ONE, "s", turn("two"))

    assert questions(kept) == ["one", "two"]


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE other (x)"],
        ["CREATE TRIGGER t AFTER INSERT ON turns BEGIN DELETE FROM turns; END"],
        ["CREATE INDEX i ON turns (digest)"],
        ["CREATE VIEW v AS SELECT 1"],
        ["DROP TABLE turns", "CREATE VIEW turns AS SELECT 1 AS bundle"],
        ["DROP TABLE turns", "CREATE TABLE turns (bundle, session, number, at, digest, turn)"],
        ["DROP TABLE turns", "CREATE VIRTUAL TABLE turns USING fts5(bundle, session, number, at, digest, turn)"],
        ["ALTER TABLE turns ADD COLUMN more AS (zeroblob(1000000000))"],
        ["DROP TABLE turns"],
        ["PRAGMA application_id = 7"],
        ["PRAGMA user_version = 0"],
        ["PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = 'CREATE TABLE turns (x'"],
        ["PRAGMA writable_schema = ON", "UPDATE sqlite_master SET rootpage = 77"],
    ],
    ids=lambda statements: statements[-1][:50],
)
def test_other_schemas_are_refused(kept, statements):
    """Whatever is not exactly our one table is never used."""
    kept.append(ONE, "s", turn())
    _change(kept.path, *([sql] for sql in statements))

    _refused(Memory(kept.path))


def test_another_programs_database_is_left_alone(tmp_path):
    """It is refused, and not changed."""
    path = tmp_path / "other.sqlite"
    _change(path, ["CREATE TABLE turns (x)"], ["INSERT INTO turns VALUES (1)"])
    before = path.read_bytes()
    _refused(Memory(path), match="another program")

    assert path.read_bytes() == before


def test_a_newer_version_is_told_from_damage(kept):
    """The mend is another one."""
    kept.append(ONE, "s", turn())
    _change(kept.path, ["PRAGMA user_version = 2"])

    _refused(kept, match="has version 2, this program reads 1. Update tallystick")


def test_text_that_is_no_utf_8(kept):
    """An error, not a crash."""
    kept.append(ONE, "s", turn())
    _change(kept.path, ["UPDATE turns SET turn = CAST(x'ff00fe' AS TEXT)"])

    with pytest.raises(SessionError, match="Move the file away"):
        kept.recent(ONE, "s", 1)


def test_what_never_ends_is_ended(kept, monkeypatch):
    """A file made so that a query goes on for ever is told as damaged."""
    kept.append(ONE, "s", turn())
    monkeypatch.setattr(database, "MOST_CALLS", 0)
    monkeypatch.setattr(database, "STEPS", 1)

    _refused(kept)


def test_damaged_bytes_are_an_error_or_no_matter(kept, tmp_path):
    """Flipped bytes and cut ends: what comes back was stored, or an error says so; nothing crashes."""
    stored = [turn(f"q{number}", at=number, calls=[{"tool": "count", "args": {}}]) for number in range(30)]
    for one in stored:
        kept.append(ONE, "s", one)
    whole, chance = kept.path.read_bytes(), random.Random(7)  # noqa: S311 - no secret
    errors = 0
    for attempt in range(150):
        data, path = bytearray(whole), tmp_path / f"{attempt}.sqlite"
        for _ in range(chance.choice([1, 1, 3, 30])):
            data[chance.randrange(100 if chance.random() < 0.2 else len(data))] = chance.randrange(256)
        path.write_bytes(data[: chance.choice([len(data), len(data), chance.randrange(len(data))])])
        damaged = Memory(path)
        found = _outcome(lambda m=damaged: m.recent(ONE, "s", 40))
        assert found == "error" or all(one in stored for one in found)
        listed = _outcome(damaged.sessions)
        assert listed == "error" or all(isinstance(one, Kept) for one in listed)
        errors += found == "error"

    assert errors > 30


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    """The machine's error, with a mend."""
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="cannot be written"):
        Memory(tmp_path / "sessions.sqlite").append(ONE, "s", turn())


def test_a_place_that_cannot_be(tmp_path):
    """A file where a folder should be: the machine's error."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        Memory(tmp_path / "taken" / "sessions.sqlite").append(ONE, "s", turn())
