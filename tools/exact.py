"""Exact real numbers that stay small: rationals, and roots, powers, logarithms and exponentials kept symbolic.

A number is a sympy object built from other sympy objects, never from text. Whatever has to be *decided* about a
symbolic number (its sign, its floor, its digits) is decided by interval arithmetic that encloses it rigorously, by a
short proof that it is zero, or refused; never guessed.

Nothing is computed before a bound on its size is known, so time and memory are bounded by construction: operands are
within the limits below, an operation at most adds their sizes up, or (powers, exponentials) checks first, and
`bounded` admits its result only within the limits again.

This module does not know how numbers are written, where they come from or how they are shown.
"""

import math
from fractions import Fraction
from typing import Any

import sympy
from mpmath.ctx_iv import MPIntervalContext  # type: ignore[import-untyped]

__all__ = [
    "PI",
    "E",
    "Number",
    "Refusal",
    "bounded",
    "ceiling",
    "divide",
    "ends",
    "exp",
    "floor",
    "largest",
    "log",
    "magnitude",
    "mean",
    "modulo",
    "power",
    "rational",
    "round_to",
    "sign",
    "smallest",
    "sqrt",
    "total",
    "weight",
]

Number = Any  # a real sympy number; sympy has no types to name

PI, E = sympy.pi, sympy.E

MAX_BITS = 8_000  # of a numerator or denominator: 2,409 digits; CPython converts 4,300 to text
MAX_WEIGHT = 1_000  # of a symbolic number, see `weight`
MAX_EXPONENT = 5_500  # of e: exp(5500) has 8,000 bits
MAX_ROOT = 6  # sqrt to sixth roots are simplified, others only kept
MAX_PLACES = 300  # of round_to
MAX_TERMS = 64  # after multiplying out, to prove that a number is zero
MAX_FACTORED_BITS = 32  # of the integers in such a proof

_TOO_LARGE = "The result is too large to be computed exactly; use smaller powers or numbers with fewer digits"
_ZERO, _ONE, _HALF = sympy.Integer(0), sympy.Integer(1), sympy.Rational(1, 2)

_intervals = MPIntervalContext()
_intervals.prec = 400  # bits; about 120 digits


class Refusal(Exception):  # noqa: N818 - becomes a CalculationError where the place in the expression is known
    """An operation cannot be carried out; says why."""


def rational(number: Fraction) -> Number:
    """Take over a fraction, if it is small enough."""
    return bounded(sympy.Rational(number.numerator, number.denominator))


def bounded(number: Number) -> Number:
    """Admit the result of an operation, or refuse it.

    An admitted symbolic number is of limited size and magnitude, and its sign is known and not 0.

    Raises
    ------
    Refusal
        If the number is too large, or cannot be told from zero.
    """
    if number.is_Rational:
        _refuse_above(MAX_BITS, max(_bits(number)))
        return number
    _refuse_above(MAX_WEIGHT, weight(number))
    if sign(number) == 0:
        return _ZERO
    _refuse_above(MAX_BITS, max(abs(exponent + bits) for _, _, exponent, bits in _enclosure(number)._mpi_))
    return number


def weight(number: Number) -> int:
    """Return the size of a number: the bits of all its integers, and 4 for every node that is not a rational.

    The time of every operation on symbolic numbers grows with it.
    """
    return sum(sum(_bits(node)) if node.is_Rational else 4 for node in sympy.preorder_traversal(number))


def _bits(number: Number) -> tuple[int, int]:
    return int(number.p).bit_length(), int(number.q).bit_length()


# Deciding.


def _enclosure(number: Number) -> Any:
    """Return an interval that surely contains a number: each node is evaluated with outward rounding."""
    if number.is_Rational:
        return _intervals.mpf(int(number.p)) / _intervals.mpf(int(number.q))
    if number.is_NumberSymbol:
        return +(_intervals.pi if number is PI else _intervals.e)
    parts = [_enclosure(part) for part in number.args]
    if number.is_Add:
        return sum(parts[1:], parts[0])
    if number.is_Mul:
        return _intervals.fprod(parts)
    if number.is_Pow or isinstance(number, _Power):
        return parts[0] ** parts[1]
    if isinstance(number, sympy.exp):
        return _intervals.exp(*parts)
    if isinstance(number, sympy.log):
        return _intervals.log(*parts)
    raise Refusal("The result is not a real number")


def ends(number: Number) -> tuple[Fraction, Fraction]:
    """Return two fractions between which a number lies; twice itself if it is rational."""
    if number.is_Rational:
        return (Fraction(int(number.p), int(number.q)),) * 2
    low, high = (
        (-1) ** negative * int(mantissa) * Fraction(2) ** exponent
        for negative, mantissa, exponent, _ in _enclosure(number)._mpi_
    )
    return low, high


def sign(number: Number) -> int:
    """Return -1, 0 or 1.

    Raises
    ------
    Refusal
        If the number is zero to some 100 digits and not proven to be zero.
    """
    if number.is_Rational:
        return int(number.p > 0) - int(number.p < 0)
    interval = _enclosure(number)
    if interval.a > 0:
        return 1
    if interval.b < 0:
        return -1
    if _is_proven_zero(number):
        return 0
    raise Refusal("This difference is below 1e-100 and not proven to be zero; round both sides")


def _is_proven_zero(number: Number) -> bool:
    """Put everything over one denominator, multiply out and split logarithms, where that is quick."""
    longest = max((max(_bits(part)) for part in number.atoms(sympy.Rational)), default=0)
    if _terms(number) > MAX_TERMS or longest > MAX_FACTORED_BITS:
        return False
    numerator, _ = sympy.fraction(sympy.together(number))
    return bool(sympy.expand_log(sympy.expand(numerator), factor=True) == 0)


def _terms(number: Number) -> int:
    """Return a bound on the number of terms when everything is multiplied out."""
    parts = [_terms(part) for part in number.args]
    if number.is_Add:
        return sum(parts)
    if number.is_Pow and number.exp.is_Rational:
        return int(parts[0] ** min(sympy.ceiling(abs(number.exp)), MAX_TERMS))
    return math.prod(parts)


# Calculating. Operands are admitted numbers; the caller passes every result through `bounded`.


def divide(number: Number, divisor: Number) -> Number:
    """Divide; refuses zero."""
    if divisor == 0:
        raise Refusal("Division by zero")
    return number / divisor


def modulo(number: Number, divisor: Number) -> Number:
    """Return the remainder, with the sign of the divisor."""
    return number - divisor * floor(bounded(divide(number, divisor)))


def power(base: Number, exponent: Number) -> Number:
    """Raise to a power: ``0**0`` is 1; refuses what is not real and, before computing it, what is too large."""
    if base == 0:
        if sign(exponent) < 0:
            raise Refusal("Division by zero")
        return _ONE if exponent == 0 else _ZERO
    if base is E:
        return exp(exponent)
    if isinstance(base, _Power) and exponent.is_Rational:
        return power(base.args[0], base.args[1] * exponent)
    if exponent.is_Integer:
        return _whole_power(base, int(exponent))
    if sign(base) < 0:
        raise Refusal("A root or a fractional power of a negative number is not real")
    if base.is_Rational and exponent.is_Rational and exponent.q <= MAX_ROOT:
        _refuse_above(MAX_WEIGHT, weight(base) * math.ceil(abs(exponent)))
        return base**exponent
    return _opaque_power(base, exponent)


def _whole_power(base: Number, exponent: int) -> Number:
    if base.is_Rational:
        _refuse_above(MAX_BITS, (max(_bits(base)) - 1) * abs(exponent))
    else:
        _refuse_above(MAX_WEIGHT, weight(base) * abs(exponent))
    return base**exponent


def _opaque_power(base: Number, exponent: Number) -> Number:
    logarithm = _intervals.log(_enclosure(base)) * _enclosure(exponent)
    if not (logarithm.a > -MAX_EXPONENT and logarithm.b < MAX_EXPONENT):
        raise Refusal(_TOO_LARGE)
    return _Power(base, exponent)


class _Power(sympy.Function):  # type: ignore[misc]
    """A positive number to a power, as sympy must not see it.

    sympy rewrites products and powers of fractional powers, and may raise integers to the numerator or denominator
    of an exponent on the way: ``12**0.39470497744130540`` does not end.
    """

    nargs = 2
    is_positive = True

    def _eval_evalf(self, prec: int) -> Number:
        # sympy decides assumptions by it
        return sympy.Pow(*self.args, evaluate=False)._eval_evalf(prec)

    def _sympystr(self, printer: Any) -> str:
        return f"({printer.doprint(sympy.Pow(*self.args, evaluate=False))})"


def sqrt(number: Number) -> Number:
    """Return the square root; refuses a negative number."""
    return power(number, _HALF)


def exp(number: Number) -> Number:
    """Raise e to a power of at most `MAX_EXPONENT`."""
    _refuse_above(MAX_EXPONENT, max(map(abs, ends(number))))
    factor, rest = number.as_coeff_Mul()
    if isinstance(rest, sympy.log):
        return power(rest.args[0], factor)
    return _opaque_power(E, number) if number.has(sympy.log) else sympy.exp(number)


def _refuse_above(limit: int, size: int | Fraction) -> None:
    if size > limit:
        raise Refusal(_TOO_LARGE)


def log(number: Number, base: Number = E) -> Number:
    """Return the logarithm, natural without a base; refuses numbers without one."""
    if sign(number) <= 0:
        raise Refusal("Only a positive number has a logarithm")
    if sign(base) <= 0 or base == 1:
        raise Refusal("The base of a logarithm must be positive and not 1")
    _refuse_above(MAX_WEIGHT, weight(number) + weight(base))
    if number.is_Rational and base.is_Rational:
        return sympy.log(number, base)  # a whole number where the number is a power of the base
    return _natural_log(number) / _natural_log(base)


def _natural_log(number: Number) -> Number:
    """Return a logarithm without sympy's rules for symbolic numbers, which look for signs in floating point."""
    if isinstance(number, sympy.exp):
        return number.exp
    return sympy.log(number, evaluate=bool(number.is_Rational or number is E))


def floor(number: Number) -> Number:
    """Return the largest integer that is not larger.

    Raises
    ------
    Refusal
        If an integer lies within the enclosure.
    """
    low, high = map(math.floor, ends(number))
    if low != high:
        raise Refusal("This is too close to a whole number to say on which side it lies")
    return sympy.Integer(low)


def ceiling(number: Number) -> Number:
    """Return the smallest integer that is not smaller."""
    return -floor(-number)


def round_to(number: Number, places: Number = _ZERO) -> Number:
    """Round to decimal places, halves to even; negative places round to tens, hundreds and so on."""
    if not places.is_Integer or abs(places) > MAX_PLACES:
        raise Refusal(f"The number of places must be a whole number from -{MAX_PLACES} to {MAX_PLACES}")
    scale = sympy.Integer(10) ** places
    low, high = map(round, ends(bounded(number * scale)))
    if low != high:
        raise Refusal("This is too close to half way between two numbers to be rounded")
    return sympy.Integer(low) / scale


def total(*numbers: Number) -> Number:
    """Add up."""
    added = _ZERO
    for number in numbers:
        added = bounded(added + number)
    return added


def mean(*numbers: Number) -> Number:
    """Return the arithmetic mean of at least one number."""
    return total(*numbers) / len(numbers)


def smallest(*numbers: Number) -> Number:
    """Return the smallest of at least one number."""
    least = numbers[0]
    for number in numbers[1:]:
        least = number if sign(number - least) < 0 else least
    return least


def largest(*numbers: Number) -> Number:
    """Return the largest of at least one number."""
    return -smallest(*(-number for number in numbers))


def magnitude(number: Number) -> Number:
    """Return the absolute value."""
    return number * sign(number)
