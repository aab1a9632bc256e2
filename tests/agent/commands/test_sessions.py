"""`tallystick sessions`: listed and deleted."""

import sqlite3

OTHER = "2" * 64


def test_nothing_is_kept_at_first(run):
    """No line, no file."""
    assert run("sessions", "list") == (0, "", "")


def test_sessions_are_listed(run, kept, bundle_of):
    """The one used last first, with date, turns, bundle and name."""
    kept("ward 3", "café")

    sha256 = bundle_of("iris").sha256[:12]
    assert run("sessions", "list")[1].splitlines() == [
        f"2023-11-14 22:13 UTC      1 turns  {sha256}  café",
        f"2023-11-14 22:13 UTC      1 turns  {sha256}  ward 3",
    ]


def test_sessions_of_one_bundle(run, kept, stored):
    """By its directory, or by how its fingerprint begins."""
    kept("a")
    kept("b", sha256=OTHER)

    assert run("sessions", "list", "--bundle", stored)[1].endswith("  a\n")
    assert run("sessions", "list", "--bundle", OTHER[:8])[1].endswith("  b\n")
    assert run("sessions", "list", "--bundle", "3" * 8)[1] == ""
    code, _, err = run("sessions", "list", "--bundle", "nowhere")
    assert code == 2
    assert "nowhere" in err


def test_a_session_is_deleted(run, kept):
    """And only that one."""
    memory = kept("a", "b")
    code, out, _ = run("sessions", "delete", "a")

    assert (code, out) == (0, "Deleted 'a': 1 turn.\n")
    assert [session.name for session in memory.sessions()] == ["b"]


def test_a_session_that_is_not_there(run, kept):
    """The closest name is told."""
    assert run("sessions", "delete", "a")[2] == "tallystick: There is no session 'a'. None is kept.\n"
    kept("ward 3")
    code, _, err = run("sessions", "delete", "ward3")

    assert (code, err) == (2, "tallystick: There is no session 'ward3'. Did you mean 'ward 3'?\n")


def test_a_name_of_two_bundles(run, kept, bundle_of):
    """Has to be told apart."""
    kept("a")
    memory = kept("a", sha256=OTHER)
    code, _, err = run("sessions", "delete", "a")
    assert code == 2
    assert "There are 2 sessions 'a'" in err
    assert "--bundle" in err

    assert run("sessions", "delete", "a", "--bundle", OTHER[:12])[0] == 0
    assert [session.bundle for session in memory.sessions()] == [bundle_of("iris").sha256]


def test_a_name_that_turns_the_terminal(run, kept, tmp_path):
    """Put into the file by somebody else: refused, not printed."""
    memory = kept("a")
    with sqlite3.connect(memory.path) as db:
        db.execute("UPDATE turns SET session = ?", ["a\x1b[2J"])
    db.close()
    code, out, err = run("sessions", "list")

    assert (code, out) == (2, "")
    assert "Move the file away" in err
    assert "\x1b" not in err
