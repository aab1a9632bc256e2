"""What a model is trained on: a conversation, and an answer in parts - given, chosen among options, or written.

The parts are those of running: at a choice the same options are offered, so that what is learned is what is asked.
Knows texts; knows nothing about tokens or models.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tools.errors import StorageError

__all__ = ["KINDS", "Example", "Part", "Turn", "read_examples", "write_examples"]

Kind = Literal["questions", "tools", "decision", "reasons", "prose", "label", "why"]
KINDS: dict[str, str] = {
    "questions": "a question about a table, and the calls that answer it",
    "tools": "which tool to call next on one row",
    "decision": "the label of a row, the predictor's output given",
    "reasons": "which true sentence comes next in an explanation",
    "prose": "a sentence of one's own for true statements",
    "label": "the label of a row, and nothing else",
    "why": "why a row has its label, in the words of a verified explanation",
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Frozen):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class Part(_Frozen):
    """A part of an answer.

    Attributes
    ----------
    text : str
        What stands there.
    options : tuple of str
        What it was chosen from, itself among them; none for a text that is given or written.
    written : bool
        Whether the model wrote it in free words.
    """

    text: str
    options: tuple[str, ...] = ()
    written: bool = False


class Example(_Frozen):
    """A conversation with the answer that is to be learned.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    table : str
        Where it comes from: examples of one table are never on both sides of a split.
    turns : tuple of Turn
    answer : tuple of Part
    """

    kind: Kind
    table: str
    turns: tuple[Turn, ...]
    answer: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The answer as one text.

        Examples
        --------
        >>> parts = (Part(text="It is"), Part(text=" ill", options=(" ill", " well")))
        >>> Example(kind="decision", table="a", turns=(), answer=parts).text
        'It is ill'
        """
        return "".join(part.text for part in self.answer)


def write_examples(path: Path, examples: Iterable[Example]) -> int:
    """Write examples as JSON lines; return how many."""
    lines = [example.model_dump_json(exclude_defaults=True) for example in examples]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def read_examples(paths: Sequence[Path]) -> Iterator[Example]:
    """Yield the examples of some files.

    Raises
    ------
    StorageError
        If a file cannot be read, or a line is no example.
    """
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise StorageError(f"{path}: cannot be read: {error.strerror}.") from error
        for number, line in enumerate(lines, start=1):
            try:
                yield Example(**json.loads(line))
            except ValueError as error:
                raise StorageError(f"{path}, line {number}: no example for training.") from error
