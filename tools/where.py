"""Conditions on rows: `where` as an agent writes it, checked, joined, and turned into the rows that it selects.

A `where` is a list of ``[column, sign, value]``, all of which have to hold, or ``{"any": [[…], […]]}``, of which one
list has to hold. A missing cell satisfies nothing but ``== null``; any other one satisfies ``!= null``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.columns import SIGNS, Column, Mask
from tools.errors import ToolError

__all__ = ["EVERY", "Condition", "Where", "both", "dump", "mask", "matches", "parse", "shown"]

MOST_CONDITIONS = 256  # of all lists together
MOST_VALUES = 1000  # of one `in`
FORM = 'Write [[column, sign, value], …], or {"any": [[[column, sign, value], …], …]} for or.'

ColumnOf = Callable[[str], Column]


@dataclass(frozen=True)
class Condition:
    """One condition; `value` is a tuple for the sign `in`, None for null."""

    column: str
    sign: str
    value: Any

    def to_json(self) -> list[Any]:
        """Return it as an agent writes it."""
        return [self.column, self.sign, list(self.value) if isinstance(self.value, tuple) else self.value]


Where = tuple[tuple[Condition, ...], ...]  # one of them has to hold, and of that every condition

EVERY: Where = ((),)


def parse(raw: Any, column_of: ColumnOf) -> Where:
    """Check a `where` and return it.

    Parameters
    ----------
    raw : list, dict or None
        As an agent wrote it; None and the empty list are every row.
    column_of : callable
        Name to `Column`; raises ToolError where there is none.

    Raises
    ------
    ToolError
        It has another form, or names a column, sign or value that there is not; says the mend.

    Examples
    --------
    >>> from tools.columns import Numbers
    >>> ages = {"age": Numbers("age", np.array([20.0, 70.0]))}
    >>> parse([["age", ">", 30]], ages.__getitem__)
    ((Condition(column='age', sign='>', value=30),),)
    >>> parse([["age", "above", 30]], ages.__getitem__)
    Traceback (most recent call last):
    tools.errors.ToolError: there is no sign 'above'. Signs are == != > >= < <= in.
    """
    if raw is None or raw == []:
        return EVERY
    alternatives = [raw] if isinstance(raw, list | tuple) else _alternatives(raw)
    where = tuple(tuple(_condition(condition, column_of) for condition in listed) for listed in alternatives)
    if sum(map(len, where)) > MOST_CONDITIONS:
        raise ToolError(f"where has more than {MOST_CONDITIONS} conditions.", hint="Use fewer, or `in` with a list.")
    return where


def _alternatives(raw: Any) -> list[Any]:
    found = raw.get("any") if isinstance(raw, dict) and len(raw) == 1 else None
    if not isinstance(found, list | tuple) or not found:
        raise ToolError("where has another form.", hint=FORM)
    if not all(isinstance(listed, list | tuple) and listed for listed in found):
        raise ToolError('where: an entry of "any" is no list of conditions.', hint=FORM)
    return list(found)


def _condition(raw: Any, column_of: ColumnOf) -> Condition:
    if not isinstance(raw, list | tuple) or len(raw) != 3 or not isinstance(raw[0], str):
        raise ToolError(f"where: {str(raw)[:60]!r} is no condition.", hint=FORM)
    name, sign, value = raw
    column = column_of(name)
    if sign not in SIGNS:
        raise ToolError(f"there is no sign {str(sign)[:20]!r}.", hint=f"Signs are {' '.join(SIGNS)}.")
    if sign == "in":
        if not isinstance(value, list | tuple) or not 0 < len(value) <= MOST_VALUES:
            raise ToolError(f"where: {name!r} in needs a list of 1 to {MOST_VALUES} values.", hint=FORM)
        return Condition(name, sign, tuple(column.check(sign, _scalar(name, part)) for part in value))
    if value is None and sign in {"==", "!="}:
        return Condition(name, sign, None)
    return Condition(name, sign, column.check(sign, _scalar(name, value)))


def _scalar(name: str, value: Any) -> Any:
    if not isinstance(value, str | int | float):
        hint = "Compare with null by == or !=." if value is None else "Give one number or text; use `in` for a list."
        raise ToolError(f"where: {name!r} is compared with {type(value).__name__}.", hint=hint)
    return value


def dump(where: Where) -> list[Any] | dict[str, Any]:
    """Return a checked `where` as an agent writes it.

    Examples
    --------
    >>> dump((((Condition("age", ">", 30)),), (Condition("sex", "in", ("f", "d")),)))
    {'any': [[['age', '>', 30]], [['sex', 'in', ['f', 'd']]]]}
    """
    lists = [[condition.to_json() for condition in listed] for listed in where]
    return lists[0] if len(lists) == 1 else {"any": lists}


def both(one: Where, other: Where) -> Where:
    """Return what selects the rows that both select: every list of one with every list of the other.

    Raises
    ------
    ToolError
        It would have too many conditions.

    Examples
    --------
    >>> a, b, c = (Condition(name, "==", 1) for name in "abc")
    >>> dump(both(((a,), (b,)), ((c,),)))
    {'any': [[['a', '==', 1], ['c', '==', 1]], [['b', '==', 1], ['c', '==', 1]]]}
    """
    pairs = (dict.fromkeys(first + second) for first in one for second in other)
    where = tuple({frozenset(listed): tuple(listed) for listed in pairs}.values())
    if EVERY[0] in where:
        return EVERY
    if sum(map(len, where)) > MOST_CONDITIONS:
        raise ToolError("these conditions together are too many.", hint="Ask without the rows of the answer before.")
    return where


def mask(where: Where, column_of: ColumnOf, n: int) -> Mask:
    """Return which of n rows a checked `where` selects, shape (n,)."""
    chosen = np.zeros(n, dtype=np.bool_)
    for listed in where:
        chosen |= _all(listed, column_of, n)
    return chosen


def _all(conditions: Sequence[Condition], column_of: ColumnOf, n: int) -> Mask:
    chosen = np.ones(n, dtype=np.bool_)
    for condition in conditions:
        chosen &= matches(condition, column_of(condition.column))
    return chosen


def matches(condition: Condition, column: Column) -> Mask:
    """Return which rows satisfy one checked condition, shape (n,)."""
    sign, value = condition.sign, condition.value
    if value is None:
        return column.present() if sign == "!=" else ~column.present()
    if sign == "in":
        return column.one_of(value)
    if sign == "==":
        return column.one_of([value])
    if sign == "!=":
        return column.present() & ~column.one_of([value])
    return column.compare(sign, value)


def shown(conditions: Iterable[Condition]) -> str:
    """Return conditions for a message.

    Examples
    --------
    >>> shown([Condition("age", ">", 30), Condition("sex", "in", ("f", "d"))])
    "'age' > 30 and 'sex' in ['f', 'd']"
    """
    parts = []
    for condition in conditions:
        name, sign, value = condition.to_json()
        text = repr(value) if value is not None else "null"
        parts.append(f"{name!r} {sign} {text if len(text) <= 60 else text[:59] + '…'}")
    return " and ".join(parts)
