"""`tallystick ask`: one question, or one per line, answered through the tools."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from agent import console
from agent.commands.options import (
    BundlePath,
    Data,
    Fingerprint,
    Llm,
    Receipts,
    ReceiptsFolder,
    SessionName,
    apart,
    bundle,
    model,
)
from tools.errors import UserError

__all__ = ["EXAMPLE", "ask"]

EXAMPLE = 'Example: tallystick ask bundle/ "How many patients over 50 do you get wrong?"'


def ask(
    path: BundlePath,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="In your own words, or '-' for one per input line.")
    ],
    llm: Llm = None,
    data: Data = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="TEXT", help="One of the answers to choose from; repeat it.")
    ] = None,
    session: SessionName = None,
    receipts: ReceiptsFolder = None,
    fingerprint: Fingerprint = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One Answer per line.")] = False,
) -> None:
    """Answer a question about the table and its classifier; every number cites the tool it came from."""
    from agent.classifier import Classifier
    from agent.commands.showing import show_answer
    from agent.conversation.memory import check_name

    apart(data, question)
    if session is not None:
        check_name(session)
    opened, kept = bundle(path, fingerprint), Receipts(receipts)
    clf = Classifier.load(opened, model(llm))
    failed = None
    for asked in _questions() if question == "-" else [question]:
        try:
            with console.working("looking"):
                answer = clf.ask(asked, session=session, data=data, options=option or None)
        except UserError as error:  # of one question: the others are answered all the same
            if question != "-":
                raise
            console.notes().print(f"tallystick: {asked[:80]!r}: {error}")
            failed = error
            continue
        kept.keep(answer)
        if as_json:
            print(json.dumps(answer.model_dump(mode="json"), ensure_ascii=False), flush=True)
        else:
            show_answer(answer, console.results(), console.notes())
    if failed is not None:
        raise typer.Exit(failed.exit_code)


def _questions() -> Iterator[str]:
    """Return the questions on stdin, a line each; blank lines are none."""
    return (line.strip() for line in sys.stdin if line.strip())
