"""`tallystick sessions`: the conversations that are kept, listed and deleted."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent import console
from tools.errors import SessionError, did_you_mean

if TYPE_CHECKING:
    from agent.conversation.memory import Kept

__all__ = ["app", "session_line"]

app = typer.Typer(help="The conversations that are kept by name.", rich_markup_mode=None)

Of = Annotated[
    str | None,
    typer.Option(
        "--bundle", metavar="BUNDLE", help="Only those about it: its directory, or how its fingerprint begins."
    ),
]


@app.command("list", epilog="Example: tallystick sessions list --bundle bundle/")
def list_sessions(of: Of = None) -> None:
    """List the kept conversations, the one used last first: when, how long, about which bundle, its name."""
    for kept in _sessions(of):
        console.results().print(session_line(kept))


@app.command("delete", epilog='Example: tallystick sessions delete "ward 3"')
def delete_session(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `sessions list` shows it.")], of: Of = None
) -> None:
    """Delete a kept conversation for good."""
    from agent.conversation.memory import Memory, check_name

    check_name(name)
    sessions = _sessions(of)
    found = [kept for kept in sessions if kept.name == name]
    if not found:
        hint = did_you_mean(name, [kept.name for kept in sessions]) if sessions else "None is kept."
        raise SessionError(f"There is no session {name!r}.", hint=hint)
    if len(found) > 1:
        bundles = ", ".join(kept.bundle[:12] for kept in found)
        hint = "Say which with --bundle and its directory or the start of its fingerprint."
        raise SessionError(f"There are {len(found)} sessions {name!r}, about the bundles {bundles}.", hint=hint)
    turns = Memory().delete(found[0].bundle, name)
    console.results().print(f"Deleted {name!r}: {turns} {'turn' if turns == 1 else 'turns'}.")


def session_line(kept: "Kept") -> str:
    """Return a kept session on one line.

    Examples
    --------
    >>> from agent.conversation.memory import Kept
    >>> session_line(Kept(name="ward 3", bundle="1234567890abcdef", turns=12, last=1_700_000_000))
    '2023-11-14 22:13 UTC     12 turns  1234567890ab  ward 3'
    """
    last = datetime.fromtimestamp(kept.last, UTC).strftime("%Y-%m-%d %H:%M UTC")
    from agent.commands.showing import plain

    return f"{last}  {kept.turns:>5} turns  {kept.bundle[:12]}  {plain(kept.name)}"


def _sessions(of: str | None) -> "list[Kept]":
    """Return the kept sessions: all, those of the bundle in a directory, or by the start of a fingerprint."""
    from agent.conversation.memory import Memory
    from tools.bundle import Bundle

    sessions = Memory().sessions()
    if of is None:
        return sessions
    begins = of if re.fullmatch("[0-9a-f]{8,64}", of) and not Path(of).exists() else Bundle.load(of).sha256
    return [kept for kept in sessions if kept.bundle.startswith(begins)]
