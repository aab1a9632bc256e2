"""How answers look: the text, a table of the rows that were asked for, and each call as it is done."""

import json
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.console import show_verification
from tools.observation import Observation, show_percent

if TYPE_CHECKING:
    from agent.conversation.answer import Answer

__all__ = ["call_line", "plain", "show_answer", "show_call"]

LEAST_COLUMN, MOST_CELL, GAP = 6, 60, 2  # characters on a terminal; the gap is between two columns


def show_answer(answer: "Answer", out: Console, err: Console) -> None:
    """Print one answer: its text, the rows it shows, and on `err` what is to be noted."""
    out.print(answer.text)
    for call in answer.calls:
        if (found := _table(call)) is not None:
            _show_table(*found, out)
    for finding in answer.choice.findings if answer.choice is not None else ():
        err.print(f"Note: {plain(f'{finding.text} {finding.rewrite}')}", style="yellow")
    for note in answer.notes:
        if note not in answer.text:
            err.print(f"Note: {plain(note)}", style="yellow")
    if not answer.verification.ok:
        show_verification("answer", answer.verification, out)


def show_call(call: Observation, console: Console) -> None:
    """Print one call, dimmed: it is on the way to the answer."""
    console.print(Text(call_line(call), style="dim"))


def call_line(call: Observation) -> str:
    """Return a call on one line, as people write conditions.

    Examples
    --------
    >>> call_line(Observation(id="t1", tool="count", args={"where": [["age", ">", 50], ["sex", "in", ["f", "m"]]]}))
    't1 count where age > 50 and sex in f, m'
    >>> changes = [{"column": "bmi", "action": "increase", "value": 2}]
    >>> call_line(Observation(id="t2", tool="predict", args={"scope": "previous", "changes": changes}))
    't2 predict of those, bmi increase 2'
    """
    asked = dict(call.args)
    where, changes, scope = asked.pop("where", None), asked.pop("changes", None), asked.pop("scope", None)
    words = [call.id, call.tool, *(f"{name} {_value(value)}" for name, value in asked.items())]
    words += ["of those"] if scope == "previous" else []
    words += [f"where {_where(where)}"] if where else []
    line = " ".join(words) + (f", {_changes(changes)}" if changes else "")
    return plain(f"{line}: not possible: {call.error}" if call.error else line)


def plain(text: str) -> str:
    r"""Return text from a table or a file with whatever controls a terminal replaced.

    Examples
    --------
    >>> plain("=HYPERLINK(a)\x1b[2J")
    '=HYPERLINK(a)�[2J'
    """
    from tools.table import CONTROL  # pandas comes with it: not for `--help`

    return CONTROL.sub("\ufffd", text)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(map(_value, value))
    return json.dumps(value, ensure_ascii=False, default=str)


def _where(where: Any) -> str:
    """Return conditions in words; a model may have asked for anything, which is shown as it is."""
    match where:
        case {"any": [*groups]} if len(where) == 1:
            return " or ".join(f"({_where(group)})" for group in groups)
        case [*conditions] if all(isinstance(one, list) and len(one) == 3 for one in conditions):
            return " and ".join(" ".join(map(_value, condition)) for condition in conditions)
    return _value(where)


def _changes(changes: Any) -> str:
    match changes:
        case [*several] if all(isinstance(one, Mapping) for one in several):
            return ", ".join(" ".join(_value(one.get(k)) for k in ("column", "action", "value")) for one in several)
    return _value(changes)


def _table(call: Observation) -> tuple[list[str], list[list[Any]]] | None:
    """Return the columns and rows that a call shows, if it shows rows."""
    found = call.result or {}
    if call.tool == "show" and found:  # a failed call shows nothing
        return list(found["columns"]), [list(row) for row in found["table"]]
    if call.tool == "mistakes" and found.get("examples"):
        columns = list(found["examples"][0])
        return columns, [[_percent(name, row.get(name)) for name in columns] for row in found["examples"]]
    return None


def _percent(name: str, value: Any) -> Any:
    return show_percent(100 * value) if name == "probability" else value


def _show_table(columns: list[str], rows: list[list[Any]], console: Console) -> None:
    """Print rows: whole in a pipe; on a terminal as many columns as fit, long names folded and long cells cut."""
    names, cells = [plain(name) for name in columns], [[_cell(value) for value in row] for row in rows]
    least = [max([0, *(cell_len(row[at]) for row in cells)]) for at in range(len(names))]
    widths = [max(cell_len(name), width) for name, width in zip(names, least, strict=True)]
    if console.is_terminal:
        widths = _fitted([min(width, MOST_CELL) for width in widths], least, console.width)
    else:
        console.width = max(console.width, sum(widths) + GAP * len(widths))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for at, width in enumerate(widths):
        numeric = all(isinstance(row[at], int | float) or row[at] is None for row in rows)
        name = "\n".join(textwrap.wrap(names[at], max(1, width)) or [""])
        table.add_column(Text(name), justify="right" if numeric else "left", width=width, overflow="ellipsis")
    for row in cells:
        table.add_row(*(_cut(cell, width) for cell, width in zip(row, widths, strict=False)))
    console.print()
    console.print(table, crop=False, soft_wrap=False)
    if len(widths) < len(columns):
        console.print(f"… and {len(columns) - len(widths)} more columns: name those you want, or use --json.")
    console.print()


def _cut(cell: str, width: int) -> Text:
    text = Text(cell, no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return text


def _fitted(widths: list[int], least: list[int], room: int) -> list[int]:
    """Return widths that fit a terminal: first long names are folded, then long cells cut; what is too much goes."""
    widths = widths[: max(1, (room + GAP) // (LEAST_COLUMN + GAP))]
    for floors in ([max(LEAST_COLUMN, width) for width in least], [LEAST_COLUMN] * len(least)):
        while sum(widths) + GAP * (len(widths) - 1) > room:
            wider = [(width, at) for at, width in enumerate(widths) if width > floors[at]]
            if not wider:
                break
            widths[max(wider)[1]] -= 1
    return widths


def _cell(value: Any) -> str:
    """Return a cell as it is in the table: no rounding, nothing evaluated."""
    if value is None:
        return "missing"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return plain(str(value))
