"""The command `tallystick`: parses arguments, prints results. Everything else is done elsewhere."""

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from agent import console
from agent.commands import ask, chat, evaluate, finetune, options, sessions
from agent.commands.options import Fingerprint, Llm
from tools.errors import ReceiptError, TallystickError, UserError

__all__ = ["app", "main"]

# Typer raises its own copy of Click's errors, and exports this one class of them.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

INTERRUPTED = 130  # the exit code of a process that Ctrl-C ended

app = typer.Typer(
    name="tallystick",
    help="Classify rows of a table and explain each label; every number in the text cites the tool it came from.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
models = typer.Typer(help="The catalog of local language models.", rich_markup_mode=None)
app.add_typer(models, name="models")

Top = Annotated[int, typer.Option("--top", min=1, help="How many of the largest contributions every text names.")]


@app.callback()
def _options(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback on errors; may stand anywhere.")] = False,
) -> None: ...


@app.command(epilog="Example: tallystick demo")
def demo(
    out: Annotated[Path, typer.Option("--out", help="Where the bundle, rows and receipts go.")] = Path(
        "tallystick-demo"
    ),
    llm: Llm = None,
) -> None:
    """Show the whole story on the breast-cancer table: fit, classify three rows, verify the receipts."""
    from agent.demo import run

    run(out, options.model(llm))


@app.command(epilog="Example: tallystick fit patients.csv --target diagnosis --out bundle/ --id patient")
def fit(
    data: Annotated[str, typer.Argument(metavar="DATA", help="CSV or Parquet.")],
    target: Annotated[str, typer.Option("--target", metavar="COL", help="The column to predict.")],
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="The directory to write.")],
    id_column: Annotated[
        str | None, typer.Option("--id", metavar="COL", help="The column that names the rows.")
    ] = None,
    dictionary: Annotated[
        Path | None, typer.Option("--dictionary", metavar="YAML", help="Units and descriptions.")
    ] = None,
    predictor: Annotated[
        str,
        typer.Option(
            "--predictor", metavar="KIND", help="auto, logistic, gbdt, a .skops file, or llm:PATH for a language model."
        ),
    ] = "auto",
    template: Annotated[
        Path | None, typer.Option("--template", metavar="FILE", help="How llm:PATH is asked for a label (YAML).")
    ] = None,
) -> None:
    """Check a table, train and calibrate a predictor, measure it on held-out rows, and store all of it."""
    from agent.known import remember
    from tools.bundle import Bundle
    from tools.table import read_table

    with console.working("fitting"):
        given: dict[str, Any] = {"id_column": id_column, "dictionary": dictionary, "template": template}
        bundle = Bundle.fit(read_table(data), target, predictor=predictor, **given)
        bundle.save(out)
    remember(bundle)
    for note in bundle.schema.notes:
        console.notes().print(f"Note: {note}")
    measured = bundle.performance
    shown = ", ".join(f"{name} {measured[name]:.3f}" for name in ("accuracy", "roc_auc", "log_loss", "ece"))
    console.results().print(
        f"{out}: {bundle.predictor.kind} predictor of {target!r} from {len(bundle.schema.names)} features"
    )
    console.results().print(
        f"On {measured['n']} held-out rows: {shown}; always the commonest label: {measured['baseline_accuracy']:.3f}."
    )
    console.results().print(f"Fingerprint: {bundle.sha256}")


@app.command(epilog="Example: tallystick classify bundle/ rows.csv --limit 3 --receipts receipts/")
def classify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE")],
    rows: Annotated[str, typer.Argument(metavar="ROWS", help="CSV, Parquet, JSON lines, or '-'.")],
    llm: Llm = None,
    style: Annotated[str, typer.Option("--style", help="auto, strict or prose.")] = "auto",
    top: Top = 4,
    limit: Annotated[int | None, typer.Option("--limit", min=0, help="Stop after so many rows.")] = None,
    receipts: Annotated[Path | None, typer.Option("--receipts", metavar="DIR", help="Write a receipt per row.")] = None,
    decide: Annotated[str, typer.Option("--decide", help="combined, llm or predictor.")] = "combined",
    abstain_below: Annotated[float | None, typer.Option("--abstain-below", metavar="P", min=0, max=1)] = None,
    fingerprint: Fingerprint = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One Explanation per line.")] = False,
) -> None:
    """Classify rows and explain each label."""
    from agent.batch import classify_table
    from agent.classifier import Classifier
    from tools.table import read_table

    _among("--style", style, ("auto", "strict", "prose"))
    _among("--decide", decide, ("combined", "llm", "predictor"))
    given: dict[str, Any] = {"style": style, "top": top, "decide": decide, "abstain_below": abstain_below}
    opened, table = options.bundle(bundle, fingerprint), read_table(rows)
    clf = Classifier.load(opened, options.model(llm), progress=console.looping, **given)
    out = console.results()
    for name, explanation in classify_table(clf, table, limit, receipts, rows, console.looping, console.notes().print):
        if as_json:
            print(json.dumps(explanation.model_dump(mode="json"), ensure_ascii=False), flush=True)
        else:
            console.show_explanation(explanation, name, out)


app.command(epilog=ask.EXAMPLE)(ask.ask)
app.command(epilog=chat.EXAMPLE)(chat.chat)
app.command(epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command(epilog=finetune.EXAMPLE)(finetune.finetune)
app.add_typer(sessions.app, name="sessions")


@app.command(epilog="Example: tallystick verify receipts/*.json --bundle bundle/")
def verify(
    receipts: Annotated[list[Path], typer.Argument(metavar="RECEIPT…")],
    bundle: Annotated[Path | None, typer.Option("--bundle", metavar="BUNDLE", help="Where to recompute.")] = None,
    *,
    text_only: Annotated[
        bool, typer.Option("--text-only", help="Only the text against the receipt's observations.")
    ] = False,
) -> None:
    """Re-run receipts: prints ok, or every difference, for each file."""
    from agent.explanation.verify import verify as check
    from tools.bundle import Bundle

    opened = Bundle.load(bundle) if bundle is not None and not text_only else None
    out, failed, unreadable = console.results(), False, []
    for path in receipts:
        try:
            verification = check(path, opened, text_only=text_only)
        except ReceiptError as error:
            message = f"{path}: {error.message.removeprefix(f'{path}: ')}"
            unreadable.append(ReceiptError(message, hint=error.hint))
            continue
        console.show_verification(str(path), verification, out)
        failed |= not verification.ok
    for problem in unreadable[:-1]:
        console.notes().print(f"tallystick: {problem}")
    if unreadable:
        raise unreadable[-1]
    raise typer.Exit(1 if failed else 0)


@app.command(epilog='Example: tallystick calc "(17.99 - 12.15) / 1.78"')
def calc(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help="An expression, or '-' for one per input line.")
    ] = "-",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per expression.")] = False,
) -> None:
    """Calculate exactly."""
    from tools.calculator import as_json as calculated
    from tools.calculator import calculate

    if expression == "-":
        for line in _expressions():
            print(json.dumps(calculated(line), ensure_ascii=False), flush=True)
    elif as_json:
        found = calculated(expression)
        print(json.dumps(found, ensure_ascii=False))
        raise typer.Exit(2 if "error" in found else 0)
    else:
        print(calculate(expression))


def _expressions() -> Iterator[str]:
    """Return the expressions on stdin: a line each, or a JSON string each where they have line breaks."""
    for raw in sys.stdin:
        line = raw.rstrip("\r\n")
        try:
            loaded = json.loads(line) if line.startswith('"') else line
        except ValueError:
            loaded = line
        yield loaded if isinstance(loaded, str) else line


@models.command("list", epilog="Example: tallystick models list")
def models_list() -> None:
    """List the local models, about how large each is, and whether it is here; others come as owner/name."""
    from agent.llm.catalog import CATALOG

    for name, model in CATALOG.items():
        source, here = model.source, "here" if model.source.found() else "not here"
        size = f"{source.size / 1e6:.0f} MB"
        console.results().print(
            f"{name:22} {model.parameters:>5}  {source.format:11}  {size:>8}  {here:8}  {model.license}"
        )


@models.command("pull", epilog="Example: tallystick models pull smollm2-135m")
def models_pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name in the catalog, or owner/name on the hub.")],
) -> None:
    """Fetch a model, check its digests, and print where it is; parts that arrived are not fetched again."""
    from agent.llm import catalog

    with console.downloading(f"fetching {name}") as progress:
        place = catalog.pull(name, progress)
    model = catalog.model(name)
    console.notes().print(f"Note: {model.source.vouched} {model.notes}".rstrip())
    print(place)


@models.command("path", epilog="Example: tallystick models path smollm2-135m")
def models_path(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Print where a model's file or directory is, or would be."""
    from agent.llm import catalog

    print(catalog.path(name))


def _among(option: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UserError(f"{option} {value}: not known.", hint=f"Give one of {', '.join(allowed)}.")


def main() -> NoReturn:
    """Run the command; errors end in one or two lines and an exit code: 2 the user's mistake, 3 the machine's."""
    debug = "--debug" in sys.argv
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever the locale: texts have marks that ASCII lacks
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"] or ["--help"]
    try:
        code = app(arguments, prog_name="tallystick", standalone_mode=False) or 0
    except TallystickError as error:
        _stop(error, error.exit_code, debug=debug)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except _UsageError as error:
        _stop(error, 2, _usage(error), debug=debug)
    except (BrokenPipeError, SystemExit):  # the latter is typer's own way out when nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _stop(error, 3, debug=debug)
    if code == INTERRUPTED:  # typer catches most interruptions itself
        print("tallystick: Interrupted; what is finished is kept.", file=sys.stderr)
    sys.exit(code)


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "tallystick"
    return f"{error.format_message().rstrip('.')}. Try '{command} --help'."


def _stop(error: BaseException, code: int, message: str = "", *, debug: bool) -> NoReturn:
    if debug:
        raise error
    print(f"tallystick: {message or error}", file=sys.stderr)
    sys.exit(code)
