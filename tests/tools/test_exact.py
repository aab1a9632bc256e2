"""Symbolic numbers: proven, enclosed or refused."""

from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from tools import exact


def number(value):
    """Return the number of this module for a fraction or a decimal."""
    return exact.rational(Fraction(value))


@given(st.fractions("1/1000", 1000, max_denominator=1000), st.integers(min_value=2, max_value=30))
def test_root_to_its_power_is_the_number_again(value, degree):
    """Roots are kept exactly, those that sympy simplifies and those it must not see."""
    root = exact.bounded(exact.power(number(value), number(Fraction(1, degree))))

    assert exact.power(root, number(degree)) == number(value)


@given(st.fractions(-300, 300, max_denominator=10**6))
def test_logarithm_undoes_exponential(value):
    """log(exp(x)) is x exactly."""
    assert exact.log(exact.exp(number(value))) == number(value)


@given(st.fractions("1/1000", 1000, max_denominator=10**6))
def test_ends_enclose_a_square_root_tightly(value):
    """The squares of both ends lie on either side of the number, a hundred digits apart at most."""
    low, high = exact.ends(exact.sqrt(number(value)))

    assert low**2 <= value <= high**2
    assert high - low <= Fraction(1, 10**100)


@pytest.mark.parametrize("name", ["zoo", "nan", "I", "oo"])
def test_what_is_not_a_real_number_is_refused(name):
    """Nothing of the complex plane or infinity passes as a number."""
    with pytest.raises(exact.Refusal, match="not a real number"):
        exact.bounded(getattr(sympy, name) * sympy.pi)


def test_fractional_powers_hidden_from_sympy_end_quickly():
    """A base of two primes under an exponent with a large denominator, which sympy alone does not finish."""
    exponent = number("0.39470497744130540")

    product = exact.bounded(exact.power(number(12), exponent) * exact.power(number(18), exponent))

    assert exact.sign(product - number("8.34")) == 1
    assert exact.sign(product - number("8.35")) == -1
