"""The SQLite file of the conversations that are kept: exactly ours and whole, or an error with a mend.

Whoever can write the file may have put anything into it. So the schema is compared text for text inside the transaction
that uses it (no view, trigger or generated column can be met), functions in it are not trusted, large values are
refused before they are read, and a budget of steps ends what would never end. Knows nothing about turns: it runs fixed
SQL text with parameters.
"""

import os
import sqlite3
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tools.errors import SessionError, StorageError, TallystickError

__all__ = ["Database"]

APPLICATION, VERSION = 0x7A11_57C4, 1
WAIT_SECONDS = 10.0  # for another process that writes
MOST_BYTES = 2 * 2**20  # of one value
QUICK_CHECK_BYTES = 4 * 2**20  # of the file; a larger one is read without looking through all of it first
STEPS, MOST_CALLS = 10_000, 50_000  # half a billion steps: some ten seconds; hundreds of turns need some thousands

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_MACHINE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_AUTH,
}


class Database:
    """One file with one table, opened anew for each short transaction.

    Parameters
    ----------
    path : Path
        Created, readable by its owner only, with the first change.
    schema : str
        The one CREATE TABLE statement.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path, self._schema = path, schema
        self._looked_through = False

    def exists(self) -> bool:
        """Tell whether there is anything at the path."""
        try:
            return self.path.exists()
        except OSError as error:
            raise self._machine(f"cannot be read: {error.strerror}") from error

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query finds; nothing where there is no file yet.

        Raises
        ------
        SessionError
            The file is not ours, or damaged.
        StorageError
            It cannot be read, or another process does not let go of it.
        """
        if not self.exists():
            return []
        with self._transaction("BEGIN") as db:
            return db.execute(sql, parameters).fetchall() if self._checked(db) else []

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the file alone while something is changed; all of it is stored, or nothing.

        Raises
        ------
        SessionError, StorageError
            As for `rows`.
        """
        self._create()
        with self._transaction("BEGIN IMMEDIATE") as db:
            if not self._checked(db):
                db.execute(self._schema)
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {VERSION}")
            yield db

    def damaged(self, what: str) -> SessionError:
        """Return the error for a file that cannot be used."""
        hint = "Move the file away (its conversations are lost), or set TALLYSTICK_HOME to another folder."
        return SessionError(f"{self.path}: {what}.", hint=hint)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._open()) as db:  # closed without a commit, it is as before
                db.execute(begin)
                yield db
                db.execute("COMMIT")
        except (sqlite3.Error, UnicodeError) as error:  # the latter: texts that are none
            raise self._told(error) from error

    def _create(self) -> None:
        """Make the file before SQLite does, which would let everybody read it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise self._machine(f"cannot be written: {error.strerror}") from error

    def _open(self) -> sqlite3.Connection:
        if not self.path.is_file():  # before it is opened: a pipe would wait for ever
            raise self.damaged("is no ordinary file")
        name = urllib.parse.quote(os.fsencode(self.path.absolute()))
        db = sqlite3.connect(f"file:{name}?mode=rw", uri=True, timeout=WAIT_SECONDS, isolation_level=None)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        calls = iter(range(MOST_CALLS))
        db.set_progress_handler(lambda: int(next(calls, None) is None), STEPS)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "secure_delete = ON", "temp_store = MEMORY"):
            db.execute(f"PRAGMA {pragma}")
        return db

    def _checked(self, db: sqlite3.Connection) -> bool:
        """Tell whether the table is there; False where the file is still empty, an error where it is not ours."""
        application, version = (
            db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        found = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master LIMIT 2").fetchall()
        if not found and (application, version) == (0, 0):
            return False
        if application != APPLICATION:
            raise self.damaged("is the database of another program")
        if version > VERSION:
            message = f"{self.path}: has version {version}, this program reads {VERSION}."
            raise SessionError(message, hint="Update tallystick, or set TALLYSTICK_HOME to another folder.")
        name = self._schema.split()[2]
        if version != VERSION or found != [("table", name, name, self._schema)]:
            raise self.damaged("has other tables than it should have")
        self._look_through(db)
        return True

    def _look_through(self, db: sqlite3.Connection) -> None:
        """Once, and where that is quick, look for damage in the structure of the file."""
        if self._looked_through or self.path.stat().st_size > QUICK_CHECK_BYTES:
            return
        if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise self.damaged("is damaged")
        self._looked_through = True

    def _told(self, error: Exception) -> TallystickError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _BUSY:
            hint = "Try again, or end the other process."
            return StorageError(f"{self.path}: another process has been writing to it for a while.", hint=hint)
        if code in _MACHINE:
            return self._machine(f"cannot be read or written: {error}")
        return self.damaged("is no database" if code == sqlite3.SQLITE_NOTADB else "is damaged")

    def _machine(self, what: str) -> StorageError:
        return StorageError(f"{self.path}: {what}.", hint="Check the folder and the free space.")
