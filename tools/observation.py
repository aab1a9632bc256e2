"""Observations and facts: what a tool call leaves behind, how it is addressed, and how precisely it is shown.

An observation is one executed tool call. A fact is one addressable value inside it: ``t4.by_label.benign.mean``.
A reference may end in a format: ``t4.z_score|abs``, ``t9.result|percent`` (of a number from 0 to 100),
``t3.total|share`` (of one from 0 to 1), ``t2.ill|fine`` (with more digits), ``t4.by_label.benign|name``,
``t5.result|value`` (as a cell), ``t6.rank|place`` (from 1), ``t7.table|count`` (of a list), ``t8@args.where.0.2|id``.
This module knows nothing about sentences or models.
"""

import math
import re
import unicodedata
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from tools.errors import ToolError, did_you_mean

__all__ = [
    "Observation",
    "display",
    "quote",
    "reference",
    "resolve",
    "results",
    "show_name",
    "show_number",
    "show_percent",
]

Json = Any
_PERCENT_KEYS = {"percentile", "below", "above"}  # 0 to 100 in the result
_COUNT_KEYS = {"count", "missing", "rows", "k", "row", "sample", "n", "top", "of", "mistakes", "features", "tied"}
_VALUE_KEYS = {"value", "min", "max", "from", "to"}
_SHORT_KEYS = {"contribution", "z_score", "result", "base", "total", "importance", "strength"}
_TEXT_LIMIT, _TAIL, _SENTENCE_LIMIT = 60, 20, 400
_MARK = re.compile(r"\[(t\d+|decision)\]")  # what a citation looks like
# The words of the sentences that names stand in: a column called "from" is quoted, so that it reads as a name.
_WORDS = frozenset(
    """
    above accounts added adds against all almost alone also although among and another answer answered any are away
    balance base because being below both bring but carries carry certain change chiefly choose classified clearly
    close closer combined comes common confident contrast contribute contribution contributions counted decide
    deviations direction divided does doubt down evidence fairly false favour features first for fourth from gives hand
    hardly has have here higher how its known label labelled language large largest leans less like likely likewise
    limit log lower main make makes margin maximum mean median minimum missing model more most named narrow next none
    not number odds off one only other outside outweigh overall own percent person point points predictor
    probabilities probability puts range rank rather reason rest row rows run same sample says score second set should
    similar speak speaks standard starting strongest sure takes than that the their there these they third this those
    though times together too total towards training true two unusual value values was way weighing were what when
    where which whose with word would yes
    """.split()  # noqa: SIM905 - a list of this length reads better as text
)
_RANKS = ("", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class Observation(BaseModel):
    """One executed tool call.

    Attributes
    ----------
    id : str
        ``t1``, ``t2``, … in the order of the calls.
    tool : str
        The tool's name.
    args : dict
        The arguments, as the caller gave them.
    result : dict or None
        What the tool returned; None when it failed.
    error : str or None
        Why it failed.
    resolved : dict or None
        What the arguments meant, where they do not say so: ``{"where": …}`` for the rows of the answer before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^t[1-9][0-9]{0,3}$")
    tool: str
    args: dict[str, Json] = Field(default_factory=dict)
    result: dict[str, Json] | None = None
    error: str | None = None
    resolved: dict[str, Json] | None = None

    @model_serializer
    def _one_outcome(self) -> dict[str, Json]:
        outcome = {"error": self.error} if self.error is not None else {"result": self.result}
        resolved = {} if self.resolved is None else {"resolved": self.resolved}
        return {"id": self.id, "tool": self.tool, "args": self.args, **resolved, **outcome}


def quote(segment: str) -> str:
    """Escape one key so that it can stand in a reference, a template and an expression.

    Examples
    --------
    >>> quote("v1.0 {beta}")
    'v1%2E0%20%7Bbeta%7D'
    """
    escaped = urllib.parse.quote(segment, safe="")
    return escaped.replace(".", "%2E").replace("-", "%2D").replace("~", "%7E")


def reference(observation_id: str, *path: str | int) -> str:
    """Return the reference of a fact.

    Examples
    --------
    >>> reference("t4", "by_label", "grade 1.5", "mean")
    't4.by_label.grade%201%2E5.mean'
    """
    return ".".join([observation_id, *(quote(str(segment)) for segment in path)])


def resolve(ref: str, observations: Mapping[str, Mapping[str, Json]]) -> Json:
    """Return the value a reference points to.

    Parameters
    ----------
    ref : str
        A reference; a format after ``|`` is ignored.
    observations : mapping of str to mapping
        The result of each observation by its id.

    Raises
    ------
    ToolError
        If nothing is stored under that reference.

    Examples
    --------
    >>> resolve("t2.by_label.benign.mean", {"t2": {"by_label": {"benign": {"mean": 12.15}}}})
    12.15
    """
    head, *path = ref.partition("|")[0].split(".")
    if head not in observations:
        raise ToolError(f"No observation {head!r} for the reference {ref!r}.", hint=did_you_mean(head, observations))
    value: Json = observations[head]
    for segment in map(urllib.parse.unquote, path):
        if isinstance(value, Mapping) and segment in value:
            value = value[segment]
        elif isinstance(value, list) and segment.isascii() and segment.isdigit() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            known = (
                value if isinstance(value, Mapping) else map(str, range(len(value) if isinstance(value, list) else 0))
            )
            raise ToolError(f"No fact {ref!r}: {segment!r} is not there.", hint=did_you_mean(segment, known))
    return value


def show_number(value: float, digits: int = 4) -> str:
    """Show a number with so many significant digits, without an exponent where that stays short.

    Examples
    --------
    >>> show_number(0.0743912), show_number(1479.884), show_number(-3.0), show_number(2.5e-9)
    ('0.07439', '1480', '-3', '2.5e-09')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    rounded = float(f"{value:.{digits}g}")
    if not 1e-5 <= abs(rounded) < 1e15:
        return f"{rounded:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_percent(percent: float) -> str:
    """Show a percentage so that a certain-looking 0% or 100% is never the result of rounding.

    Examples
    --------
    >>> show_percent(97.36), show_percent(99.98), show_percent(100), show_percent(0.0004), show_percent(50)
    ('97.4%', '99.98%', '100%', '0.0004%', '50.0%')
    """
    if percent in {0, 100}:
        return f"{percent:.0f}%"
    margin = min(abs(percent), abs(100 - percent))
    if abs(percent) < 1e-10:
        return f"{percent:.1e}%"
    decimals = 1 if margin >= 0.1 else min(15, 1 - math.floor(math.log10(margin)))
    text = f"{percent:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if decimals > 1 else text) + "%"


def show_name(name: str) -> str:
    r"""Show text from a table: control characters replaced, long text cut, odd names quoted.

    Column names, labels and categories are atoms: digits inside them are not numbers.

    Examples
    --------
    >>> show_name("mean radius"), show_name("1"), show_name("Yes"), show_name("a\nb")
    ('mean radius', '“1”', '“Yes”', 'a b')
    """
    printable = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name).replace("“", '"')
    cut = printable.replace("”", '"')
    cut = cut if len(cut) <= _TEXT_LIMIT else f"{cut[: _TEXT_LIMIT - _TAIL - 1]}…{cut[-_TAIL:]}"
    cut = _MARK.sub(r"(\1)", cut)
    plain = len(cut) > 2 and cut[0].isalpha() and all(c.isalnum() or c in " _-/" for c in cut) and cut == cut.strip()
    return cut if plain and cut.lower() not in _WORDS else f"“{cut}”"


def _show_rank(rank: int) -> str:
    """Return ``largest``, ``second-largest``, …, ``11th-largest`` for a rank from 0."""
    if rank < len(_RANKS):
        return f"{_RANKS[rank]}-largest".lstrip("-")
    place = rank + 1
    suffix = "th" if 10 <= place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{suffix}-largest"


def display(ref: str, value: Json, tool: str) -> str:
    """Show one fact at the precision every text uses.

    Parameters
    ----------
    ref : str
        The reference, whose last key (and format) decides how the value is shown.
    value : JSON scalar
        The fact.
    tool : str
        The tool that produced it; probabilities and shares are shown as percentages.

    Examples
    --------
    >>> display("t4.z_score|abs", -2.098, "feature_stats"), display("t2.benign", 0.9731, "probability")
    ('2.1', '97.3%')
    >>> display("t3.features.2.rank", 2, "explain"), display("t3.features.0.value", 17.99, "explain")
    ('third-largest', '17.99')
    """
    path, _, form = ref.partition("|")
    *parents, key = path.split(".")
    if form == "name":
        return show_name(urllib.parse.unquote(key))
    if form == "count":
        return str(len(value))
    if "text" in {tool, form}:
        return printable(_without_marks(str(value)), _SENTENCE_LIMIT)
    if value is None:
        return "missing"
    role = "count" if (tool, key, type(value)) == ("probability", "rows", int) else _role(parents, key, tool)
    return _show_text(str(value), role, form) if isinstance(value, bool | str) else _show_quantity(role, form, value)


def _show_text(text: str, role: str, form: str) -> str:
    if role in {"unit", "description"}:  # not quoted, so it must not look like a citation mark
        return printable(_without_marks(text))
    return _show_id(text) if form == "id" else show_name(text)


def _without_marks(text: str) -> str:
    return text.replace("[", "(").replace("]", ")")


def _show_id(text: str) -> str:
    """Show the id of a row: as it is where it is one plain word or number, quoted elsewhere."""
    plain = len(text) <= _TEXT_LIMIT // 2 and text.isascii() and all(c.isalnum() or c in "-_" for c in text)
    return text if plain and any(c.isdigit() for c in text) else show_name(text)


def _show_given(value: float) -> str:
    """Show a number that somebody gave: all of it, as far as a number has digits."""
    if abs(value) >= 1e300:
        return "an enormous number"
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else show_number(float(value), 15)


def _role(parents: list[str], key: str, tool: str) -> str:
    """Return what kind of quantity a fact is; a key that is a label or a category says nothing about it."""
    if parents[1:2] in (["by_label"], ["value_by_label"]):
        parents = [parents[0], *parents[3:]]
    if tool == "args" or (tool == "mistakes" and parents[3:4] == ["where"]):
        return "given"
    if (tool, key) == ("score", "value"):
        return "metric"
    if tool == "table":
        return "unit" if parents[-1:] == ["units"] else "name"
    if tool == "show":
        return "value" if parents[1:2] == ["table"] else "count"
    if tool == "probability" or parents[-1:] in (["shares"], ["share_by_label"]):
        return "share"
    if parents[-1:] in (["labels"], ["counts"], ["kinds"]) or key in _COUNT_KEYS:
        return "count"
    if key.endswith("probability"):
        return "share"
    return "percent" if key in _PERCENT_KEYS else key


def _show_quantity(role: str, form: str, value: float) -> str:
    if role == "given":
        return _show_given(value)
    if form == "place":
        return str(int(value) + 1)
    if role == "rank":
        return _show_rank(int(value))
    if form == "fine":
        return show_number(100 * value, 9) + "%"
    number, role = abs(value) if form == "abs" else value, form if form in {"percent", "share", "value"} else role
    if role in {"percent", "share"}:
        return show_percent(number if role == "percent" else 100 * number)
    if role == "count" and float(number).is_integer():
        return str(int(number))
    if role in _VALUE_KEYS:
        whole = float(number).is_integer() and abs(number) < 2**53
        return str(int(number)) if whole else show_number(number, 6)
    return show_number(number, 3 if role in _SHORT_KEYS else 4)


def printable(text: str, limit: int = 2 * _TEXT_LIMIT) -> str:
    r"""Show a unit, a description or an id: on one line, without control characters, not too long, not quoted.

    Examples
    --------
    >>> printable("mm\x1b[2J Hg")
    'mm [2J Hg'
    """
    printable = " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


def numbers(known: Mapping[str, Json]) -> dict[str, float]:
    """Return every numeric fact by its reference, for calculations.

    Examples
    --------
    >>> numbers({"t1": {"total": 2.5, "features": [{"rank": 0, "feature": "age"}]}})
    {'t1.total': 2.5, 't1.features.0.rank': 0}
    """
    found: dict[str, float] = {}
    for key, value in known.items():
        _collect(str(key), value, found)
    return found


def _collect(ref: str, value: Json, found: dict[str, float]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _collect(f"{ref}.{quote(str(key))}", inner, found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _collect(f"{ref}.{index}", inner, found)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found[ref] = value


def results(observations: Iterable[Observation]) -> dict[str, dict[str, Json]]:
    """Return the result of each observation that has one, by id."""
    return {observation.id: observation.result for observation in observations if observation.result is not None}
