"""How answers look."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from agent import console
from agent.commands.showing import call_line, plain, show_answer, show_call
from tools.observation import Observation

json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
keys = st.sampled_from(["where", "changes", "scope", "value", "feature"]) | st.text(max_size=5)


def _terminal(width):
    terminal = Console(
        file=io.StringIO(), force_terminal=True, width=width, theme=console._THEME, markup=False, emoji=False
    )
    terminal.highlighter = console._Citations()
    return terminal


def _seen(terminal):
    return Text.from_ansi(terminal.file.getvalue()).plain


def _call(**args):
    return Observation(id="t1", tool="count", args=args, result={"rows": 1})


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ({}, "t1 count"),
        ({"where": [["age", ">", 50]]}, "t1 count where age > 50"),
        (
            {"where": {"any": [[["a", "==", "x"], ["b", "<", 1.5]], [["c", "in", ["p", "q"]]]]}},
            "t1 count where (a == x and b < 1.5) or (c in p, q)",
        ),
        (
            {
                "scope": "previous",
                "where": [["a", "!=", None]],
                "changes": [{"column": "b", "action": "set", "value": 3}],
            },
            "t1 count of those where a != null, b set 3",
        ),
        ({"feature": "age", "value": 190}, "t1 count feature age value 190"),
        ({"where": "DROP", "changes": 3}, "t1 count where DROP, 3"),
    ],
)
def test_a_call_is_one_line(args, line):
    """As people write conditions; what a model made up is shown as it is."""
    assert call_line(_call(**args)) == line


def test_a_failed_call_says_why(observations):
    """Behind the call."""
    assert call_line(observations["predict"]) == "t1 predict where row == 9999: not possible: No row 9999."


@given(args=st.dictionaries(keys, json, max_size=4))
def test_whatever_was_asked_for_is_one_line_without_control_characters(args):
    """A model may ask for anything."""
    line = call_line(_call(**args))

    assert line.isprintable() or not any(c in line for c in "\n\r\x1b\x00\u2028")
    assert line.startswith("t1 count")


def test_a_call_is_dim_on_a_terminal(observations):
    """And the same words."""
    terminal = _terminal(200)
    show_call(observations["count"], terminal)

    assert terminal.file.getvalue().startswith("\x1b[2m")
    assert _seen(terminal) == "t1 count where body_mass > 4000\n"


def test_citations_have_a_colour(scripted):
    """As in explanations."""
    terminal = _terminal(80)
    show_answer(scripted.ask("How many?"), terminal, terminal)

    assert "\x1b[36m[t1]\x1b[0m" in terminal.file.getvalue()


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_table_fits_the_terminal(scripted, width):
    """Long cells are cut, columns that have no place are counted, and no line is longer than the terminal is wide."""
    answer = scripted.ask("show")
    names = [f"column {n}" for n in range(30)]
    result = {"rows": 1, "columns": names, "table": [["x" * 100, *range(29)]]}
    answer.calls = [Observation(id="t1", tool="show", result=result)]
    answer.text = "Here."
    terminal = _terminal(width)
    show_answer(answer, terminal, terminal)

    lines = _seen(terminal).splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    assert " ".join(lines).count("…") >= 1
    assert f"and {30 - (width + 2) // 8} more columns" in " ".join(" ".join(lines).split())


def test_no_rows_are_an_empty_table(scripted):
    """Only its head."""
    answer = scripted.ask("show")
    answer.calls = [Observation(id="t1", tool="show", result={"rows": 0, "columns": ["a"], "table": []})]
    terminal = _terminal(80)
    show_answer(answer, terminal, terminal)

    assert _seen(terminal).split()[-2:] == ["a", "─"]


@given(st.text(st.characters()))
def test_plain_text_controls_no_terminal(text):
    """Nothing is left that moves, colours, turns or breaks."""
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u2028\u202e" for c in plain(text))
    assert len(plain(text)) == len(text)
