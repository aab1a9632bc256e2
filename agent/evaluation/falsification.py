"""Falsification: receipts changed in one place, which a verifier has to reject.

Every change is sealed again, so that the digest alone does not give it away. A changed word is changed in the template
of its step too, and the text is rendered from that: what is left is a receipt that agrees with itself and is false.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.explanation import receipt as receipts
from agent.explanation.evidence import Evidence
from agent.explanation.template import assemble, render
from tools.errors import ToolError
from tools.observation import Observation, show_name

__all__ = ["KINDS", "Change", "changes"]

Json = dict[str, Any]
_SIGNS = (
    ("for", "against"),
    ("towards", "away from"),
    ("adds", "takes"),
    ("Chiefly because of", "In spite of"),
)
_COMPARISONS = (
    ("above", "below"),
    ("higher", "lower"),
    ("more common", "less common"),
    ("closer", "farther"),
    ("outside", "inside"),
    ("times as", "percent as"),
    ("mean", "median"),
)
_NEGATIONS = (
    ("is", "is not"),
    ("are", "are not"),
    ("speaks", "does not speak"),
    ("points", "does not point"),
    ("makes", "does not make"),
    ("All", "None"),
    ("all", "none"),
    ("does not outweigh", "outweighs"),
    ("only", "no less than"),
)
_RANK = re.compile(r"(?<![\w-])(?:(\w+)-)?largest")
_PLACES = ("", "second-", "third-", "fourth-", "fifth-", "sixth-", "seventh-", "eighth-", "ninth-", "tenth-")


@dataclass(frozen=True)
class Change:
    """One false receipt.

    Attributes
    ----------
    kind : str
        What was changed, one of `KINDS`.
    where : str
        The place, such as ``steps.2.text``.
    receipt : dict
        The whole receipt with the change, sealed again.
    """

    kind: str
    where: str
    receipt: Json


def changes(receipt: Mapping[str, Any], kinds: Sequence[str] | None = None) -> Iterator[Change]:
    """Yield a receipt with one change at a time, in every place and of every kind.

    Parameters
    ----------
    receipt : mapping
        A receipt as JSON, with a bundle and more than one label.
    kinds : sequence of str, optional
        Some of `KINDS`; default: all.

    Yields
    ------
    Change
        In the order of `KINDS`.
    """
    for kind in kinds or KINDS:
        for where, changed in KINDS[kind](dict(receipt)):
            yield Change(kind, where, changed | {"digest": receipts.digest(changed)})


Made = Iterator[tuple[str, Json]]


# -- the text --------------------------------------------------------------------------------------------------------


def _digits(receipt: Json) -> Made:
    """Change one digit of what the text shows, in the step and in the whole text."""
    for number, step in enumerate(receipt["steps"]):
        for match in re.finditer(r"\d", re.sub(r"\[\w+\]", lambda mark: " " * len(mark[0]), step["text"])):
            yield _said(receipt, number, match, str((int(match[0]) + 1) % 10))


def _ranks(receipt: Json) -> Made:
    """Name the place after or before."""
    for number, step in enumerate(receipt["steps"]):
        for match in _RANK.finditer(step["text"]):
            place = _PLACES.index(f"{match[1]}-" if match[1] else "") if f"{match[1] or ''}-" in ("-", *_PLACES) else 1
            for other in {place - 1, place + 1} & set(range(len(_PLACES))):
                yield _said(receipt, number, match, f"{_PLACES[other]}largest")


def _label_names(receipt: Json) -> Made:
    """Name another label, in one sentence or as the receipt's own."""
    names = list(receipt["probabilities"])
    for name in names:
        other = names[(names.index(name) + 1) % len(names)]
        for number, step in enumerate(receipt["steps"]):
            for match in re.finditer(rf"(?<!\w){re.escape(show_name(name))}(?!\w)", step["text"]):
                yield _said(receipt, number, match, show_name(other))
    for other in set(names) - {receipt["label"]}:
        yield "label", receipt | {"label": other}


def _citations(receipt: Json) -> Made:
    """Cite another observation, in the text or in the list."""
    known = [seen["id"] for seen in receipt["observations"]]
    for number, step in enumerate(receipt["steps"]):
        for match in re.finditer(r"\[(\w+)\]", step["text"]):
            yield _said(receipt, number, match, f"[{next(x for x in known if x != match[1])}]")
        for at, cited in enumerate(step["citations"]):
            yield _put(receipt, ("steps", number, "citations", at), f"{cited}.x")
        yield _put(receipt, ("steps", number, "citations"), step["citations"][1:])


def _said(receipt: Json, number: int, match: "re.Match[str]", other: str) -> tuple[str, Json]:
    """Change what one step's text says at a match, and with it the whole text."""
    step = receipt["steps"][number]
    text = step["text"][: match.start()] + other + step["text"][match.end() :]
    _, changed = _put(receipt, ("steps", number, "text"), text)
    changed["text"] = assemble([step["text"] for step in changed["steps"]])
    return f"steps.{number}.text", changed


def _words(*pairs: tuple[str, str]) -> Callable[[Json], Made]:
    """Return the changes of one word into its opposite and back, in template and text."""

    def make(receipt: Json) -> Made:
        for number, step in enumerate(receipt["steps"]):
            for word, other in [*pairs, *(pair[::-1] for pair in pairs)]:
                for match in re.finditer(rf"(?<![\w{{.]){re.escape(word)}(?![\w}}.])", step["template"]):
                    template = step["template"][: match.start()] + other + step["template"][match.end() :]
                    yield _retold(receipt, number, template)

    return make


# -- what a reader would be told --------------------------------------------------------------------------------------


def _neighbours_values(receipt: Json) -> Made:
    """Give a feature the value of another one."""
    at = next(n for n, seen in enumerate(receipt["observations"]) if seen["tool"] == "explain")
    entries = receipt["observations"][at]["result"]["features"]
    for number, step in enumerate(receipt["steps"]):
        for match in re.finditer(r"\{t\d+\.(?:value|features\.\d+\.value)(\|\w+)?\}", step["template"]):
            evidence = _evidence(receipt)
            refs = (f"t{at + 1}.features.{n}.value" for n, entry in enumerate(entries) if entry["value"] is not None)
            shown = evidence.shown(match[0][1:-1])
            other = next((ref for ref in refs if evidence.shown(ref) != shown), None)
            if other is not None:
                template = f"{step['template'][: match.start()]}{{{other}}}{step['template'][match.end() :]}"
                yield _retold(receipt, number, template)


def _permuted(receipt: Json) -> Made:
    """Exchange the contributions of two features, and tell the whole text anew."""
    for number, seen in enumerate(receipt["observations"]):
        entries = seen["result"]["features"] if seen["tool"] == "explain" else []
        for at in range(len(entries) - 1):
            one, other = entries[at]["contribution"], entries[at + 1]["contribution"]
            if one != other:
                path = ("observations", number, "result", "features")
                _, changed = _put(receipt, (*path, at, "contribution"), other)
                _, changed = _put(changed, (*path, at + 1, "contribution"), one)
                yield f"{number}.features.{at}", _told_anew(changed)


def _dropped(receipt: Json) -> Made:
    """Leave a reason out."""
    for number, step in enumerate(receipt["steps"]):
        if any(claim["kind"] == "contribution" for claim in step["claims"]):
            left = [*receipt["steps"][:number], *receipt["steps"][number + 1 :]]
            yield f"steps.{number}", receipt | {"steps": left, "text": assemble([step["text"] for step in left])}


def _stale(receipt: Json) -> Made:
    """Rest what is said of one feature on the statistics of another."""
    calls = [seen["id"] for seen in receipt["observations"] if seen["tool"] == "feature_stats"]
    for number, step in enumerate(receipt["steps"]):
        for call in calls:
            for other in calls:
                template = re.sub(rf"(?<=\{{){call}(?=\.)", other, step["template"])
                if template != step["template"]:
                    try:
                        yield _retold(receipt, number, template)
                    except ToolError:
                        continue  # the other feature has no such statistic
                    break


def _evidence(receipt: Json) -> Evidence:
    return Evidence([Observation(**seen) for seen in receipt["observations"]], receipt["decision"])


def _retold(receipt: Json, number: int, template: str) -> tuple[str, Json]:
    """Give one step another template, and with it another text."""
    _, changed = _put(receipt, ("steps", number, "template"), template)
    return f"steps.{number}.template", _told_anew(changed)


def _told_anew(receipt: Json) -> Json:
    """Render every step from its template, in place, and put the text together."""
    evidence = _evidence(receipt)
    for step in receipt["steps"]:
        step["text"] = render(step["template"], evidence, step["citations"] if step.get("style") == "prose" else ())
    receipt["text"] = assemble([step["text"] for step in receipt["steps"]])
    return receipt


# -- what the text rests on ------------------------------------------------------------------------------------------


def _claims(receipt: Json) -> Made:
    for number, step in enumerate(receipt["steps"]):
        for at, claim in enumerate(step["claims"]):
            for name, value in claim.items():
                for other in _others(value) if name != "kind" else ():
                    yield _put(receipt, ("steps", number, "claims", at, name), other)
        yield _put(receipt, ("steps", number, "claims"), step["claims"][:-1])


def _arguments(receipt: Json) -> Made:
    for number, seen in enumerate(receipt["observations"]):
        for name, value in seen["args"].items():
            for other in _others(value):
                yield _put(receipt, ("observations", number, "args", name), other)


def _facts(receipt: Json) -> Made:
    for number, seen in enumerate(receipt["observations"]):
        for path, value in _leaves(seen.get("result") or {}, ("observations", number, "result")):
            for other in _others(value, scaled=path[-1] in {"contribution", "base", "rest", "total", "absolute"}):
                yield _put(receipt, path, other)


def _row_values(receipt: Json) -> Made:
    for name, value in receipt["row"].items():
        for other in _others(value):
            yield _put(receipt, ("row", name), other)


def _orders(receipt: Json) -> Made:
    """Exchange neighbours: steps, with the text numbered anew, and observations."""
    steps, seen = receipt["steps"], receipt["observations"]
    for at in range(len(steps) - 1):
        moved = [*steps[:at], steps[at + 1], steps[at], *steps[at + 2 :]]
        yield f"steps.{at}", receipt | {"steps": moved, "text": assemble([step["text"] for step in moved])}
    for at in range(len(seen) - 1):
        yield f"observations.{at}", receipt | {"observations": [*seen[:at], seen[at + 1], seen[at], *seen[at + 2 :]]}


def _others(value: Any, *, scaled: bool = False) -> list[Any]:
    """Return other values of the same type, numbers as near as a receipt distinguishes."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value + (1e-3 if scaled else abs(value) * 3e-6 or 1e-3), -value - 1]
    if isinstance(value, str):
        return [f"{value}x"]
    return [0] if value is None else []


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inside is None:
        yield path, value
        return
    for key, inner in inside:
        yield from _leaves(inner, (*path, key))


def _put(receipt: Json, path: tuple[str | int, ...], value: Any) -> tuple[str, Json]:
    """Return the place as text, and a copy of the receipt with another value there."""
    changed = copy.deepcopy(receipt)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return ".".join(map(str, path)), changed


KINDS: dict[str, Callable[[Json], Made]] = {
    "digit": _digits,
    "sign word": _words(*_SIGNS),
    "rank word": _ranks,
    "comparison": _words(*_COMPARISONS),
    "negation": _words(*_NEGATIONS),
    "label": _label_names,
    "argument": _arguments,
    "fact": _facts,
    "citation": _citations,
    "claim": _claims,
    "row value": _row_values,
    "order": _orders,
    "neighbour's value": _neighbours_values,
    "permuted": _permuted,
    "dropped reason": _dropped,
    "stale": _stale,
}
