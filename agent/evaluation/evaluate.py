"""`evaluate`: run the methods, score their texts, and write ``rows.jsonl``, ``summary.json`` and ``report.html``."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.evaluation.report import report
from agent.evaluation.run import Progress, Table, run
from agent.evaluation.scoring import Scored, score
from agent.evaluation.summary import Lines, lost, summarize
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.errors import UserError
from tools.storage import outside_bundles, write_file

__all__ = ["evaluate"]


def evaluate(
    bundle: Bundle,
    table: Table,
    chat: ForkingChat,
    methods: Sequence[str],
    out: Path,
    top: int = 8,
    progress: Progress | None = None,
    tuned: Mapping[str, ForkingChat] | None = None,
) -> dict[str, Any]:
    """Compare methods on the rows of a table.

    Parameters
    ----------
    bundle : Bundle
    table : Table
        Rows with their true labels, which the predictor should not have seen.
    chat : ForkingChat
        The language model of all methods.
    methods : sequence of str
        Names in `METHODS`; those that choose are also run with chance and with the rule in the model's place.
    out : Path
        Folder; rows that are done are kept there, and the same call goes on where it stopped.
    top : int
        How many features a text is to name.
    progress : callable, optional
        Shows long loops.
    tuned : mapping of str to ForkingChat, optional
        As `run`'s.

    Returns
    -------
    dict
        What ``summary.json`` holds: ``{"methods": {method: {metric: {"value", "low", "high", "n"}}}, …}``.

    Raises
    ------
    UserError
        There is nothing to compare, or the folder holds another run.
    StorageError
        The folder cannot be written.
    """
    if not methods or not table.rows:
        raise UserError("There is nothing to compare.", hint="Give at least one method and one row.")
    outside_bundles(out / "summary.json")
    lines = run(bundle, table, chat, methods, top, out, progress, tuned)
    rows = dict(zip(table.numbers, table.rows, strict=True))
    loop = iter(lines) if progress is None else progress(iter(lines), len(lines), "scoring")
    scored: dict[str, list[tuple[dict[str, Any], Scored]]] = {}
    for line in loop:
        scored.setdefault(line["method"], []).append((line, score(bundle, rows[line["row"]], line)))
    entries = {m: Lines([line for line, _ in pairs], [s.scores for _, s in pairs]) for m, pairs in scored.items()}
    predictor = bundle.predictor.probabilities(bundle.schema.encode(table.rows))
    about = {"bundle": bundle.sha256, "rows": len(table.rows), "llm": chat.describe(), "top": top, "notes": table.notes}
    summary = {**summarize(bundle, entries, predictor), "about": about}
    summary["better_than_the_agent"] = lost(summary)
    write_file(out / "summary.json", json.dumps(summary, indent=1, ensure_ascii=False).encode())
    write_file(out / "report.html", report(summary, scored, bundle.schema).encode())
    return summary
