"""Lines typed by people: with history and editing on a terminal, as they come in a pipe."""

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

__all__ = ["Lines", "reading"]

PROMPT = "> "
MOST_LINES, MOST_BYTES = 1000, 2**20


class Lines(Protocol):
    """Reads a line."""

    typed: bool  # by somebody at a terminal, who sees a prompt

    def read(self) -> str:
        """Return the next line; EOFError at the end, KeyboardInterrupt for Ctrl-C."""


class _Typed:
    typed = True

    def read(self) -> str:
        return input(PROMPT)


class _Piped:
    typed = False

    def read(self) -> str:
        if not (line := sys.stdin.readline()):
            raise EOFError
        return line.rstrip("\r\n")


@contextmanager
def reading(history: Path) -> Iterator[Lines]:
    """Open standard input for lines.

    Parameters
    ----------
    history : Path
        Of what is typed on a terminal; readable by its owner only. One that cannot be read or written costs only the
        history.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield _Piped()
        return
    with _history(history):
        yield _Typed()


@contextmanager
def _history(file: Path) -> Iterator[None]:
    try:
        import readline
    except ImportError:  # not every Python has it
        yield
        return
    readline.clear_history()
    readline.set_history_length(MOST_LINES)
    with contextlib.suppress(OSError):
        if file.is_file() and file.stat().st_size <= MOST_BYTES:
            readline.read_history_file(file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
            file.chmod(0o600)
            readline.write_history_file(file)
