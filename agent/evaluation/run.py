"""Run methods over the rows of a table, and keep what each says: one line a row in ``rows.jsonl``, never done twice."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray

from agent.evaluation.faithfulness import Truth
from agent.evaluation.known import known_of
from agent.evaluation.methods import METHODS, Method
from agent.evaluation.methods.base import Written
from agent.evaluation.reader import foresee, guess
from agent.evaluation.told import Told
from agent.llm.choosers import RuleChat, UniformChat
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.errors import StorageError, UserError, did_you_mean
from tools.models import Floats
from tools.schema import Row
from tools.storage import write_file

__all__ = ["CHOOSERS", "Table", "entries", "read_lines", "run"]

CHOOSERS: dict[str, Callable[[], ForkingChat]] = {"uniform": lambda: UniformChat(seed=0), "rule": RuleChat}
Progress = Callable[[Iterator[Any], int, str], Iterator[Any]]


@dataclass(frozen=True)
class Table:
    """Rows with their true labels.

    Attributes
    ----------
    rows : list of Row
    truth : list of str
    numbers : list of int
        Place of each row in its table.
    digest : str
        SHA-256 of the whole table, as the schema encodes it, with its labels.
    notes : list of str
    """

    rows: list[Row]
    truth: list[str]
    numbers: list[int]
    digest: str
    notes: list[str]

    @classmethod
    def held_out(cls, bundle: Bundle, limit: int | None = None) -> "Table":
        """Return the rows that the bundle's predictor was measured on, shuffled: tables are often sorted."""
        X, y, numbers = bundle.held_out()  # noqa: N806
        order = np.random.default_rng(0).permutation(len(numbers))[:limit]
        chosen = [int(numbers[at]) for at in order]
        truth = [bundle.schema.labels[y[at]] for at in order]
        return cls([bundle.features_of(number) for number in chosen], truth, chosen, _digest(X, y), [])

    @classmethod
    def of(cls, frame: pd.DataFrame, bundle: Bundle, limit: int | None = None) -> "Table":
        """Check a table; rows that trained the predictor are counted in a note.

        Raises
        ------
        TableError
            If the table does not fit, or has no column with the true labels.
        """
        schema = bundle.schema
        checked, codes = schema.check(frame), schema.label_indices(frame)
        everything = schema.encode(checked.frame)
        encoded, truth = everything[:limit], [schema.labels[code] for code in codes[:limit]]
        rows = [checked.row(number) for number in range(len(encoded))]
        trained = {x.tobytes() for x in bundle.X[bundle.train]}
        same = sum(x.tobytes() in trained for x in encoded)
        notes = [*checked.notes]
        if same:
            notes.append(
                f"{same} of the {len(rows)} rows are training rows of the bundle: its decisions look too good."
            )
        return cls(rows, truth, list(range(len(rows))), _digest(everything, codes), notes)


def entries(methods: Sequence[str]) -> list[tuple[str, str, str | None]]:
    """Return what is run: each method, and those that choose with chance and the rule in the model's place, too.

    Returns
    -------
    list of (str, str, str or None)
        Name of the entry, name of the method, name of the chooser.

    Examples
    --------
    >>> [name for name, _, _ in entries(["label-only", "cot"])]
    ['label-only', 'label-only:uniform', 'label-only:rule', 'cot']
    """
    found: list[tuple[str, str, str | None]] = []
    for name in methods:
        if name not in METHODS:
            raise UserError(f"There is no method {name!r}.", hint=did_you_mean(name, METHODS))
        found.append((name, name, None))
        if METHODS[name].chooses:
            found += [
                (f"{name}:{chooser}", name, chooser)
                for chooser in CHOOSERS
                if (name, chooser) != ("agent-strict", "rule")
            ]
    return found


def run(
    bundle: Bundle,
    table: Table,
    chat: ForkingChat,
    methods: Sequence[str],
    top: int,
    out: Path,
    progress: Progress | None = None,
    tuned: Mapping[str, ForkingChat] | None = None,
) -> list[dict[str, Any]]:
    """Let every method explain every row that it has not explained yet.

    Parameters
    ----------
    bundle : Bundle
    table : Table
    chat : ForkingChat
        The language model.
    methods : sequence of str
        Names in `METHODS`.
    top : int
        How many features a text is to name.
    out : Path
        The folder of ``rows.jsonl`` and ``run.json``.
    progress : callable, optional
        Shows the loop.
    tuned : mapping of str to ForkingChat, optional
        The model as each recipe of fine-tuning left it; the methods that ask for one need it.

    Returns
    -------
    list of dict
        All lines of the table's rows, in the order of the methods.

    Raises
    ------
    UserError
        If there is no such method, a fine-tuned model is missing, or the folder holds a run of another bundle, model or
        `top`.
    StorageError
        If the folder cannot be written.
    """
    planned, models = entries(methods), dict(tuned or {})
    missing = next((name for name in methods if METHODS[name].recipe not in {"", *models}), None)
    if missing is not None:
        hint = (
            f"Make an adapter with `tallystick finetune --recipe {METHODS[missing].recipe}`, and give it (--adapter)."
        )
        raise UserError(f"{missing} needs a fine-tuned model.", hint=hint)
    settings: dict[str, Any] = {"bundle": bundle.sha256, "data": table.digest, "llm": chat.describe(), "top": top}
    settings |= {"tuned": {recipe: model.describe() for recipe, model in models.items()}} if models else {}
    _same_run(out, {"version": version("tallystick"), **settings})
    kept = out / "rows.jsonl"
    done = {(line["method"], line["row"]): line for line in read_lines(kept)}
    todo = [
        (entry, at) for entry in planned for at, number in enumerate(table.numbers) if (entry[0], number) not in done
    ]
    loop: Iterator[Any] = iter(todo)
    if progress is not None:
        loop = progress(loop, len(todo), "explaining")
    made: dict[str, Method] = {}
    for (name, method, chooser), at in loop:
        if name not in made:
            kind = METHODS[method]
            made[name] = kind(bundle, CHOOSERS[chooser]() if chooser else models.get(kind.recipe, chat), top)
        line = {"method": name, "row": table.numbers[at], "truth": table.truth[at]}
        line |= _explained(made[name], bundle, table.rows[at], chat)
        done[name, table.numbers[at]] = line
        _append(kept, line)
    return [done[name, number] for name, _, _ in planned for number in table.numbers]


def _digest(X: Floats, y: NDArray[np.int64]) -> str:  # noqa: N803
    return hashlib.sha256(np.ascontiguousarray(X).tobytes() + np.asarray(y, dtype=np.int64).tobytes()).hexdigest()


def _explained(method: Method, bundle: Bundle, row: Row, reader: ForkingChat) -> dict[str, Any]:
    """Return what a method says of one row, what it cost, and what the model as a reader makes of the text."""
    before, started = method.chat.usage, time.perf_counter()
    written = method.write(row)
    seconds, work = time.perf_counter() - started, method.chat.usage - before
    return {
        "answer": written.answer,
        "probabilities": dict(written.probabilities),
        "text": written.text,
        "question": written.question,
        "observations": [call.model_dump(mode="json") for call in written.observations],
        "decision": None if written.decision is None else dict(written.decision),
        **_read(written, bundle, row, reader),
        "cost": {
            "tokens": work.prompt_tokens - work.cached_tokens + work.generated_tokens,
            "forward_passes": work.generated_tokens,
            "seconds": round(seconds, 3),
            "memory": _memory(),
        },
    }


def _read(written: Written, bundle: Bundle, row: Row, reader: ForkingChat) -> dict[str, Any]:
    """Return what the model as a reader takes for the answer, and foresees of a change of the strongest feature."""
    if reader.describe() is None:  # the rule or chance in the model's place: there is no reader
        return {"reader": None, "change": None}
    told = Told(written.text, known_of(bundle, row, written.answer, written.text, written.observations))
    strongest = next(iter(Truth.of(told.evidence).order), None)
    change = None if strongest is None else {"feature": strongest, "less": foresee(told, strongest, reader)}
    return {"reader": guess(told, bundle.schema, reader), "change": change}


def _memory() -> float:
    """Return the memory of this process and those it started, MiB."""
    here = psutil.Process(os.getpid())
    total = 0
    for process in (here, *here.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue  # it ended meanwhile
    return round(total / 2**20, 1)


def _same_run(out: Path, settings: Mapping[str, Any]) -> None:
    """Refuse to mix runs that cannot be compared."""
    file = out / "run.json"
    try:
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    except (OSError, ValueError) as error:
        raise StorageError(f"{file}: cannot be read.", hint="Give another folder (--out).") from error
    if known is None:
        write_file(file, json.dumps(settings).encode())
        return
    other = next((key for key in settings if known.get(key) != settings[key]), None)
    if other is not None:
        raise UserError(f"{out}: holds rows of another {other}.", hint="Give another folder (--out).")


def read_lines(kept: Path) -> list[dict[str, Any]]:
    """Return the lines of a file; a last one that was cut off when a run was killed is passed over."""
    found = []
    if kept.exists():
        for line in kept.read_bytes().split(b"\n"):  # a text may hold other line separators
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def _append(kept: Path, line: Mapping[str, Any]) -> None:
    try:
        with kept.open("a+b") as file:
            cut = file.tell() and not _ends(kept)
            file.write((b"\n" if cut else b"") + json.dumps(line, ensure_ascii=False).encode() + b"\n")
    except OSError as error:
        raise StorageError(
            f"{kept}: cannot be written: {error.strerror}.", hint="Give another folder (--out)."
        ) from error


def _ends(kept: Path) -> bool:
    """Tell whether the last line is whole."""
    with kept.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
