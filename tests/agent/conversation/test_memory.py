"""What a conversation remembers, and what nobody can make it believe."""

import itertools
import json
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.conversation import memory
from agent.conversation.memory import Kept, Memory, Session, Turn, check_name
from tools.errors import SessionError, StorageError

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


def turn(question="How many rows?", **fields):
    """Return a turn."""
    return Turn(question=question, text="There are 344 rows [t1].", digest=ANSWER, **fields)


def questions(kept, name="s", n=1000, bundle=ONE):
    """Return the questions of a session."""
    return [turn.question for turn in kept.recent(bundle, name, n)]


# -- what is stored comes back -----------------------------------------------------------------------------------------


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


def test_sessions_of_one_bundle(kept):
    """The list can be of one bundle."""
    kept.append(ONE, "a", turn(at=7))
    kept.append(OTHER, "b", turn(at=8))

    assert kept.sessions(ONE) == [Kept(name="a", bundle=ONE, turns=1, last=7)]
    assert [session.name for session in kept.sessions()] == ["b", "a"]


def test_the_default_file_is_in_the_home(monkeypatch, tmp_path):
    """`TALLYSTICK_HOME` says where."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))

    assert Memory().path == tmp_path / "sessions.sqlite"


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


def test_a_turn_is_what_json_can_say():
    """Other objects are refused when the turn is made."""
    with pytest.raises(ValueError, match="digest"):
        Turn(question="", text="", digest="x")
    with pytest.raises(ValueError, match="calls"):
        turn(calls=[{"tool": "count", "args": {}, "more": 1}])
    with pytest.raises(ValueError, match="calls"):
        turn(calls=[{"tool": "count", "args": {"where": {1, 2}}}])
    assert json.loads(turn().model_dump_json())["calls"] == []


# -- turns that somebody else has changed ------------------------------------------------------------------------------


def _change(path, *statements):
    with sqlite3.connect(path) as db:
        for sql, *parameters in statements:
            db.execute(sql, parameters)
    db.close()


def _outcome(act):
    """Return what is found, or "error" for an error with a mend."""
    try:
        return act()
    except (SessionError, StorageError) as error:
        return "error" if error.hint else error


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
