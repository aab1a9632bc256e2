"""Conditions and changes in words: "with age over 50 years that are labelled “Yes”", "if glucose were 100 mg/dL".

A column, a category or a number stands in these words as a reference to the place it has in the call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.conversation.evidence import Table
from agent.conversation.saying.words import braced, listed
from tools.observation import reference

__all__ = ["Phrase", "amount", "phrased", "supposed", "unit", "worded"]

_SIGNS = {
    ">": "over {}",
    ">=": "of at least {}",
    "<": "under {}",
    "<=": "of at most {}",
    "!=": "other than {}",
    "==": "{}",
}
_SPANS = {
    ">=<=": ("from", "to"),
    "><=": ("over", "up to"),
    ">=<": ("from", "to under"),
    "><": ("over", "and under"),
}
_ANSWERS = {"label": "labelled", "prediction": "predicted"}
Placed = tuple[int, Any]  # a condition and its place in the list


@dataclass(frozen=True)
class Phrase:
    """Conditions in words.

    Attributes
    ----------
    row : str
        The row that is named by its id, such as "row 7"; empty where none is.
    rest : str
        The other conditions, beginning with a space.
    """

    row: str
    rest: str


def worded(where: Any, at: str, table: Table, rows: int, *, named: bool = True) -> Phrase:
    """Return conditions in words that follow "rows".

    Parameters
    ----------
    where : list or dict
        As in a call; nothing stands for all rows.
    at : str
        Where it stands, such as ``t1@args.where``.
    table : Table
        Which columns are the id, the label, and have units.
    rows : int
        How many rows there are.
    named : bool
        Whether a single row may be called by its id.

    Examples
    --------
    >>> table = Table(target="ill", labels=["no", "yes"], units={"age": "years"}, numbered=["row"])
    >>> worded([["age", ">", 50], ["ill", "==", "yes"]], "t1@args.where", table, 9).rest
    ' with {t1@args.where.0.0} over {t1@args.where.0.2} {table.units.age} that are labelled {t1@args.where.1.2}'
    """
    if isinstance(where, Mapping):
        return Phrase("", _either(where["any"], f"{at}.any", table, rows))
    return phrased(list(enumerate(where or ())), at, table, rows, named=named)


def phrased(conds: Sequence[Placed], at: str, table: Table, rows: int, *, named: bool = True) -> Phrase:
    """Return some of the conditions of a list in words, each with its place in it.

    Examples
    --------
    >>> phrased([(1, ["row", "==", 7])], "t1@args.where", Table(target="ill", labels=[], numbered=["row"]), 1).row
    'row {t1@args.where.1.2|id}'
    """
    row = ""
    ids = [(i, c) for i, c in conds if c[0] in _ids(table) and c[1] == "=="]
    if named and rows == 1 and len(ids) == 1:
        (i, cond), conds = ids[0], [pair for pair in conds if pair not in ids]
        row = f"{_name(cond[0], f'{at}.{i}', table)} {braced(f'{at}.{i}.2', 'id')}"
    return Phrase(row, _all(conds, at, table, rows))


def supposed(changes: Sequence[Mapping[str, Any]], at: str, table: Table) -> str:
    """Return changes in words, to stand before a comma.

    Examples
    --------
    >>> table = Table(target="ill", labels=["no", "yes"], units={"age": "years"})
    >>> supposed([{"column": "age", "action": "increase", "value": 3}], "t1@args.changes", table)
    'If {t1@args.changes.0.column} were {t1@args.changes.0.value} {table.units.age} higher'
    """
    ends = {"set": "", "increase": " higher", "decrease": " lower"}
    parts = [
        f"{braced(f'{at}.{i}.column')} were "
        f"{amount(f'{at}.{i}.value', change['column'], change['value'], table)}{ends[change['action']]}"
        for i, change in enumerate(changes)
    ]
    return f"If {listed(parts)}"


def amount(ref: str, column: str, value: Any, table: Table) -> str:
    """Return a value of a column with its unit; ``× 1000 $`` for a unit that is a number itself.

    Examples
    --------
    >>> amount("t1.value", "age", 50, Table(target="ill", labels=[], units={"age": "years"}))
    '{t1.value} {table.units.age}'
    """
    return braced(ref) + unit(column, value, table)


def unit(column: str, value: Any, table: Table) -> str:
    """Return a space and the unit that belongs after a value; nothing after a category or a missing value."""
    if column not in table.units or isinstance(value, bool | str) or value is None:
        return ""
    times = "× " if table.units[column][:1].isdigit() else ""
    return f" {times}{braced(reference('table', 'units', column))}"


def _ids(table: Table) -> list[str]:
    return [*table.named, *table.numbered]


def _name(column: str, at: str, table: Table) -> str:
    """Return the name of an id: the column's, or "row"."""
    return "row" if column in table.numbered else braced(f"{at}.0")


def _either(branches: Sequence[Any], at: str, table: Table, rows: int) -> str:
    """Join alternatives by or; where each is a single one of the same form, the form is said once."""
    said = [_all(list(enumerate(branch)), f"{at}.{i}", table, rows) for i, branch in enumerate(branches)]
    single = all(len(branch) == 1 and text.startswith(" with ") for branch, text in zip(branches, said, strict=True))
    if single:
        return " with " + listed([text.removeprefix(" with ") for text in said], "or")
    return f"{',' if len(said) > 1 else ''} or".join(said)


def _all(conds: Sequence[Placed], at: str, table: Table, rows: int) -> str:
    """Join conditions by and: first what the rows have, then what they are labelled and predicted."""
    having: list[str] = []
    being: list[str] = []
    for group in _intervals(conds):
        i, cond = group[0]
        if cond[0] in {*_ANSWERS, table.target}:
            being.append(_answer(cond, f"{at}.{i}"))
        else:
            having.append(_has(cond, f"{at}.{i}", table) if len(group) == 1 else _span(group, at, table))
    verb = "is" if rows == 1 else "are"
    text = f" with {listed(having)}" if having else ""
    return f"{text} that {verb} {listed(being)}" if being else text


def _intervals(conds: Sequence[Placed]) -> list[list[Placed]]:
    """Put the lower and the upper end of one interval together."""
    groups: list[list[Placed]] = []
    for pair in conds:
        last = groups[-1] if groups else []
        if len(last) == 1 and _ends(last[0][1], pair[1]):
            last.append(pair)
        else:
            groups.append([pair])
    return groups


def _ends(low: Any, high: Any) -> bool:
    if low[2] is None or high[2] is None:
        return False
    return bool(low[0] == high[0] and low[1] in {">", ">="} and high[1] in {"<", "<="})


def _answer(cond: Sequence[Any], at: str) -> str:
    """Say a condition on the true label or on the prediction."""
    column, sign, value = cond
    said = _ANSWERS.get(column, "labelled")
    if sign == "in":
        return f"{said} {_among(value, at)}"
    return f"{'not ' if sign == '!=' else ''}{said} {braced(f'{at}.2')}"


def _has(cond: Sequence[Any], at: str, table: Table) -> str:
    """Say a condition on a feature or an id."""
    column, sign, value = cond
    name = _column(column, at, table)
    if value is None:
        return f"{name} {'missing' if sign == '==' else 'known'}"
    if sign == "in":
        return f"{name} {_among(value, at)}{unit(column, value[0], table)}"
    shown = braced(f"{at}.2", "id" if column in _ids(table) else "") + unit(column, value, table)
    return f"{name} {_SIGNS[sign].replace('{}', shown)}"


def _span(group: Sequence[Placed], at: str, table: Table) -> str:
    """Say an interval."""
    (i, low), (j, high) = group
    name, ends = _column(low[0], f"{at}.{i}", table), [braced(f"{at}.{i}.2"), braced(f"{at}.{j}.2")]
    ends[1] += unit(low[0], high[2], table)
    first, second = _SPANS[low[1] + high[1]]
    return f"{name} {first} {ends[0]} {second} {ends[1]}"


def _column(column: str, at: str, table: Table) -> str:
    return "row number" if column in table.numbered else braced(f"{at}.0")


def _among(values: Sequence[Any], at: str) -> str:
    return listed([braced(f"{at}.2.{j}") for j in range(len(values))], "or")
