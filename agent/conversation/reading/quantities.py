"""The numbers of a question: digits, number words, ranges and units, each with the comparison its words ask for.

A call can only use these numbers. Knows nothing about tables.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from text_to_num import Token, find_numbers

from agent.conversation.reading.units import UNITS, period, whole

__all__ = ["NEAR", "Number", "read_numbers"]

NEAR = 100  # characters before a number, in which the words are that say what it is

METRES = 1000  # an m right after at least so many is no million

_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "k": 1000, "m": 1_000_000, "grand": 1000}
_ALONE = {
    "half": "0.5", "thirties": "30s", "twenties": "20s", "forties": "40s", "fourties": "40s", "fifties": "50s",
    "sixties": "60s", "seventies": "70s", "eighties": "80s", "nineties": "90s",
}  # fmt: skip

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PLAIN = re.compile(
    r"(?P<number>(?<![\w.])[-−]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:e[+-]?\d+\b)?)(?!\d*(?:st|nd|rd|th)\b)"
    r"(?:\s*(?P<scale>hundred|thousand|million|grand)\b|(?P<short>[km])\b)?",
    re.IGNORECASE,
)

_BEFORE = (
    (">=", r"(?:at least|no less than|not less than|not under|not below|no fewer than|minimum(?: of)?|min|from|"
           r"starting (?:at|from)|>=|=>|≥|"
           r"greater than or equal to|more than or equal to|equal to or (?:above|over)|"
           r"(?:no|not) (?:younger|shorter|smaller|lighter|lower|earlier|narrower|thinner) than|"
           r"at or (?:above|over))"),
    ("<=", r"(?:at most|no more than|not more than|not over|not above|up to|maximum(?: of)?|max|until|<=|=<|≤|"
           r"less than or equal to|not exceeding|"
           r"(?:no|not) (?:older|taller|bigger|larger|greater|higher|longer|heavier|later|wider|deeper|thicker) than|"
           r"at or (?:below|under))"),
    (">", r"(?:over|above|more than|greater than|larger than|bigger than|higher than|older than|longer than|"
          r"heavier than|"
          r"beyond|exceed(?:s|ing)?|past|upwards of|better than|taller than|farther than|further than|"
          r"further away than|"
          r"deeper than|wider than|>|after|north of|later than|more then|older then|higher then|bigger then|"
          r"greater then)"),
    ("<", r"(?:under|below|less than|fewer than|lower than|smaller than|younger than|shorter than|lighter than|beneath|"
          r"<|before|earlier than|closer than|thinner than|cheaper than|poorer than|cooler than|colder than|"
          r"slower than|weaker than|narrower than|less then|younger then|"
          r"lower then)"),
    (">", r"[a-z]{3,}er tha?n"),
    ("==", r"(?:exactly|equal(?:s)? to|equals|equal|precisely|==?)"),
)  # fmt: skip
_AFTER = (
    (">=", r"(?:(?:or|and) (?:more|above|over|older|higher|greater|bigger|larger|up|longer|heavier|later|better|"
           r"farther|further)(?! than|\s*[$€]?\d)|\+|upwards|and up\b|"
           r"(?<!,\s)plus\b(?!\s+(?:the|a|an|its?|his|her|your|what|why|how|top)\b))"),
    ("==", r"-?olds\b"),  # "45 year olds"
    ("<=", r"(?:or|and) (?:less|fewer|below|under|younger|lower|smaller|shorter|lighter|earlier|closer)(?! than|"
           r"\s*[$€]?\d)"),
)  # fmt: skip
_GAP = r"[\s$€£(-]*(?:(?:a|an|the|of|by|about|age|years?)\s+)*[$€£]?$"
_APART = r"(?:(?<![a-z])|(?=[<>≤≥]|=[<>]))"  # "age>=5" needs no space, "forever 5" is not over 5
_OWN = re.compile(r"(?:\s*(?:[a-z$€£-]+|/)){0,3}")  # the words after a number that say what it is
_CHANGE = re.compile(
    r"(?:what if|if|suppose|supposing|assum\w+|imagine|were|had|raise\w*|increas\w*|decreas\w*|reduc\w*|lower\w*|"
    r"drop\w*|"
    r"cut\w*|add\w*|gain\w*|los[et]\w*|chang\w*|instead|would\w*|set\w*|bump\w*|became|becomes?|goes|went|"
    r"older by|more by|"
    r"subtract\w*|put|shrink\w*|grew|rose|fell)"
)

_UP = (
    r"(?:older|more|higher|heavier|longer|bigger|larger|greater|richer|taller|up|deeper|further|extra|additional|later|"
    r"warmer|hotter|stronger|faster|wider|thicker)"
)
_DOWN = (
    r"(?:younger|less|fewer|lower|lighter|shorter|smaller|poorer|down|thinner|closer|earlier|cooler|colder|"
    r"slower|weaker|cheaper|narrower)"
)
_SAME_PHRASE = r"[\s-]*(?:(?!and\b|or\b|but\b)[a-z%$/]+[\s-]+){0,3}?"
_RAISED = (
    r"(?:increas\w*|rais\w*|rose|rise\w*|grew|grow\w*|add\w*|gain\w*|plus|bump\w*|up|more|put on|"
    r"older|higher|heavier|\+)"
)
_LOWERED = (
    r"(?:decreas\w*|reduc\w*|lower\w*|drop\w*|cut\w*|los[et]\w*|minus|down|less|fell|subtract\w*|shrink\w*|shed|"
    r"younger|lighter)"
)
_MOVED = rf"\b(?:{_RAISED}|{_LOWERED})"


@dataclass(frozen=True)
class Number:
    """One number of a question.

    Attributes
    ----------
    value : int or float
        As written.
    start, end : int
        Where it stands in the question.
    unit : str
        The unit beside it, in short form; empty where there is none.
    sign : str
        The comparison its words ask for (``>``, ``>=``, ``<``, ``<=``, ``==``); empty where they ask for none.
    step : str
        How a change uses it: ``increase``, ``decrease``, ``set``; empty where the words do not tell.
    digits : bool
        Written in digits: then it means something, and has to be used. "one" may be no number.
    decade : bool
        An end of "in their thirties".
    per : str
        The time that an amount is for: year, month, week, day, hour; empty where the words do not tell.
    """

    value: int | float
    start: int
    end: int
    unit: str = ""
    sign: str = ""
    step: str = ""
    digits: bool = True
    decade: bool = False
    per: str = ""


def read_numbers(question: str) -> tuple[str, list[Number]]:
    """Return the question with its number words in digits, and the numbers in order.

    Examples
    --------
    >>> text, numbers = read_numbers("over 50 with a BMI of at least thirty-five, 40+ or 1.5k")
    >>> text
    'over 50 with a BMI of at least 35, 40+ or 1.5k'
    >>> [(n.value, n.sign) for n in numbers]
    [(50, '>'), (35, '>='), (40, '>='), (1500, '')]
    >>> [(n.value, n.sign) for n in read_numbers("people in their thirties, between 20 and 25 kg")[1]]
    [(30, '>='), (39, '<='), (20, '>='), (25, '<=')]
    >>> [(n.value, n.step) for n in read_numbers("what if she were 3 years older and bmi reduced to 30")[1]]
    [(3, 'increase'), (30, 'set')]
    """
    text, spelled = _in_digits(_tidied(question))
    found = [_with_words(number, text) for number in _plain(text, spelled)]
    return text, list(_ranges(_units_shared(found, text), text))


def _tidied(question: str) -> str:
    """Write out what is left out: "a year" is 1 year, "60 to 80 thousand" are two thousands."""
    text = re.sub(
        r"\b((?:than|over|under|least|most|by|to|within)) an? (?=year|month|week|day|decade|kilo|hundred|thousand|"
        r"million|dozen)",
        r"\1 1 ", question,
    )  # fmt: skip
    text = re.sub(r"\bhalf an? (?!dozen)", "0.5 ", text, flags=re.IGNORECASE)
    text = re.sub(r"\bhalf a dozen\b", "6", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(?:(?:a|1|one) )?dozen\b", "12", text, flags=re.IGNORECASE)
    text = re.sub(r"\b(1?\d)\s?pm\b", lambda match: str(int(match[1]) % 12 + 12), text, flags=re.IGNORECASE)
    text = re.sub(r"\b(1?\d)\s?am\b", r"\1", text, flags=re.IGNORECASE)
    text = re.sub(r"\b1s\b", "ones", text)
    text = re.sub(r"\b(two|three|four|five|six|seven|eight|nine|ten)['’]s\b", r"\1 is", text, flags=re.IGNORECASE)
    return re.sub(r"\b(\d+)(\s*(?:to|-|–|and)\s*)(\d+)(\s*(?:thousand|million|k)\b)", r"\1\4\2\3\4", text)


def _in_digits(question: str) -> tuple[str, set[int]]:
    """Return the question with number words in digits, and where those begin in it."""
    words = list(_WORD.finditer(question))
    found = {
        occurrence.start: occurrence for occurrence in find_numbers([_Heard(word[0]) for word in words], "en", 0.0)
    }
    text, at, spelled, position = "", 0, set(), 0
    while position < len(words):
        word, number = words[position], found.get(position)
        written = _ALONE.get(word[0].lower())
        position += 1
        if word[0].lower() == "ones":  # "the ones with" are no number
            continue
        scaled = position > 1 and words[position - 2][0][-1].isdigit()  # "80 thousand" is read as it stands
        if (
            number is not None
            and not number.is_ordinal
            and not word[0][0].isdigit()
            and not (scaled and word[0].lower() in _SCALES)
        ):
            last = words[number.end - 1]
            written, position = number.text, number.end
        else:
            last = word
        if written is None:
            continue
        text += question[at : word.start()]
        spelled.add(len(text))
        text, at = text + written, last.end()
    return text + question[at:], spelled


class _Heard(Token):  # type: ignore[misc]  # text2num has no types
    """One word, as text2num wants it."""

    def __init__(self, word: str) -> None:
        self._word = word

    def text(self) -> str:
        """Return it as it is."""
        return self._word

    def text_lowercase(self) -> str:
        """Return it in lower case."""
        return self._word.lower()

    def nt_separated(self, previous: "Token") -> bool:  # noqa: ARG002
        """Tell whether something keeps it apart from the word before."""
        return False

    def not_a_number_part(self) -> bool:
        """Tell whether it can be no number."""
        return False


def _plain(text: str, spelled: set[int]) -> Iterator[Number]:
    """Yield the numbers as written."""
    for match in _PLAIN.finditer(text):
        scale, value = (match["scale"] or match["short"] or "").lower(), float(_digits(match["number"]))
        end = match.end()
        if match["short"] == "m" and value >= METRES:
            scale, end = "", match.end("number")
        value *= _SCALES.get(scale, 1)
        word = match[0] in {"2", "4"} and text[end : end + 1] == " "  # "4 women" may mean "for women"
        yield Number(whole(value), match.start(), end, digits=match.start() not in spelled and not word)


def _digits(written: str) -> str:
    return written.replace(",", "").replace("−", "-")


def _with_words(number: Number, question: str) -> Number:
    """Add what the words around a number say: its unit, its comparison, its place in a change."""
    before, after = question[: number.start].lower(), question[number.end :].lower()
    unit, written = "", question[number.start : number.end]  # 1.9 m are metres, 30 m may be men
    match = re.match(r"[\s-]*([a-z%$€]+)(?!/)", after)
    metres = match and match[1] == "m" and "." in written
    doubtful = match and match[1] in {"in", "m", "t", "h"} and after[:1].isspace() and not metres
    if match and match[1] in UNITS and not doubtful:
        unit = UNITS[match[1]]
        after = after[match.end() :]
    elif before.rstrip().endswith(("$", "€")):
        unit = before.rstrip()[-1]
    sign = next((sign for sign, words in _AFTER if re.match(rf"[\s,]*(?:{words})", after)), "")
    if not sign:
        sign = next((sign for sign, words in _BEFORE if re.search(rf"{_APART}{words}{_GAP}", before[-NEAR:])), "")
    own = _OWN.match(after)
    return replace(number, unit=unit, sign=sign, step=_step(before, after), per=period(own[0] if own else ""))


def _step(before: str, after: str) -> str:
    """Return how a change would use a number: by the words right before it, since the number before, and after it."""
    if not _CHANGE.search(before):
        return ""
    near = re.split(r"\d", before)[-1][-45:]
    if beside := re.match(rf"\s+(?:(?P<up>{_UP})|{_DOWN})\b(?! than| from)", after):  # "the ratio were 0.2 lower"
        return "increase" if beside["up"] else "decrease"
    told_to = re.search(r"(?:\b(?:to|at|only|just|exactly|instead of)\b|=)\s*(?:[a-z-]+\s+){0,3}[$€]?$", near)
    if told_to and not re.search(r"\bby\b", near):
        return "set"
    put_on = re.search(r"\bput\w*\s*$", near) and re.match(r"[\s-]*(?:[a-z%$]+\s+)?on\b", after)
    if put_on or re.match(rf"{_SAME_PHRASE}{_UP}\b", after):
        return "increase"
    if re.match(rf"{_SAME_PHRASE}{_DOWN}\b", after):
        return "decrease"
    if re.search(
        r"\b(?:was|were|is|be|been|had|has|have|of|set|became|become|with|made|earned|weighed|measured)\s+(?:a |"
        r"an |about )?[$€]?$",
        near,
    ):
        return "set"
    told = before if re.search(r"\bby\s*$", near) and not re.search(_MOVED, near) else near  # "lower 7's bmi by 3"
    ups, downs = (list(re.finditer(rf"\b{words}", told)) for words in (_RAISED, _LOWERED))
    last_up, last_down = (spots[-1].start() if spots else -1 for spots in (ups, downs))
    if max(last_up, last_down) < 0:
        return ""
    return "increase" if last_up > last_down else "decrease"


def _units_shared(numbers: list[Number], question: str) -> list[Number]:
    """Return the numbers with the unit that a list of them has at its end: "at 30 and at 60 years"."""
    for at in range(len(numbers) - 2, -1, -1):
        one, other = numbers[at], numbers[at + 1]
        joined = re.fullmatch(
            r"\s*(?:,|and|or|&|,\s*and|versus)\s*(?:at|of)?\s*", question[one.end : other.start].lower()
        )
        if joined and not one.unit and one.sign == other.sign:
            numbers[at] = replace(one, unit=other.unit)
    return numbers


def _ranges(numbers: list[Number], question: str) -> Iterator[Number]:
    """Yield the numbers with the ends of ranges marked; "30s" becomes its two ends."""
    marked: dict[int, str] = {}
    for at, (low, high) in enumerate(itertools.pairwise(numbers)):
        between = question[low.end : high.start].lower()
        before = question[: low.start].lower().rstrip(" $€")
        said = re.match(r"\s*([a-z$%]{1,12})\s", between)
        unit = r"\s*(?:[a-z$%]+\s+)?" if said is None or said[1] in UNITS else r"\s*"
        joined = re.fullmatch(rf"{unit}(?:-|–|to|up to|through|till|until)\s*[$€]?", between)
        if low.value < high.value and (
            (
                re.search(r"\b(?:between|from|range|ranging|btw|btwn|betwen|bewteen|beetween)$", before)
                and re.fullmatch(rf"{unit}(?:and|to|-|–|n|&)\s*[$€]?", between)
            )
            or (joined and not re.search(r"\bfrom$", before) and not _CHANGE.search(before))
        ):
            marked |= {at: ">=", at + 1: "<="}
    for at, number in enumerate(numbers):
        if (
            re.match(r"'?s\b", question[number.end :])
            and isinstance(number.value, int)
            and number.value % 10 == 0
            and number.value <= 100
            and number.sign not in {">", "<"}  # "the over 70s"
        ):
            early, late = (
                re.search(r"\bearly\s*$", question[: number.start].lower()),
                re.search(r"\blate\s*$", question[: number.start].lower()),
            )
            first, last = number.value + (5 if late else 0), number.value + (4 if early else 9)
            yield replace(number, value=first, sign=">=", unit="", decade=True)
            yield replace(number, start=number.end - 1, value=last, sign="<=", unit="", decade=True)
        elif at in marked:
            unit = number.unit or (numbers[at + 1].unit if marked[at] == ">=" else "")
            yield replace(number, sign=marked[at], unit=unit)
        else:
            yield number
