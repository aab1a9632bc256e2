"""Read arithmetic as people and language models write it, and nothing else.

The text is cut into tokens from a short whitelist and parsed by recursive descent into a *program*: operands and
operators in postfix order, ready for a stack. No text is ever handed to an evaluator. Length, nesting and the digits
of a number are bounded here, so parsing takes time proportional to the text.

This module knows the grammar. It does not know what an operator computes, which functions exist, or what a
reference stands for; `tools.calculator` does.

::

    comparison = sum { ("<" | "<=" | ">" | ">=" | "==" | "=" | "!=") sum }      1 < x <= 3 is 1 < x and x <= 3
    sum        = product { ("+" | "-") product }
    product    = signed { ("*" | "/" | "%") signed }                            7 % 3 is the remainder
    signed     = ("+" | "-") signed | power                                     -2**2 is -4
    power      = operand [ "%" [ "of" signed ] ] [ ("**" | "^") signed ]        2**3**2 is 2**9
    operand    = number | reference | constant | function "(" … ")" | "(" comparison ")"

``%`` before something that starts an operand is the remainder, otherwise the percent sign, a division by 100:
``7 % 3`` is 1, ``20%`` is 0.2, ``20% of 50`` is 10, ``200 + 10%`` is 200.1.
Commas group thousands (``1,234.5``) outside function calls; inside they always separate arguments.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from tools.errors import CalculationError

__all__ = ["MAX_CHARACTERS", "MAX_DEPTH", "MAX_DIGITS", "Step", "parse"]

MAX_CHARACTERS = 4_000
MAX_DEPTH = 30
MAX_DIGITS = 1_000  # of one number written out, so 1e999 is read and 1e1000 is not
MAX_PATH = 200  # characters of a reference; keeps the search for its end linear

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*(?:\.[\w%-]+)*)
      | (?P<sign>\*\*|[<>=!]=|[-+*/%^()<>=,×·÷−–≤≥≠])""",
    re.ASCII | re.VERBOSE,
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?![\d,])(?:\.\d*)?", re.ASCII)
_SPELLINGS = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "≤": "<=", "≥": ">=", "≠": "!=", "=": "=="}
_COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program: push an operand, or apply an operator to the topmost ones.

    Parameters
    ----------
    kind : str
        ``"number"``, ``"name"`` (a constant or a reference), ``"operator"`` or ``"call"``.
    name : str
        The text of the operand, the operator, or the function; chained comparisons are one operator, ``"< <="``.
    arity : int
        How many values the step takes from the stack.
    at : int
        Where it stands in the expression, counted from 1.
    """

    kind: str
    name: str
    arity: int
    at: int

    @property
    def number(self) -> Fraction:
        """The value of a number exactly as it is written."""
        return Fraction(self.name)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(expression: str, known: Collection[str] = ()) -> list[Step]:
    """Parse an expression into a program in postfix order.

    Parameters
    ----------
    expression : str
        At most `MAX_CHARACTERS` characters.
    known : collection of str, optional
        The references that exist. A reference may contain ``-`` and ``%``; the longest known one is taken, so
        ``t1.low-risk`` is one reference where it exists, and a subtraction where ``t1.low`` does.

    Returns
    -------
    list of Step
        Never empty; applying every step leaves exactly one value.

    Raises
    ------
    CalculationError
        Where the text is not arithmetic, or too long or too deep.

    Examples
    --------
    >>> [step.name for step in parse("(t1.value - 2) / 3")]
    ['t1.value', '2', '-', '3', '/']
    """
    if len(expression) > MAX_CHARACTERS:
        raise CalculationError(f"The expression has {len(expression):,} characters; the limit is {MAX_CHARACTERS:,}.")
    return _Parser(_tokens(expression, known)).program()


def _tokens(expression: str, known: Collection[str]) -> list[_Token]:
    """Cut the text into tokens, ending with one of kind ``"end"``."""
    tokens: list[_Token] = []
    calls: list[bool] = []  # for every open parenthesis: is it, or one around it, that of a function?
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise _strange(expression[position], position + 1)
        kind, text, at = str(match.lastgroup), match.group(), position + 1
        if kind == "number" and not (calls and calls[-1]) and (grouped := _GROUPED.match(expression, position)):
            text = grouped.group()
        elif kind == "name":
            text = _reference(text, known)
        elif text == "(":
            calls.append(bool(calls and calls[-1]) or bool(tokens and tokens[-1].kind == "name"))
        elif text == ")" and calls:
            calls.pop()
        position += len(text)
        if kind != "space":
            tokens.append(_Token(kind, _spelled(kind, text, at), at))
    return [*tokens, _Token("end", "the end", len(expression) + 1)]


def _spelled(kind: str, text: str, at: int) -> str:
    """Return the one spelling of a token that the rest of the program knows."""
    if kind == "sign":
        return _SPELLINGS.get(text, text)
    if kind != "number":
        return text
    digits, _, exponent = text.replace(",", "").lower().partition("e")
    exponent = exponent.lstrip("+-0") or "0"
    if len(exponent) > 4 or len(digits) + int(exponent) > MAX_DIGITS:
        raise CalculationError(f"The number {_short(text)} at character {at} has more than {MAX_DIGITS:,} digits.")
    return text.replace(",", "")


def _reference(run: str, known: Collection[str]) -> str:
    """Return the part of a run of letters, digits, ``_.%-`` that is one name."""
    ends = [match.start() for match in re.finditer("[-%]", run[:MAX_PATH])]
    starts = [run, *(run[:end] for end in reversed(ends))]
    return next((start for start in starts if start in known), starts[-1])


def _strange(character: str, at: int) -> CalculationError:
    name = unicodedata.name(character, "unnamed")
    alike = unicodedata.normalize("NFKC", character)
    hint = f"Did you mean {alike!r}?" if alike != character and alike.isascii() and alike.isprintable() else ""
    return CalculationError(f"U+{ord(character):04X} ({name}) at character {at} is not arithmetic.", hint=hint)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


class _Parser:
    """Recursive descent; every way down passes through `_signed`, which counts the depth."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.index = 0
        self.depth = 0
        self.steps: list[Step] = []

    def program(self) -> list[Step]:
        if self.next.kind == "end":
            raise CalculationError("There is nothing to calculate: the expression is empty.")
        self._comparison()
        if self.next.kind != "end":
            raise self._unexpected()
        return self.steps

    @property
    def next(self) -> _Token:
        return self.tokens[self.index]

    def _take(self, *signs: str) -> _Token | None:
        """Step over the next token if it is one of these signs."""
        token = self.next
        if token.kind == "sign" and token.text in signs:
            self.index += 1
            return token
        return None

    def _emit(self, kind: str, name: str, arity: int, at: int) -> None:
        self.steps.append(Step(kind, name, arity, at))

    def _comparison(self) -> None:
        self._sum()
        signs: list[_Token] = []
        while sign := self._take(*_COMPARISONS):
            self._sum()
            signs.append(sign)
        if signs:
            self._emit("operator", " ".join(sign.text for sign in signs), len(signs) + 1, signs[0].at)

    def _sum(self) -> None:
        self._product()
        while sign := self._take("+", "-"):
            self._product()
            self._emit("operator", sign.text, 2, sign.at)

    def _product(self) -> None:
        self._signed()
        while sign := self._take("*", "/", "%"):
            self._signed()
            self._emit("operator", sign.text, 2, sign.at)

    def _signed(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CalculationError(f"The expression is nested more than {MAX_DEPTH} deep at character {self.next.at}.")
        if sign := self._take("+", "-"):
            self._signed()
            self._emit("operator", "negate" if sign.text == "-" else "plus", 1, sign.at)
        else:
            self._power()
        self.depth -= 1

    def _power(self) -> None:
        self._operand()
        self._percent()
        if sign := self._take("**"):
            self._signed()
            self._emit("operator", sign.text, 2, sign.at)

    def _percent(self) -> None:
        after = self.tokens[min(self.index + 1, len(self.tokens) - 1)]
        is_of = after.kind == "name" and after.text == "of"
        starts_operand = after.kind in ("number", "name") or (after.kind == "sign" and after.text == "(")
        if (starts_operand and not is_of) or not (sign := self._take("%")):
            return
        self._emit("operator", "percent", 1, sign.at)
        if is_of:
            self.index += 1
            self._signed()
            self._emit("operator", "*", 2, after.at)

    def _operand(self) -> None:
        token = self.next
        if self._take("("):
            self._comparison()
            self._close(token)
        elif token.kind not in ("number", "name"):
            raise self._unexpected()
        else:
            self.index += 1
            opening = self._take("(") if token.kind == "name" else None
            if opening:
                self._call(token, opening)
            else:
                self._emit(token.kind, token.text, 0, token.at)

    def _call(self, function: _Token, opening: _Token) -> None:
        arity = 0
        while arity == 0 or self._take(","):
            self._comparison()
            arity += 1
        self._close(opening)
        self._emit("call", function.text, arity, function.at)

    def _close(self, opening: _Token) -> None:
        if self.next.kind == "end":
            raise CalculationError(
                f"The parenthesis opened at character {opening.at} is never closed.", hint="Add ')'."
            )
        if not self._take(")"):
            raise self._unexpected()

    def _unexpected(self) -> CalculationError:
        """Say what stands where something else is needed, and the mend for the usual mistakes."""
        token, before = self.next, self.tokens[self.index - 1] if self.index else None
        after_value = before is not None and (before.kind in ("number", "name") or before.text in (")", "%"))
        if token.kind == "end":
            return CalculationError(f"The expression ends at character {token.at} where a number is needed.")
        hint = ""
        if token.text == "," and after_value:
            hint = "Outside a function a comma only groups thousands, as in 1,234.5; decimals take a point."
        elif after_value and (token.kind in ("number", "name") or token.text == "("):
            hint = "Put an operator such as * between the two."
        what = "an operator" if after_value else "a number"
        return CalculationError(
            f"Found {_short(token.text)} at character {token.at} where {what} is needed.", hint=hint
        )
