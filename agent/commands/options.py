"""What several commands share: their options, and how a bundle, a model and a folder for receipts are opened."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent import console
from tools.errors import UserError

if TYPE_CHECKING:
    from agent.conversation.answer import Answer
    from agent.llm.forking import ForkingChat
    from tools.bundle import Bundle

__all__ = [
    "BundlePath",
    "Data",
    "Fingerprint",
    "Llm",
    "Receipts",
    "ReceiptsFolder",
    "SessionName",
    "apart",
    "bundle",
    "model",
]

BundlePath = Annotated[Path, typer.Argument(metavar="BUNDLE")]
Llm = Annotated[
    str | None, typer.Option("--llm", metavar="SPEC", help="Catalog or hub name, file, provider:model, URL, 'rule'.")
]
Fingerprint = Annotated[
    str | None, typer.Option("--fingerprint", metavar="SHA256", help="Refuse a bundle with another fingerprint.")
]
Data = Annotated[
    str | None, typer.Option("--data", metavar="FILE", help="Ask about these rows (CSV or Parquet), not the bundle's.")
]
SessionName = Annotated[
    str | None, typer.Option("--session", metavar="NAME", help="Keep the conversation under this name, or continue it.")
]
ReceiptsFolder = Annotated[Path | None, typer.Option("--receipts", metavar="DIR", help="Write a receipt per answer.")]


def bundle(path: Path, fingerprint: str | None) -> "Bundle":
    """Load a bundle; one that was exchanged for another is noted, or refused where its fingerprint was given."""
    from agent.known import exchanged
    from tools.bundle import Bundle

    loaded = Bundle.load(path, sha256=fingerprint)
    if note := exchanged(loaded):
        console.notes().print(f"Note: {note}")
    return loaded


def model(spec: str | None) -> "ForkingChat":
    """Load a language model; the first time it is fetched, with a progress bar."""
    from agent.llm import load

    with console.downloading("fetching the language model") as progress:
        return load(spec, progress=progress)


def apart(data: str | None, questions: str | None) -> None:
    """Refuse to read both the rows and the questions from standard input."""
    if data == "-" and questions in {None, "-"}:
        raise UserError("--data -: the questions come from standard input.", hint="Put the rows into a file.")


class Receipts:
    """Receipts of answers in a folder: numbered as they were given, and none ever written over.

    Parameters
    ----------
    folder : Path, optional
        Without one nothing is written.
    """

    def __init__(self, folder: Path | None) -> None:
        from tools.storage import outside_bundles

        self._folder, self._number = folder, 0
        if folder is None:
            return
        outside_bundles(folder / "receipt.json")
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder}: is a file, not a folder.", hint="Name a folder for the receipts.")
        self._number = len(list(folder.glob("*.json"))) if folder.exists() else 0

    def keep(self, answer: "Answer") -> None:
        """Write one receipt; its digest in the name keeps two programs with one folder apart."""
        from agent.explanation import receipt

        if self._folder is not None:
            receipt.write(answer, self._folder / f"{self._number:04d}-{str(answer.digest)[:8]}.json")
            self._number += 1
