"""Exact arithmetic on text that nobody vouches for.

`calculate` runs the program that `tools.expression` parsed, on a stack of the numbers of `tools.exact`. The tables at
the end are everything an expression can name; text never reaches an evaluator. This module does not know where facts
come from.

What may surprise: ``log`` is the natural logarithm unless it gets a base, ``round`` takes halves to the even
neighbour as Python does, the remainder has the sign of the divisor, ``0**0`` is 1, ``=`` compares, and a float among
the facts counts as the decimal it prints as, so ``0.1 + 0.2 == 0.3``.
"""

import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise

from tools import exact
from tools.errors import CalculationError, did_you_mean
from tools.exact import Number, Refusal
from tools.expression import Step, parse

__all__ = ["Calculation", "Fact", "as_json", "calculate", "references"]

Fact = int | float | Fraction | bool

MAX_EXACT = 1_000  # characters of an exact result
MAX_WORK = 40_000  # of all steps together, see `_work`; measured to take less than half a second
SPLIT = "Calculate parts of it first."
SIGNIFICANT = Context(prec=15)


@dataclass(frozen=True)
class Calculation:
    """The result of an expression.

    Parameters
    ----------
    exact : str
        ``"292/89"``, ``"sqrt(2)"``, ``"True"``: an expression with the same value. A result that takes more than
        1,000 characters is given as its decimal behind ``≈``.
    decimal : str
        Rounded to 15 significant digits (halves to even), or ``"True"`` or ``"False"``.
    value : float or bool
        The result as a float, at most one unit in the last place off.
    """

    exact: str
    decimal: str
    value: float | bool

    def __str__(self) -> str:
        return self.decimal


def calculate(expression: str, facts: Mapping[str, Fact] | None = None) -> Calculation:
    """Calculate an expression exactly.

    Parameters
    ----------
    expression : str
        Arithmetic as `tools.expression` describes it, at most 4,000 characters and nested at most 30 deep, with the
        constants pi, e, True, False and the functions abs, average, ceil, exp, floor, ln, log, log10, log2, max,
        mean, min, mod, round, sqrt, sum.
    facts : mapping of str to number, optional
        What references such as ``t1.value`` stand for.

    Raises
    ------
    CalculationError
        One line: what cannot be calculated, where, and the mend if there is one.

    Examples
    --------
    >>> calculate("(17.99 - 12.15) / 1.78")
    Calculation(exact='292/89', decimal='3.28089887640449', value=3.2808988764044944)
    >>> print(calculate("(t1.value - t2.mean) / t2.std", {"t1.value": 17.99, "t2.mean": 12.15, "t2.std": 1.78}))
    3.28089887640449
    >>> calculate("sqrt(2) * sqrt(3) == sqrt(6)").value
    True
    """
    facts = facts or {}
    stack: list[Number | bool] = []
    work = 0
    for step in parse(expression, facts):
        operands = stack[len(stack) - step.arity :]
        del stack[len(stack) - step.arity :]
        work += _work(step, operands)
        if work > MAX_WORK:
            raise CalculationError(f"Too much to calculate up to character {step.at}.", hint=SPLIT)
        try:
            stack.append(_apply(step, operands, facts))
        except Refusal as refusal:
            raise CalculationError(f"{refusal} (at character {step.at}, {step.name!r}).") from None
    try:
        return _result(stack[0])
    except Refusal as refusal:
        raise CalculationError(f"{refusal}.") from None


def as_json(expression: str) -> dict[str, str]:
    """Return what ``tallystick calc --json`` prints.

    Examples
    --------
    >>> as_json("1 / 3")
    {'result': '0.333333333333333', 'exact': '1/3'}
    >>> as_json("1 / 0")
    {'error': "Division by zero (at character 3, '/')."}
    """
    try:
        calculation = calculate(expression)
    except CalculationError as error:
        return {"error": str(error)}
    return {"result": calculation.decimal, "exact": calculation.exact}


def references(expression: str, known: Collection[str] = ()) -> list[str]:
    """Return the references to facts in an expression, each once, in order.

    Parameters
    ----------
    expression : str
        It is parsed, not calculated.
    known : collection of str, optional
        The facts there are; needed only for references that contain ``-`` or ``%``.

    Raises
    ------
    CalculationError
        If the expression does not parse.

    Examples
    --------
    >>> references("(t1.value - t2.mean) / t2.std + sqrt(pi)")
    ['t1.value', 't2.mean', 't2.std']
    """
    names = (step.name for step in parse(expression, known) if step.kind == "name")
    return list(dict.fromkeys(name for name in names if "." in name or name in known))


def _apply(step: Step, operands: list[Number | bool], facts: Mapping[str, Fact]) -> Number | bool:
    """Return what one step leaves on the stack."""
    if step.kind == "number":
        return exact.rational(step.number)
    if step.kind == "name":
        return _named(step, facts)
    signs = step.name.split()
    if signs[0] in _COMPARISONS:
        return _compare(signs, operands)
    function = _OPERATORS[step.name] if step.kind == "operator" else _function(step)
    return exact.bounded(function(*map(_number, operands)))


def _work(step: Step, operands: list[Number | bool]) -> int:
    """Return a bound on the work of a step; plain arithmetic on rational numbers is not worth counting."""
    numbers = [number for number in operands if not isinstance(number, bool)]
    if step.kind == "operator" and step.name != "**":
        numbers = [number for number in numbers if not number.is_Rational]
    return step.arity * max(map(exact.weight, numbers), default=0)


def _named(step: Step, facts: Mapping[str, Fact]) -> Number | bool:
    if step.name in facts:
        return _fact(facts[step.name])
    if step.name in _CONSTANTS:
        return _CONSTANTS[step.name]
    if "." not in step.name:
        known = [*_CONSTANTS, *_FUNCTIONS]
        raise _unknown("constant or function", step, did_you_mean(step.name, known))
    raise _unknown("fact", step, did_you_mean(step.name, facts) if facts else "Write the number itself.")


def _fact(fact: Fact) -> Number | bool:
    """Take over a fact; a float as the decimal it prints as."""
    if isinstance(fact, bool):
        return fact
    if not isinstance(fact, int | float | Fraction):
        raise Refusal(f"This fact is not a number but {type(fact).__name__}")
    if isinstance(fact, float) and not math.isfinite(fact):
        raise Refusal(f"This fact is {fact}, which is not a number to calculate with")
    return exact.rational(Fraction(repr(float(fact))) if isinstance(fact, float) else Fraction(fact))


def _function(step: Step) -> Callable[..., Number]:
    if step.name not in _FUNCTIONS:
        raise _unknown("function", step, did_you_mean(step.name, _FUNCTIONS))
    function, fewest, most = _FUNCTIONS[step.name]
    if not fewest <= step.arity <= most:
        takes = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise Refusal(f"This function takes {takes} argument(s), not {step.arity}; commas always separate arguments")
    return function


def _unknown(what: str, step: Step, hint: str) -> CalculationError:
    return CalculationError(f"There is no {what} {step.name[:60]!r} (at character {step.at}).", hint=hint)


def _number(value: Number | bool) -> Number:
    if isinstance(value, bool):
        raise Refusal(f"{value} is a truth value, not a number")
    return value


def _compare(signs: list[str], operands: list[Number | bool]) -> bool:
    """Compare each operand with the next: ``1 < x <= 3`` holds if both comparisons do."""
    outcomes = [_holds(sign, *pair) for sign, pair in zip(signs, pairwise(operands), strict=True)]
    return all(outcomes)


def _holds(sign: str, left: Number | bool, right: Number | bool) -> bool:
    if isinstance(left, bool) and isinstance(right, bool) and sign in ("==", "!="):
        return (left == right) == (sign == "==")
    return _COMPARISONS[sign](exact.sign(_number(left) - _number(right)), 0)


def _result(value: Number | bool) -> Calculation:
    if isinstance(value, bool):
        return Calculation(str(value), str(value), value)
    low, high = exact.ends(value)
    decimal = _decimal(low)
    if decimal != _decimal(high):
        raise Refusal("The result cannot be determined to 15 digits")
    written = str(value).replace("E", "e")  # sympy's name of the constant; nothing else it writes here has an E
    return Calculation(written if len(written) <= MAX_EXACT else f"≈{decimal}", decimal, _float(low))


def _decimal(number: Fraction) -> str:
    """Round to 15 significant digits, without trailing zeros."""
    rounded = SIGNIFICANT.divide(Decimal(number.numerator), Decimal(number.denominator)).normalize(SIGNIFICANT)
    return f"{rounded:f}" if -5 <= rounded.adjusted() < 15 else f"{rounded:e}"


def _float(number: Fraction) -> float:
    try:
        nearest = float(number)
    except OverflowError:
        raise Refusal("The result is larger than 1.8e308; compare or divide it inside the expression") from None
    if number and not nearest:
        raise Refusal("The result is closer to zero than 5e-324; compare or multiply it inside the expression")
    return nearest


_CONSTANTS: dict[str, Number | bool] = {"pi": exact.PI, "e": exact.E, "True": True, "False": False}

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

_OPERATORS: dict[str, Callable[..., Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": exact.divide,
    "%": exact.modulo,
    "**": exact.power,
    "plus": operator.pos,
    "negate": operator.neg,
    "percent": lambda number: number / 100,
}

# name: function, fewest and most arguments
_FUNCTIONS: dict[str, tuple[Callable[..., Number], int, float]] = {
    "abs": (exact.magnitude, 1, 1),
    "average": (exact.mean, 1, math.inf),
    "ceil": (exact.ceiling, 1, 1),
    "exp": (exact.exp, 1, 1),
    "floor": (exact.floor, 1, 1),
    "ln": (exact.log, 1, 1),
    "log": (exact.log, 1, 2),
    "log10": (lambda number: exact.log(number, exact.rational(Fraction(10))), 1, 1),
    "log2": (lambda number: exact.log(number, exact.rational(Fraction(2))), 1, 1),
    "max": (exact.largest, 1, math.inf),
    "mean": (exact.mean, 1, math.inf),
    "min": (exact.smallest, 1, math.inf),
    "mod": (exact.modulo, 2, 2),
    "round": (exact.round_to, 1, 2),
    "sqrt": (exact.sqrt, 1, 1),
    "sum": (exact.total, 1, math.inf),
}
