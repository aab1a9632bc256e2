"""What a conversation remembers, and what nobody can make it believe."""

import functools
import itertools
import json
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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.conversation import database, memory
from agent.conversation.memory import Kept, Memory, Session, Turn, check_name
from tools.errors import SessionError, StorageError

ROOT = Path(__file__).parents[3]
ONE, OTHER, ANSWER = "1" * 64, "2" * 64, "a" * 64

names = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=200)
anything = st.text(st.characters())  # halves of characters and NUL included
cells = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | anything
values = st.recursive(cells, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3))
arguments = st.dictionaries(anything, values, max_size=3)
turns = st.builds(
    Turn,
    question=anything,
    calls=st.lists(st.fixed_dictionaries({"tool": anything, "args": arguments}), max_size=3),
    resolved=st.none() | st.lists(values, max_size=3) | arguments,
    text=anything,
    digest=st.from_regex("[0-9a-f]{64}", fullmatch=True),
    at=st.integers(0, 253_402_300_799),
)
numbers = itertools.count()
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def kept(tmp_path):
    """Return a memory in a new folder."""
    return Memory(tmp_path / "home" / "sessions.sqlite")


def turn(question="How many rows?", **fields):
    """Return a turn."""
    return Turn(question=question, text="There are 344 rows [t1].", digest=ANSWER, **fields)


def questions(kept, name="s", n=1000, bundle=ONE):
    """Return the questions of a session."""
    return [turn.question for turn in kept.recent(bundle, name, n)]


# -- what is stored comes back ----------------------------------------------------------------------------------------


@quick
@given(name=names, stored=st.lists(turns, min_size=1, max_size=4))
def test_turns_come_back_as_they_were(kept, name, stored):
    """Whatever the texts and arguments are, in order, from another object over the same file."""
    kept.delete(ONE, name)
    for one in stored:
        kept.append(ONE, name, one)

    assert Memory(kept.path).recent(ONE, name, 10) == stored


@quick
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["append", "append", "delete"]),
            st.sampled_from([ONE, OTHER]),
            st.sampled_from(["a", "A", "a ", "ä", "%", "a%", "'; DROP TABLE turns; --", "*"]),
        ),
        max_size=30,
    )
)
def test_sessions_do_not_meet(tmp_path, steps):
    """After any appends and deletions, each pair of bundle and name has its own turns, and the list tells them."""
    kept = Memory(tmp_path / f"{next(numbers)}.sqlite")
    expected: dict[tuple[str, str], list[str]] = {}
    for number, (step, bundle, name) in enumerate(steps):
        if step == "append":
            kept.append(bundle, name, turn(f"q{number}", at=number))
            expected.setdefault((bundle, name), []).append(f"q{number}")
        else:
            assert kept.delete(bundle, name) == len(expected.pop((bundle, name), []))

    for bundle in (ONE, OTHER):
        for name in ("a", "A", "a ", "ä", "%", "a%", "'; DROP TABLE turns; --", "*"):
            assert questions(kept, name, bundle=bundle) == expected.get((bundle, name), [])
    assert {(s.bundle, s.name): s.turns for s in kept.sessions()} == {key: len(q) for key, q in expected.items()}
    assert [s.last for s in kept.sessions()] == sorted((int(q[-1][1:]) for q in expected.values()), reverse=True)


def test_recent_are_the_last_ones(kept):
    """The latest last; none for none; all where there are fewer."""
    for number in range(5):
        kept.append(ONE, "s", turn(str(number)))

    assert [questions(kept, n=n) for n in (0, -1, 2, 10)] == [[], [], ["3", "4"], ["0", "1", "2", "3", "4"]]


def test_reading_makes_no_file(kept):
    """Nothing is there before the first turn."""
    assert (kept.recent(ONE, "s", 3), kept.sessions(), kept.delete(ONE, "s")) == ([], [], 0)
    assert not kept.path.parent.exists()


def test_sessions_of_one_bundle(kept):
    """The list can be of one bundle."""
    kept.append(ONE, "a", turn(at=7))
    kept.append(OTHER, "b", turn(at=8))

    assert kept.sessions(ONE) == [Kept(name="a", bundle=ONE, turns=1, last=7)]
    assert [session.name for session in kept.sessions()] == ["b", "a"]


def test_the_file_is_the_owners(kept):
    """Nobody else may read it, whatever the mask is."""
    mask = os.umask(0)
    try:
        kept.append(ONE, "s", turn())
    finally:
        os.umask(mask)

    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600


def test_the_default_file_is_in_the_home(monkeypatch, tmp_path):
    """`TALLYSTICK_HOME` says where."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))

    assert Memory().path == tmp_path / "sessions.sqlite"


def test_what_is_deleted_is_gone_from_the_file(kept):
    """The words are overwritten, not only forgotten."""
    kept.append(ONE, "s", turn("about the patient Xylander"))
    assert b"Xylander" in kept.path.read_bytes()
    kept.delete(ONE, "s")

    assert b"Xylander" not in kept.path.read_bytes()


def test_a_session_with_a_name_is_kept(kept):
    """It continues in another object; its fellow of another bundle is empty."""
    kept.session(ONE, "s").append(turn("one"))

    assert [turn.question for turn in Memory(kept.path).session(ONE, "s").recent(3)] == ["one"]
    assert kept.session(OTHER, "s").recent(3) == []


def test_a_session_without_a_name_is_not_kept(monkeypatch, tmp_path):
    """It remembers, and leaves no file."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    session = Session()
    for number in range(3):
        session.append(turn(str(number)))

    assert [turn.question for turn in session.recent(2)] == ["1", "2"]
    assert session.recent(0) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "\0", "\x1b[2J", "\x7f", "\u2028", "\ud800"], ids=ascii)
def test_names_that_cannot_be(kept, name):
    """An error that says what a name may have, at every door."""
    for act in (
        lambda: check_name(name),
        lambda: kept.append(ONE, name, turn()),
        lambda: kept.recent(ONE, name, 1),
        lambda: kept.delete(ONE, name),
        lambda: kept.session(ONE, name),
    ):
        with pytest.raises(SessionError, match=r"The session's name has .* (Give 1 to 200|Leave out control)"):
            act()


def test_a_fingerprint_is_one(kept):
    """64 digits, or an error."""
    with pytest.raises(SessionError, match="not a bundle's fingerprint"):
        kept.recent("bundle/", "s", 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_json_is_not_stored(kept, value):
    """NaN and infinities are no JSON."""
    with pytest.raises(SessionError, match="no JSON"):
        kept.append(ONE, "s", turn(calls=[{"tool": "count", "args": {"where": [["age", ">", value]]}}]))


def test_a_turn_too_large_is_refused_before_it_is_stored(kept):
    """With a mend."""
    with pytest.raises(SessionError, match=r"too large to be kept\. Ask a shorter question"):
        kept.append(ONE, "s", turn("x" * memory.MOST_TURN))
    assert kept.sessions() == []


# -- cost, other processes, the end of this one -----------------------------------------------------------------------


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


# -- files that somebody else has made --------------------------------------------------------------------------------


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


NESTED = '{"at":1,"calls":[{"args":{"where":' + "[" * 100_000 + "]" * 100_000 + '},"tool":"count"}],"question":""}'


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("turn", None),
        ("turn", 7),
        ("turn", b"\x80\x04\x95bytes"),
        ("turn", b"x" * 5_000_000),
        ("turn", "x" * 5_000_000),
        ("turn", "x" * 1_500_000),
        ("turn", "[" * 200_000),
        ("turn", NESTED),
        ("turn", "{}"),
        ("turn", "null"),
        ("turn", "9" * 10_000),
        ("turn", '{"at":NaN}'),
        ("turn", "a\0b"),
        ("turn", "\ufffd"),
        ("digest", ANSWER),
        ("digest", b"a"),
        ("at", 12),
        ("at", "now"),
        ("at", -1),
        ("number", "one"),
        ("number", 2**62),
        ("number", 2),
        ("session", "t"),
        ("session", b"s"),
        ("bundle", OTHER),
        ("bundle", b"\0"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_values_changed_from_outside_are_never_returned(kept, column, value):
    """A value of another type, place, size or form is an error or not found; the session can be deleted."""
    kept.append(ONE, "s", turn(at=1))
    try:
        _change(kept.path, [f"UPDATE turns SET {column} = ?", value])  # noqa: S608 - our own names
    except sqlite3.IntegrityError:
        assert value is None  # SQLite itself does not take it
        return
    changed = Memory(kept.path)
    for bundle, name in ((ONE, "s"), (ONE, "t"), (OTHER, "s")):
        assert _outcome(lambda b=bundle, n=name: changed.recent(b, n, 5)) in ([], "error")
    assert _outcome(changed.sessions) == "error" or changed.sessions()[0].turns == 1
    changed.delete(ONE, "s")
    assert changed.recent(ONE, "s", 5) == []


def test_text_that_is_no_utf_8(kept):
    """An error, not a crash."""
    kept.append(ONE, "s", turn())
    _change(kept.path, ["UPDATE turns SET turn = CAST(x'ff00fe' AS TEXT)"])

    with pytest.raises(SessionError, match="Move the file away"):
        kept.recent(ONE, "s", 1)


def test_a_changed_word_is_found(kept):
    """A turn that is still canonical JSON but not the one stored is refused, and told from the others."""
    kept.append(ONE, "s", turn("age over 50"))
    kept.append(ONE, "t", turn("fine"))
    _change(kept.path, ["UPDATE turns SET turn = replace(turn, '50', '60')"])

    with pytest.raises(SessionError, match=r"session 's' was damaged or changed from outside\. Delete it"):
        kept.recent(ONE, "s", 1)
    assert questions(kept, "t") == ["fine"]


def test_a_turn_copied_to_another_session_is_found(kept):
    """A digest covers the place."""
    kept.append(ONE, "s", turn("secret"))
    _change(kept.path, ["INSERT INTO turns SELECT ?, 's', number, at, digest, turn FROM turns", OTHER])

    assert questions(kept) == ["secret"]
    with pytest.raises(SessionError, match="changed from outside"):
        kept.recent(OTHER, "s", 1)


def test_a_session_at_the_end_of_all_numbers(kept):
    """A number that nothing can follow is an error of that session only."""
    kept.append(ONE, "s", turn())
    _change(kept.path, ["UPDATE turns SET number = ?", 2**63 - 1])
    with pytest.raises(SessionError, match="Delete it"):
        kept.append(ONE, "s", turn())
    kept.append(ONE, "t", turn("fine"))

    assert questions(kept, "t") == ["fine"]


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


def test_a_turn_is_what_json_can_say():
    """Other objects are refused when the turn is made."""
    with pytest.raises(ValueError, match="digest"):
        Turn(question="", text="", digest="x")
    with pytest.raises(ValueError, match="calls"):
        turn(calls=[{"tool": "count", "args": {}, "more": 1}])
    with pytest.raises(ValueError, match="calls"):
        turn(calls=[{"tool": "count", "args": {"where": {1, 2}}}])
    assert json.loads(turn().model_dump_json())["calls"] == []
