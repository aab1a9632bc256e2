"""The arithmetic in a question, written as an expression that the calculator reads."""

import re

__all__ = ["expression_in"]

OPERATORS = {
    "plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/", "over": "/", "x": "*",
    "×": "*", "÷": "/", "to the power of": "**", "squared": "**2", "cubed": "**3", "percent of": "/100*",
    "% of": "/100*", "^": "**",
}  # fmt: skip
_NUMBER = r"\d[\d,]*(?:\.\d+)?"
# Sentences that are arithmetic from end to end.
_SAID = (
    (re.compile(rf"\bdivide ({_NUMBER}) by ({_NUMBER})"), r"\1 / \2"),
    (re.compile(rf"\bmultiply ({_NUMBER}) (?:by|with|and) ({_NUMBER})"), r"\1 * \2"),
    (re.compile(rf"\bsubtract ({_NUMBER}) from ({_NUMBER})"), r"\2 - \1"),
    (re.compile(rf"\bdifference (?:between|of) ({_NUMBER}) and ({_NUMBER})"), r"\1 - \2"),
    (re.compile(rf"\bhalf of ({_NUMBER})|\bhalve ({_NUMBER})|\b0\.5 of ({_NUMBER})"), r"\1\2\3 / 2"),
    (re.compile(rf"\b(?:twice|double) ({_NUMBER})"), r"2 * \1"),
)
_SUM = re.compile(rf"\b(?:add(?: up)?|sum of|total of) ({_NUMBER}(?:(?:, and |, | and | plus ){_NUMBER})+)")
_ARITHMETIC = re.compile(r"(?<![\w.])(?:sqrt\()?(?=[-(\s.]*\d)[\d.()\s+*/-]++(?![_e]\d)")  # not inside of 1_000 or 1e5
_STRAY = re.compile(r"(?<=[\d)])\s+\d[\d.]*$")  # a 4 that means "for", behind the arithmetic
_OPERATION = re.compile(r"\d\s*\)*\s*(?:\*\*|[+*/-])\s*\(*\s*\d")


def expression_in(text: str, *, alone: bool) -> str | None:
    """Return the arithmetic in a text, if there is any.

    Parameters
    ----------
    text : str
        A question with its number words in digits.
    alone : bool
        Whether nothing in it names something of the table: then words may ask for arithmetic too.

    Examples
    --------
    >>> expression_in("What is 17 times 23?", alone=True), expression_in("add up 340, 12 and 8.5", alone=True)
    ('17 * 23', '340 + 12 + 8.5')
    >>> expression_in("the difference between 91.5 and 64", alone=True), expression_in("who is over 50?", alone=True)
    ('91.5 - 64', None)
    """
    text = text.lower()
    if alone and (said := _said(text)) is not None:
        return said.replace(",", "")
    for words, operator in OPERATORS.items():
        text = re.sub(rf"(?<=[\d)])\s*{re.escape(words)}(?![a-z])\s*", f" {operator} ", text)
    text = re.sub(r"\b(?:square root of|sqrt of|root of)\s*(\d+(?:\.\d+)?)", r"sqrt(\1)", text)
    spans = [_STRAY.sub("", match[0].strip(" ,.")) for match in _ARITHMETIC.finditer(text)]
    spans = [span for span in spans if _OPERATION.search(span) or "sqrt" in span]
    return max(spans, key=len) if spans else None


def _said(text: str) -> str | None:
    """Return what a sentence asks to compute in words."""
    if (match := _SUM.search(text)) is not None:
        return " + ".join(re.findall(_NUMBER, match[1].replace(", ", "  ")))
    return next((match.expand(form) for pattern, form in _SAID if (match := pattern.search(text))), None)
