"""What a conversation remembers: its turns, kept by name in an SQLite file, or without a name only in this process.

A turn is stored as canonical JSON with a digest that covers its place, too; everything that is read is checked as if a
stranger had written it. How many turns go into a prompt is for the caller to say.
"""

import hashlib
import json
import re
import time
import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from typing_extensions import TypedDict

from agent.conversation.database import Database
from agent.llm.cache import home
from tools.errors import SessionError

__all__ = ["Call", "Kept", "Memory", "Session", "Turn", "check_name"]

MOST_NAME = 200  # characters
MOST_TURN = 2**20  # bytes of its JSON
MOST_RECENT = 1000
_LAST_SECOND = 253_402_300_799  # of the year 9999: later times cannot be shown as dates
_SHA256 = re.compile(r"[0-9a-f]{64}")

# Clustered by its key, so that the last turns of one session are found without meeting any other.
_SCHEMA = """CREATE TABLE turns (
    bundle TEXT NOT NULL,
    session TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    digest TEXT NOT NULL,
    turn TEXT NOT NULL,
    PRIMARY KEY (bundle, session, number)
) WITHOUT ROWID"""
_LAST = "SELECT max(number) FROM turns WHERE bundle = ? AND session = ?"
_APPEND = "INSERT INTO turns (bundle, session, number, at, digest, turn) VALUES (?, ?, ?, ?, ?, ?)"
_RECENT = """SELECT bundle, session, number, at, digest, turn FROM turns
    WHERE bundle = ? AND session = ? ORDER BY number DESC LIMIT ?"""
_SESSIONS = "SELECT session, bundle, count(*), max(at) FROM turns GROUP BY bundle, session"
_DELETE = "DELETE FROM turns WHERE bundle = ? AND session = ?"


class Call(TypedDict):
    """A tool call as it was asked for."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    tool: str
    args: dict[str, JsonValue]


class Turn(BaseModel):
    """One question and its answer, as far as later questions need them.

    Attributes
    ----------
    question : str
        As it was asked.
    calls : list of {"tool", "args"}
        What it was understood as.
    resolved : list, dict or None
        The rows that the answer was about, as a `where` that stands on its own.
    text : str
        The answer's text.
    digest : str
        Of the answer.
    at : int
        When, in seconds since 1970 (UTC).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    calls: list[Call] = Field(default_factory=list)
    resolved: list[JsonValue] | dict[str, JsonValue] | None = None
    text: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    at: int = Field(default_factory=lambda: int(time.time()), ge=0, le=_LAST_SECOND)


class Kept(BaseModel):
    """A session in the list of sessions: its name, its bundle's fingerprint, how many turns, when the last one was."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str
    bundle: str
    turns: int = Field(ge=1)
    last: int = Field(ge=0, le=_LAST_SECOND)


@dataclass
class Session:
    """One conversation: what was said in it, and where the next turn goes.

    Parameters
    ----------
    name : str, optional
        Without one, its turns live only in this object.
    bundle : str
        The fingerprint of the bundle it is about.
    memory : Memory, optional
        Where a session with a name is kept (see `Memory.session`).
    """

    name: str | None = None
    bundle: str = ""
    memory: "Memory | None" = None
    _turns: deque[Turn] = field(default_factory=lambda: deque(maxlen=MOST_RECENT), repr=False)

    def recent(self, n: int) -> list[Turn]:
        """Return the last `n` turns, the latest last."""
        if self.memory is not None and self.name is not None:
            return self.memory.recent(self.bundle, self.name, n)
        return list(self._turns)[-n:] if n > 0 else []

    def append(self, turn: Turn) -> None:
        """Add a turn."""
        if self.memory is not None and self.name is not None:
            self.memory.append(self.bundle, self.name, turn)
        else:
            self._turns.append(turn)


class Memory:
    """Named sessions in one file; those of other bundles or names are never met.

    Parameters
    ----------
    path : path, optional
        By default ``sessions.sqlite`` in `TALLYSTICK_HOME`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> memory, bundle = Memory(f"{mkdtemp()}/sessions.sqlite"), 64 * "0"
    >>> memory.append(bundle, "ward 3", Turn(question="How many rows?", text="344 rows [t1].", digest=64 * "a"))
    >>> [turn.question for turn in memory.recent(bundle, "ward 3", 5)]
    ['How many rows?']
    >>> memory.recent(bundle, "ward 4", 5)
    []
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._database = Database(Path(path) if path is not None else home() / "sessions.sqlite", _SCHEMA)

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    def session(self, sha256: str, name: str) -> Session:
        """Return the session of a bundle with a name, new or continued."""
        return Session(*_key(sha256, name)[::-1], memory=self)

    def append(self, sha256: str, name: str, turn: Turn) -> None:
        """Add a turn to a session, which begins with its first turn.

        Raises
        ------
        SessionError
            The name or the turn cannot be stored, or the file is not ours or damaged.
        StorageError
            The file cannot be written.
        """
        key, text = _key(sha256, name), _dump(turn)
        if len(text) > MOST_TURN:
            raise SessionError(f"A turn of {len(text)} bytes is too large to be kept.", hint="Ask a shorter question.")
        with self._database.writing() as db:
            last = db.execute(_LAST, key).fetchone()[0] or 0
            if type(last) is not int or not 0 <= last < 2**53:
                raise self._changed(name)
            place = (*key, last + 1, turn.at)
            db.execute(_APPEND, (*place, _digest(place, text), text))

    def recent(self, sha256: str, name: str, n: int) -> list[Turn]:
        """Return the last `n` turns of a session, the latest last; the cost does not grow with the session.

        Raises
        ------
        SessionError, StorageError
            As for `append`; what was changed from outside is never returned.
        """
        key = _key(sha256, name)
        rows = self._database.rows(_RECENT, (*key, max(0, min(n, MOST_RECENT))))
        return [self._read(row, key) for row in reversed(rows)]

    def sessions(self, sha256: str | None = None) -> list[Kept]:
        """Return the sessions, of one bundle or of all, the one used last first."""
        found = [self._kept(row) for row in self._database.rows(_SESSIONS)]
        return sorted((kept for kept in found if sha256 in {None, kept.bundle}), key=lambda kept: -kept.last)

    def delete(self, sha256: str, name: str) -> int:
        """Delete a session; return how many turns it had, 0 where there is none."""
        key = _key(sha256, name)
        if not self._database.exists():
            return 0
        with self._database.writing() as db:
            return db.execute(_DELETE, key).rowcount

    def _read(self, row: Sequence[Any], key: tuple[str, str]) -> Turn:
        """Return a stored turn, if it is what was stored at this place."""
        *place, digest, text = row
        turn = _load(text)
        if turn is None or (*place[:2], place[3]) != (*key, turn.at) or digest != _digest(place, text):
            raise self._changed(key[1])
        return turn

    def _kept(self, row: Sequence[Any]) -> Kept:
        name, bundle, turns, last = row
        try:
            _key(bundle, name)
            return Kept(name=name, bundle=bundle, turns=turns, last=last)
        except (ValueError, TypeError, SessionError) as error:
            raise self._database.damaged("has a session with an impossible name or time") from error

    def _changed(self, name: str) -> SessionError:
        hint = "Delete it with `tallystick sessions delete`, or use another name."
        return SessionError(f"{self.path}: session {name!r} was damaged or changed from outside.", hint=hint)


def check_name(name: str) -> str:
    r"""Return a session's name if it can be one: up to 200 characters, none of which controls a terminal.

    Raises
    ------
    SessionError
        It cannot.

    Examples
    --------
    >>> check_name("Frau Müller, Station 3")
    'Frau Müller, Station 3'
    >>> check_name("a\nb")
    Traceback (most recent call last):
    tools.errors.SessionError: The session's name has the character '\n'. Leave out control characters and line breaks.
    """
    if not 1 <= len(name) <= MOST_NAME:
        raise SessionError(f"The session's name has {len(name)} characters.", hint=f"Give 1 to {MOST_NAME}.")
    for character in name:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            hint = "Leave out control characters and line breaks."
            raise SessionError(f"The session's name has the character {character!a}.", hint=hint)
    return name


def _key(sha256: str, name: str) -> tuple[str, str]:
    if not _SHA256.fullmatch(sha256):
        raise SessionError(f"{sha256[:80]!a} is not a bundle's fingerprint.", hint="Give its SHA-256, 64 digits.")
    return sha256, check_name(name)


def _dump(turn: Turn) -> str:
    """Return a turn's one JSON text, in ASCII, so that a NUL or half a character is stored as any other."""
    try:
        return json.dumps(turn.model_dump(mode="python"), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise SessionError(f"The turn is no JSON ({error}).", hint="Give finite numbers, texts and lists.") from error


def _load(text: Any) -> Turn | None:
    """Return the turn that has this JSON text, if one has."""
    if type(text) is not str or len(text) > MOST_TURN:
        return None
    try:
        turn = Turn.model_validate(json.loads(text), strict=True)
        return turn if _dump(turn) == text else None
    except (ValueError, RecursionError, SessionError):  # pydantic's errors are ValueErrors
        return None


def _digest(place: Sequence[Any], text: str) -> str:
    """Return the digest of a turn at its place: bundle, session, number, time."""
    return hashlib.sha256(json.dumps([*place, text]).encode()).hexdigest()
