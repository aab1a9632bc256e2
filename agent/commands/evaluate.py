"""`tallystick evaluate`: compare ways to explain the rows of a table, with intervals and a report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent import console
from agent.commands.options import BundlePath, Fingerprint, Llm, bundle, model
from tools.errors import UserError

if TYPE_CHECKING:
    from agent.evaluation.run import Table
    from tools.bundle import Bundle

__all__ = ["EXAMPLE", "evaluate"]

EXAMPLE = "Example: tallystick evaluate bundle/ held-out --methods rule,agent-strict,cot --limit 20 --out evaluation/"
HELD_OUT = "held-out"
PRINTED = {
    "accuracy": "accuracy",
    "directions": "sign_accuracy_strict_k4",
    "cited": "citation_recall",
    "faithful": "fully_faithful",
    "invented": "invented_numbers",
    "complete": "completeness",
}


def evaluate(
    path: BundlePath,
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Rows with their true labels, CSV or Parquet, or 'held-out': the bundle's own."
        ),
    ],
    methods: Annotated[
        str | None, typer.Option("--methods", metavar="LIST", help="Names with commas between; default: all.")
    ] = None,
    llm: Llm = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Stop after so many rows.")] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where rows, summary and report go; a run goes on from there.")
    ] = Path("evaluation"),
    top: Annotated[int, typer.Option("--top", min=1, help="How many features a text is to name.")] = 8,
    adapters: Annotated[
        list[Path] | None,
        typer.Option("--adapter", metavar="DIR", help="Of `tallystick finetune`, for the methods fine-tuned-*."),
    ] = None,
    fingerprint: Fingerprint = None,
) -> None:
    """Compare methods of explaining: decisions, faithfulness, citations, failures, usefulness and cost."""
    from agent.evaluation.evaluate import evaluate as compare
    from agent.evaluation.methods import METHODS
    from agent.evaluation.run import entries
    from agent.llm.adapter import adapted

    tuned: dict[str, Path] = {}
    for folder in adapters or []:
        if (other := tuned.setdefault(_recipe(folder), folder)) != folder:
            raise UserError(f"{other} and {folder} are adapters of one recipe.", hint="Give one for each.")
    possible = [name for name, method in METHODS.items() if method.recipe in {"", *tuned}]
    chosen = [name.strip() for name in methods.split(",") if name.strip()] if methods is not None else possible
    entries(chosen)  # a name that is not known is said before anything is loaded
    opened = bundle(path, fingerprint)
    table = _table(data, opened, limit)
    for note in table.notes:
        console.notes().print(f"Note: {note}")
    chosen = list(dict.fromkeys(chosen))
    needed = {METHODS[name].recipe for name in chosen}
    chats = {recipe: model(adapted(llm, folder)) for recipe, folder in tuned.items() if recipe in needed}
    top = min(top, len(opened.schema.features))
    summary = compare(opened, table, model(llm), chosen, out, top, console.looping, chats)
    _show(summary, out)


def _recipe(folder: Path) -> str:
    """Return the recipe that an adapter was made by."""
    from agent.llm.adapter import checked, read_card
    from tools.errors import ModelSpecError

    card = read_card(checked(folder))
    if card is None or "label" not in card.trained:
        raise ModelSpecError(
            f"{folder}: is no adapter for the rows of a table.", hint="`tallystick finetune` makes one."
        )
    return "explain" if "why" in card.trained else "label-only"


def _table(data: str, opened: "Bundle", limit: int | None) -> "Table":
    from agent.evaluation.run import Table
    from tools.errors import TableError
    from tools.table import read_table

    if data == HELD_OUT:
        return Table.held_out(opened, limit)
    try:
        return Table.of(read_table(data), opened, limit)
    except TableError as error:
        raise TableError(error.message, file=error.file or data, hint=error.hint) from error


def _show(summary: dict[str, Any], out: Path) -> None:
    """Print the figures that say most, and where the rest is."""
    width = max(map(len, summary["methods"]))
    console.results().print(f"{'':{width}}  {'  '.join(PRINTED)}")
    for name, figures in summary["methods"].items():
        values = ((title, figures[metric]["value"]) for title, metric in PRINTED.items())
        cells = (f"{'–' if value is None else format(value, '.3f'):>{len(title)}}" for title, value in values)
        console.results().print(f"{name:{width}}  {'  '.join(cells)}")
    console.results().print(f"{out / 'report.html'}: everything else, with intervals and examples")
