"""What counts as arithmetic, and what is said about everything else."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.errors import CalculationError
from tools.expression import MAX_CHARACTERS, MAX_DEPTH, MAX_DIGITS, parse


def postfix(expression, known=()):
    """Return the names of the steps."""
    return " ".join(step.name for step in parse(expression, known))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", "1 2 3 * +"),
        ("(1 + 2) * 3", "1 2 + 3 *"),
        ("8 - 3 - 2", "8 3 - 2 -"),
        ("2 ** 3 ^ 2", "2 3 2 ** **"),
        ("-2 ** 2", "2 2 ** negate"),
        ("2 ** -1", "2 1 negate **"),
        ("6 × 7 ÷ 2 · 3 − 1 – 1", "6 7 * 2 / 3 * 1 - 1 -"),
        ("1 ≤ x ≠ 3 = 4", "1 x 3 4 <= != =="),
        ("max(1,234, 2)", "1 234 2 max"),
        ("max((1),2)", "1 2 max"),
        ("1\n+\t2", "1 2 +"),
    ],
)
def test_precedence_and_spellings(expression, expected):
    """Operators bind as in mathematics, whichever way they are written."""
    assert postfix(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("20%", "20 percent"),
        ("20% of 50", "20 percent 50 *"),
        ("10 / 20% of 50", "10 20 percent 50 * /"),
        ("7 % 3", "7 3 %"),
        ("7 % (3)", "7 3 %"),
        ("20% - 5", "20 percent 5 -"),
        ("(1 + 1)%", "1 1 + percent"),
        ("20% * 3 % 2", "20 percent 3 * 2 %"),
    ],
)
def test_percent_sign_and_remainder(expression, expected):
    """The sign is the remainder exactly where an operand follows it."""
    assert postfix(expression) == expected


@pytest.mark.parametrize("number", ["1,234", "1,234.5", "12,345,678.25"])
def test_commas_group_thousands_outside_calls(number):
    """A well-formed group of thousands is one number."""
    (step,) = parse(number)

    assert step.name == number.replace(",", "")


@pytest.mark.parametrize("number", ["1,23", "1,2345", "12,34,567", "1234,567", "0,123", "1,234,5", "1, 234"])
def test_other_commas_are_refused(number):
    """A comma that may be a decimal comma is never guessed at."""
    with pytest.raises(CalculationError, match="a comma only groups thousands"):
        parse(number)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ((), "t1.low risk -"),
        (("t1.low", "t1.low-risk"), "t1.low-risk"),
        (("t1.low",), "t1.low risk -"),
    ],
)
def test_longest_known_reference_is_taken(known, expected):
    """A hyphen is part of a reference only where such a fact exists."""
    assert postfix("t1.low-risk", known) == expected


def test_reference_may_end_in_percent():
    """A percent sign is part of a reference only where such a fact exists."""
    assert postfix("t2.25% - t2.50%", {"t2.25%"}) == "t2.25% t2.50 percent -"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "nothing to calculate"),
        (" \n", "nothing to calculate"),
        ("1 +", "ends at character 4 where a number is needed"),
        ("(1", r"opened at character 1 is never closed\. Add '\)'"),
        ("1)", r"Found '\)' at character 2 where an operator is needed"),
        ("2(3)", r"Found '\(' at character 2 .* Put an operator such as \*"),
        ("2 x 3", "Found 'x' at character 3 .* Put an operator"),
        ("* 2", "Found '\\*' at character 1 where a number is needed"),
        ("f()", "where a number is needed"),
        ("1.2.3", "Found '.3' at character 4"),
        ("5 of 3", "Found 'of'"),
        ("1 if 2 else 3", "Found 'if' at character 3"),
        ("2\u0430", r"U\+0430 \(CYRILLIC SMALL LETTER A\) at character 2 is not arithmetic"),
        ("\uff15 + 1", r"FULLWIDTH DIGIT FIVE.* Did you mean '5'\?"),
        ("\u0663", "ARABIC-INDIC DIGIT THREE"),
        ("'1'", "APOSTROPHE"),
        ("(1).real", "FULL STOP"),
        ("a[0]", "LEFT SQUARE BRACKET"),
        ("lambda: 1", "COLON"),
        ("1\x00", r"U\+0000"),
        ("\ud800", r"U\+D800"),
    ],
)
def test_messages(expression, message):
    """Each refusal is one line that says what stands where, and the mend for usual mistakes."""
    with pytest.raises(CalculationError, match=message) as caught:
        parse(expression)

    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1), "(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH),
        ("-" * (MAX_DEPTH - 1) + "1", "-" * MAX_DEPTH + "1"),
        ("1**" * (MAX_DEPTH - 1) + "1", "1**" * MAX_DEPTH + "1"),
        ("1" * MAX_DIGITS, "1" * (MAX_DIGITS + 1)),
        ("1e999", "1e1000"),
        ("1e-999", "1e-1000"),
        ("1e" + "0" * 50 + "9", "1e" + "9" * 50),
        ("1+" * (MAX_CHARACTERS // 2 - 1) + "1", "1+" * (MAX_CHARACTERS // 2) + "1"),
    ],
)
def test_limits(inside, outside):
    """Length, depth and digits are refused exactly beyond their limits."""
    assert parse(inside)

    with pytest.raises(CalculationError, match=r"limit|nested more than|more than 1,000 digits"):
        parse(outside)


@given(st.text(alphabet="0123456789.,+-*/%^()<>=! eabt_×", max_size=40))
def test_any_text_is_a_program_or_a_refusal(expression):
    """Whatever parses leaves exactly one value on the stack; whatever does not is refused in one line."""
    try:
        steps = parse(expression)
    except CalculationError as error:
        lines, depths = str(error).splitlines(), [1]
    else:
        lines, depths = ["parsed"], list(accumulate(1 - step.arity for step in steps))

    assert len(lines) == 1
    assert min(depths) >= 1
    assert depths[-1] == 1
