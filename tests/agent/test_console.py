"""How results look."""

import io

import pytest
from rich.console import Console

from agent import console
from agent.explanation.result import Failure, Verification


@pytest.fixture
def plain(capsys):
    """Return the console for results in a pipe."""
    return console.results()


def test_in_a_pipe_an_explanation_is_plain_text(by_rule, table, plain, capsys):
    """The text as it stands, unwrapped, without colour codes."""
    explanation = by_rule(table)[0]
    console.show_explanation(explanation, "row 0", plain)
    out = capsys.readouterr().out

    assert "\x1b" not in out
    assert explanation.text in out
    assert out.startswith(f"row 0: {explanation.label}")


def test_on_a_terminal_nothing_but_colour_is_added(by_rule, table):
    """The words are the same."""
    explanation, file = by_rule(table)[0], io.StringIO()
    terminal = Console(file=file, force_terminal=True, width=10_000, theme=console._THEME, markup=False, emoji=False)
    terminal.highlighter = console._Citations()
    console.show_explanation(explanation, "row 0", terminal)

    from rich.text import Text

    shown = file.getvalue()
    assert "\x1b[" in shown
    assert explanation.text in Text.from_ansi(shown).plain


def test_markup_in_names_is_no_markup(by_rule, plain, capsys):
    """A label like rich's markup, or an emoji code, is shown as it is."""
    explanation = by_rule("cancer")[0].model_copy(update={"text": "1. [bold]x[/bold] :smile: [red]"})
    console.show_explanation(explanation, "[red]row", plain)

    out = capsys.readouterr().out
    assert "[bold]x[/bold] :smile: [red]" in out
    assert out.startswith("[red]row: ")


def test_verifications_are_shown(plain, capsys):
    """ok, ok for the text only, or every difference."""
    failure = Failure(where="text", expected="a", found="b")
    console.show_verification("one", Verification(ok=True, complete=True, checked=3), plain)
    console.show_verification("two", Verification(ok=True, checked=2), plain)
    console.show_verification("three", Verification(checked=2, failures=[failure, failure]), plain)

    assert capsys.readouterr().out.splitlines() == [
        "one: ok (3 checks)",
        "two: ok (2 checks, text only)",
        "three: 2 of 2 checks failed",
        "  text: expected 'a', found 'b'",
        "  text: expected 'a', found 'b'",
    ]


def test_loops_are_silent_in_a_pipe(capsys):
    """The same rows, and nothing on either stream."""
    assert list(console.looping(iter([1, 2, 3]), 3, "title")) == [1, 2, 3]
    with console.downloading("title") as progress:
        progress(1, 2)
    assert capsys.readouterr() == ("", "")
