"""How results look on a terminal: colour and progress there, plain text in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text
from rich.theme import Theme

from agent.explanation.result import Explanation, Verification
from tools.observation import printable

__all__ = ["downloading", "looping", "notes", "results", "show_explanation", "show_verification", "working"]

T = TypeVar("T")


class _Citations(RegexHighlighter):
    base_style = "told."
    highlights = [r"(?P<mark>\[(?:t\d+|decision)\])", r"^(?P<number>\d+\.|Conclusion:)"]  # noqa: RUF012 - rich's name


class _Results(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to the command that nobody reads on (`tallystick verify … | head -1`): that is no failure."""
        raise BrokenPipeError


_THEME = Theme({"told.mark": "cyan", "told.number": "bold", "told.label": "bold green", "told.bad": "bold red"})


def results() -> Console:
    """Return the console for results: stdout."""
    return _Results(
        theme=_THEME, highlighter=_Citations(), soft_wrap=not sys.stdout.isatty(), markup=False, emoji=False
    )


def notes() -> Console:
    """Return the console for progress and notes: stderr."""
    return Console(stderr=True, theme=_THEME, highlight=False, soft_wrap=True, markup=False, emoji=False)


def looping(rows: Iterator[T], total: int, title: str) -> Iterator[T]:
    """Return the rows, with a progress bar on stderr when that is a terminal."""
    console = notes()
    if not console.is_terminal:
        yield from rows
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        for row in rows:
            yield row
            bar.advance(task)


@contextmanager
def working(title: str, console: Console | None = None) -> Iterator[None]:
    """Show that something goes on, on stderr when that is a terminal; what is printed meanwhile goes to `console`."""
    console = console or notes()
    if not console.is_terminal:
        yield
        return
    with console.status(f"{title} …"):
        yield


@contextmanager
def downloading(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show the progress of a download: the context's value is called with bytes done and in total."""
    console = notes()
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def show_explanation(explanation: Explanation, name: str, console: Console) -> None:
    """Print one explanation: who, what label, how sure, and the text."""
    p = explanation.probabilities[explanation.label]
    head = Text.assemble((f"{printable(name)}: ", "bold"), (explanation.label, "told.label"), f"  (probability {p:.4g}")
    head.append(f", written by {'the language model' if explanation.writer == 'model' else 'rule'})")
    if explanation.decision.abstained:
        head.append("  left to a person", style="told.bad")
    console.print(head)
    console.print(explanation.text)
    for note in explanation.notes:
        console.print(f"Note: {printable(note)}", style="yellow")
    if not explanation.verification.ok:
        show_verification(name, explanation.verification, console)
    console.print()


def show_verification(name: str, verification: Verification, console: Console) -> None:
    """Print ``ok`` or every difference."""
    if verification.ok:
        scope = "" if verification.complete else ", text only"
        console.print(f"{name}: ok ({verification.checked} checks{scope})")
        return
    console.print(f"{name}: {len(verification.failures)} of {verification.checked} checks failed", style="told.bad")
    for failure in verification.failures:
        console.print(f"  {failure}")
