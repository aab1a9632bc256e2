"""One exception tree; each class says whether trying again can help, each message carries the mend.

::

    TallystickError
    ├── UserError              the user can mend it                 (exit 2)
    │   ├── TableError         a table or a row does not fit        file, column, row
    │   ├── BundleError        a stored bundle cannot be used
    │   ├── ReceiptError       a receipt cannot be read or re-run
    │   ├── ModelSpecError     no such language model
    │   ├── SessionError       a kept conversation cannot be used
    │   └── ToolError          a tool call cannot be carried out    retryable: with other arguments
    │       └── CalculationError
    └── MachineError           the machine failed                   (exit 3)
        ├── EngineError        the model's engine died or timed out retryable
        ├── DownloadError      a model file could not be fetched    retryable
        └── StorageError       a file could not be written
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "BundleError",
    "CalculationError",
    "DownloadError",
    "EngineError",
    "MachineError",
    "ModelSpecError",
    "ReceiptError",
    "SessionError",
    "StorageError",
    "TableError",
    "TallystickError",
    "ToolError",
    "UserError",
    "did_you_mean",
]


class TallystickError(Exception):
    """Base of every error this project raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong and where.
    hint : str, optional
        How to mend it; printed after the message.
    """

    retryable = False
    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UserError(TallystickError):
    """Something the user can mend: a file, a name, an argument."""


class TableError(UserError):
    """A table, or one row of it, does not fit.

    Parameters
    ----------
    message : str
        What is wrong.
    file, column, row : optional
        Where; `row` counts data rows from 0.
    hint : str, optional
        The mend.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        column: str | None = None,
        row: int | None = None,
        hint: str = "",
    ) -> None:
        where = [str(file)] if file else []
        where += [f"column {column!r}"] if column is not None else []
        where += [f"row {row}"] if row is not None else []
        super().__init__(f"{', '.join(where)}: {message}" if where else message, hint=hint)
        self.file, self.column, self.row = file, column, row


class BundleError(UserError):
    """A stored bundle is missing, damaged, or of another version."""


class ReceiptError(UserError):
    """A receipt cannot be read, or the bundle it needs is not at hand."""


class ModelSpecError(UserError):
    """A language model was asked for that nobody knows."""


class SessionError(UserError):
    """A session's name cannot be one, or the file of the conversations that are kept is not ours or damaged."""


class ToolError(UserError):
    """A tool call cannot be carried out with these arguments; other arguments may do."""

    retryable = True


class CalculationError(ToolError):
    """An expression is not arithmetic, or too large to be computed."""


class MachineError(TallystickError):
    """The machine failed, not the user: engine, network, disk."""

    exit_code = 3


class EngineError(MachineError):
    """The engine of a language model is missing, died, or did not answer in time."""

    retryable = True


class DownloadError(MachineError):
    """A model file could not be fetched, or is not what it should be."""

    retryable = True


class StorageError(MachineError):
    """A file could not be written."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known name closest to a wrong one.

    Examples
    --------
    >>> did_you_mean("mean radis", ["mean radius", "mean area"])
    "Did you mean 'mean radius'?"
    >>> did_you_mean("zzz", ["mean radius"])
    "Known: 'mean radius'."
    """
    names = [str(known_name) for known_name in known]
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    shown = ", ".join(repr(known_name) for known_name in names[:8])
    return f"Known: {shown}{', …' if len(names) > 8 else ''}."
