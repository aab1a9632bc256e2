"""Units: read from words, and amounts converted to the unit of a column."""

import re
from collections.abc import Sequence

__all__ = ["UNITS", "converted", "period", "unit_in", "whole"]

_UNITS = {
    "length": {"mm": 1e-3, "cm": 1e-2, "dm": 0.1, "m": 1.0, "km": 1e3, "in": 0.0254, "ft": 0.3048, "mi": 1609.344},
    "mass": {"mg": 1e-6, "g": 1e-3, "kg": 1.0, "t": 1e3, "lb": 0.45359237, "oz": 0.028349523125},
    "time": {"sec": 1.0, "min": 60.0, "h": 3600.0, "day": 86400.0, "week": 604800.0},
    "age": {"month": 1.0, "year": 12.0, "decade": 120.0},
    "money": {"$": 1.0}, "euro": {"€": 1.0}, "pound": {"£": 1.0},
    "share": {"%": 0.01, "": 1.0},
}  # fmt: skip
_SPELLED = {
    "mm": "millimeter millimeters millimetre millimetres", "cm": "centimeter centimeters centimetre centimetres cms",
    "m": "meter meters metre metres", "km": "kilometer kilometers kilometre kilometres kms",
    "in": "inch inches", "ft": "foot feet", "mi": "mile miles",
    "mg": "milligram milligrams", "g": "gram grams gramme grammes gr", "kg": "kilo kilos kilogram kilograms kgs",
    "t": "ton tons tonne tonnes", "lb": "lbs pound pounds", "oz": "ounce ounces",
    "sec": "secs second seconds", "min": "mins minute minutes", "h": "hr hrs hour hours", "day": "days",
    "week": "weeks", "month": "months mo mos", "year": "years yr yrs yo", "decade": "decades",
    "$": "dollar dollars usd bucks", "€": "euro euros eur", "%": "percent pct per-cent",
}  # fmt: skip
UNITS = {word: unit for unit, words in _SPELLED.items() for word in [unit, *words.split()]}
_KIND = {unit: kind for kind, units in _UNITS.items() for unit in units}

_TIMES = {"thousand": "1000 ", "million": "1000000 "}
_LARGE = re.compile(r"^\s*(?:in\s+)?(thousand|million)s?\s*(?:of\s+)?", re.IGNORECASE)
_A_YEAR = {"year": 1, "month": 12, "week": 52, "day": 365, "hour": 8760}
_SHORT_PERIODS = {"annum": "year", "annual": "year", "dai": "day", "yr": "year", "hr": "hour"}
_PERIOD = re.compile(
    r"(?:\b(?:a|an|per|each|every)\s+|/\s?)(?P<each>year|yr|annum|month|week|day|hour|hr)\b|"
    r"\b(?P<every>year|annual|month|week|dai|hour)(?:ly)?\b(?<=ly|al)"
)


def converted(value: float, said: str, column: str | None, per: str = "", each: str = "") -> int | float | None:
    """Return an amount in the unit of a column, or None where it is in a unit of another kind.

    Parameters
    ----------
    value : float
    said : str
        Its unit in short form; empty where none was said.
    column : str or None
        The unit of the column.
    per : str, optional
        The time that the amount is for, as `period` gives it.
    each : str, optional
        The time that the column's amounts are for.

    Examples
    --------
    >>> converted(4.2, "kg", "g"), converted(2, "year", "months"), converted(3, "", "mm"), converted(3, "kg", "mm")
    (4200, 24, 3, None)
    >>> converted(45000, "$", "10000 $"), converted(25000, "", "10000 $"), converted(5, "", "10000 $")
    (4.5, 2.5, 5)
    >>> converted(400000, "", "thousand people"), converted(25, "$", "thousand dollars")
    (400, 0.025)
    >>> converted(60000, "", "$", per="year", each="month")
    5000
    """
    if per and each:
        value = value * _A_YEAR[per] / _A_YEAR[each]
    scale, unit = _column_unit(column or "")
    if not said:
        return whole(value / scale if scale > 1 and value >= max(scale / 10, 1000) else value)
    if (column or "").lower().startswith(f"{said} "):  # "mm" of "mm Hg"
        return whole(value)
    if unit not in _KIND or _KIND[unit] != _KIND[said]:
        return whole(value) if said in {"year", "month"} and not column else None
    factor = _UNITS[_KIND[unit]]
    return whole(value * factor[said] / factor[unit] / scale)


def unit_in(words: Sequence[str]) -> str | None:
    """Return the unit that the words of a column's name end with.

    Examples
    --------
    >>> unit_in(("weight", "kg")), unit_in(("tool", "wear", "min")), unit_in(("year",)), unit_in(("income",))
    ('kg', 'min', None, None)
    """
    return {"s": "sec", **UNITS}.get(words[-1]) if len(words) > 1 else None


def _column_unit(unit: str) -> tuple[float, str]:
    """Return the factor and the short form of a column's unit, such as ``10000 $`` or ``thousand dollars``."""
    match = re.fullmatch(r"\s*([\d.,]+)?\s*(.*?)\s*", _LARGE.sub(lambda found: _TIMES[found[1].lower()], unit))
    if match is None:
        return 1.0, unit
    written = (match[1] or "1").replace(",", "")
    scale = float(written) if re.fullmatch(r"\d+(?:\.\d+)?", written) else 1.0
    return scale or 1.0, UNITS.get(match[2].lower(), match[2].lower())


def period(words: str) -> str:
    """Return the time that an amount is for, as its words say first: year, month, week, day or hour.

    Examples
    --------
    >>> period("average monthly spending"), period(" dollars per yr"), period("years at the company")
    ('month', 'year', '')
    """
    match = _PERIOD.search(words.lower())
    word = (match["each"] or match["every"]) if match else ""
    return _SHORT_PERIODS.get(word, word)


def whole(value: float) -> int | float:
    """Return a number without the noise of arithmetic, as an integer where it is one."""
    value = float(f"{float(value):.15g}")
    return int(value) if value.is_integer() else value
