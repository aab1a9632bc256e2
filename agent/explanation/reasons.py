"""How one feature's contribution is said: its name, value, rank and direction, and where its value lies.

Part of the grammar of true sentences (`wording.py`).
"""

import urllib.parse
from collections.abc import Sequence
from itertools import product

from agent.explanation.claims import (
    Claim,
    Closer,
    Comparison,
    Contribution,
    Deviation,
    Position,
    Share,
    Strongest,
    holds,
)
from agent.explanation.evidence import Evidence
from tools.observation import reference

__all__ = ["SPACE", "braced", "final_label", "placed", "reason", "subject"]

SPACE = {"log-odds": "the log-odds of", "margin": "the score of", "probability": "the probability of"}
_STATISTIC = {"mean": "mean", "median": "median", "max": "maximum", "min": "minimum"}


def braced(*refs: str) -> list[str]:
    """Return references as they stand in a template."""
    return ["{" + ref + "}" for ref in refs]


def final_label(evidence: Evidence) -> str:
    """Return the reference of the final label."""
    return "{" + reference(evidence.explained.id, "towards") + "}"


def reason(claim: Contribution, rest: Sequence[Claim], evidence: Evidence, previous: Sequence[Claim]) -> list[str]:
    """Return the templates that say one feature's contribution, with one detail, alone, or with another feature."""
    if len(rest) > 1:
        return []
    if rest and isinstance(rest[0], Contribution):
        bodies = _pair(claim, rest[0], evidence, previous)
    elif claim.value is None:
        bodies = [] if rest else _missing(claim, evidence)
    elif isinstance(claim.value, str | bool):
        bodies = _category(claim, rest, evidence)
    else:
        bodies = _number(claim, rest, evidence)
    return [_join(opener, body) for opener, body in product(_connectives(claim, previous), bodies)]


def _connectives(claim: Contribution, previous: Sequence[Claim]) -> list[str]:
    before = [c for c in previous if isinstance(c, Contribution)]
    if not before:
        return ["", "First, "] if claim.rank == 0 and claim.sign > 0 else [""]
    if before[-1].sign == claim.sign:
        return ["", "Next, ", "In the same direction, ", "Likewise, "]
    return ["On the other hand, ", "By contrast, ", "Against that, "]


def _join(opener: str, body: str) -> str:
    """Put a connective before a sentence; what follows it starts small unless it is a name."""
    if not opener or body.startswith("{"):
        return opener + body
    return opener + body[0].lower() + body[1:]


def _directions(claim: Contribution, evidence: Evidence) -> list[str]:
    label = final_label(evidence)
    amount = "{" + claim.ref + ".contribution|abs}"
    if evidence.has(f"{claim.ref}.standard_error"):
        amount += f" (standard error {{{claim.ref}.standard_error}})"
    scale = f"{SPACE[evidence.value(reference(evidence.explained.id, 'space'))]} {label}"
    if claim.sign > 0:
        return [f"speaks for {label}", f"adds {amount} to {scale}", f"points towards {label}"]
    return [f"speaks against {label}", f"takes {amount} off {scale}", f"points away from {label}"]


def subject(claim: Contribution, evidence: Evidence) -> tuple[str, str, str]:
    """Return the name, the value with its unit, and the rank, as references."""
    name, value, rank = braced(f"{claim.ref}.feature", f"{claim.ref}.value", f"{claim.ref}.rank")
    described = evidence.described(claim.feature)
    name += f" ({{{described}}})" if described else ""
    unit = f" {{{claim.ref}.unit}}" if claim.value is not None and evidence.has(f"{claim.ref}.unit") else ""
    return name, value + unit, _ranked(claim, rank, evidence)


def _ranked(claim: Contribution, rank: str, evidence: Evidence) -> str:
    """Return how large a contribution is among the others, where an estimate does not leave that open."""
    return "an estimated contribution" if evidence.has(f"{claim.ref}.rank_open") else f"the {rank} contribution"


def _capital(phrase: str) -> str:
    return phrase[0].upper() + phrase[1:]


def _number(claim: Contribution, rest: Sequence[Claim], evidence: Evidence) -> list[str]:
    name, value, rank = subject(claim, evidence)
    directions = _directions(claim, evidence)
    if not rest:
        bare = [
            form
            for does in directions
            for form in (
                f"{name}, at {value}, {does} with {rank}",
                f"{_capital(rank)} comes from {name}: its value of {value} {does}",
            )
        ]
        return [*bare, *(f"{head}, at {value}" for head in _superlatives(claim, evidence))]
    details = placed(claim, rest[0], evidence)
    best = [f"{head}: at {value}, it is {detail}" for detail in details for head in _superlatives(claim, evidence)]
    return [
        *best,
        *(
            form
            for detail, does in product(details, directions)
            for form in (
                f"{name} makes {rank}: at {value}, it is {detail}, and it {does}",
                f"{_capital(rank)} comes from {name}, whose value of {value} is {detail}; it {does}",
                f"With a value of {value}, {name} is {detail}; it {does} and makes {rank}",
                f"At {value}, {name} is {detail}, and as {rank} it {does}",
            )
        ),
    ]


def _superlatives(claim: Contribution, evidence: Evidence) -> list[str]:
    """Return how to begin with the strongest reason of its side; empty for the others."""
    name, _, rank = subject(claim, evidence)
    side = "for" if claim.sign > 0 else "against"
    if not holds(Strongest(ref=claim.ref, feature=claim.feature, side=side), evidence):
        return []
    label = final_label(evidence)
    if claim.rank == 0:
        return [f"The strongest reason {side} {label} is {name}, {rank} of all"]
    return [f"What speaks most {side} {label} is {name}, {rank}"]


def _category(claim: Contribution, rest: Sequence[Claim], evidence: Evidence) -> list[str]:
    name, value, rank = subject(claim, evidence)
    directions = _directions(claim, evidence)
    if not rest:
        return [
            form
            for does in directions
            for form in (
                f"{name} is {value}, which {does} with {rank}",
                f"{_capital(rank)} comes from {name} being {value}, which {does}",
            )
        ]
    return [
        form
        for detail, does in product(placed(claim, rest[0], evidence), directions)
        for form in (
            f"{name} makes {rank}: it is {value}, {detail}, and it {does}",
            f"{_capital(rank)} comes from {name} being {value}, {detail}; it {does}",
        )
    ]


def _missing(claim: Contribution, evidence: Evidence) -> list[str]:
    name, _, rank = subject(claim, evidence)
    value = "{" + claim.ref + ".value}"
    return [
        form
        for does in _directions(claim, evidence)
        for form in (
            f"{name} is {value}, and that alone {does} with {rank}",
            f"That {name} is {value} makes {rank} and {does}",
        )
    ]


def _pair(first: Contribution, second: Contribution, evidence: Evidence, previous: Sequence[Claim]) -> list[str]:
    """Say two features of one direction in one sentence."""
    if first.sign != second.sign or second.rank <= first.rank:
        return []
    subjects = [subject(claim, evidence) for claim in (first, second)]
    (name, value, rank), (name2, value2, rank2) = subjects
    label = final_label(evidence)
    verb = f"speak for {label}" if first.sign > 0 else f"speak against {label}"
    points = f"point towards {label}" if first.sign > 0 else f"point away from {label}"
    more = any(isinstance(claim, Contribution) and claim.sign == first.sign for claim in previous)
    short = rank2.removesuffix(" contribution") if rank2.startswith("the ") else rank2
    one_noun = rank.startswith("the ") and rank2.startswith("the ")
    both = f"{rank.removesuffix(' contribution')} and {rank2}" if one_noun else f"{rank} and {rank2}"
    too, two = (" too", "Two more features") if more else ("", "Two features")
    return [
        f"{name} ({value}) and {name2} ({value2}) {verb}{too}, with {both}",
        f"{two} {points}: {name} ({value}), with {rank}, and {name2} ({value2}), with {short}",
    ]


def placed(claim: Contribution, detail: Claim, evidence: Evidence) -> list[str]:
    """Return phrases that place the row's value: they follow "it is"."""
    call = evidence.statistics(claim.feature)
    if call is None or _call_of(detail) != call.id:
        return []
    match detail:
        case Position():
            return [_position(detail, evidence)]
        case Deviation():
            return [f"{{{detail.ref}|abs}} standard deviations {detail.relation} the mean of the training rows"]
        case Closer(near=near, far=far):
            return [
                f"closer to the mean of the rows labelled {_name(detail.call, near)} ({{{detail.refs[1]}}}) "
                f"than to that of the rows labelled {_name(detail.call, far)} ({{{detail.refs[2]}}})"
            ]
        case Comparison():
            return _comparison(detail, evidence)
        case Share():
            share, rows = reference(detail.call, "share"), f"training rows{_known(detail.call, (), evidence)}"
            if evidence.value(share) == 0:
                return [f"which none of the {{{reference(detail.call, 'overall', 'count')}}} {rows} has"]
            return [f"as in {{{share}}} of the {rows}"]
    return []


def _position(claim: Position, evidence: Evidence) -> str:
    """Say how many of the training rows, or of those with one label, lie on the other side: all of them, or a share."""
    more = "higher" if claim.side == "above" else "lower"
    scope = ("overall",) if claim.label is None else ("by_label", claim.label)
    rows = "training rows" if claim.label is None else f"training rows labelled {_name(claim.call, claim.label)}"
    rows += _known(claim.call, [] if claim.label is None else [claim.label], evidence)
    if evidence.value(claim.ref) == 100:
        return f"{more} than in all {{{reference(claim.call, *scope, 'count')}}} {rows}"
    return f"{more} than {{{claim.ref}}} of the {rows}"


def _known(call: str, labels: Sequence[str], evidence: Evidence) -> str:
    """Return what narrows rows to those in which a feature has a value, where others lack it."""
    scopes: list[tuple[str, ...]] = [("by_label", label) for label in labels] or [("overall",)]
    missing = (reference(call, *scope, "missing") for scope in scopes)
    return " in which it is known" if any(evidence.has(ref) and evidence.value(ref) for ref in missing) else ""


def _call_of(claim: Claim) -> str:
    return claim.left.split(".", maxsplit=1)[0] if isinstance(claim, Comparison) else str(getattr(claim, "call", ""))


def _name(call: str, label: str) -> str:
    return "{" + reference(call, "by_label", label) + "|name}"


def _comparison(claim: Comparison, evidence: Evidence) -> list[str]:
    """Say how the row's value compares with a statistic, or one label's share with another's."""
    call, *path = claim.right.split(".")
    if path[0] == "share_by_label":
        more = "more" if claim.relation == "above" else "less"
        shares = [f"rows labelled {{{ref}|name}} ({{{ref}}})" for ref in (claim.left, claim.right)]
        known = _known(
            call, [urllib.parse.unquote(ref.rsplit(".", 1)[-1]) for ref in (claim.left, claim.right)], evidence
        )
        return [f"{more} common among {shares[0]} than among {shares[1]}{known and f', of those{known}'}"]
    scope = "training rows" if path[0] == "overall" else f"rows labelled {{{call}.by_label.{path[1]}|name}}"
    if path[0] == "overall" and (path[-1], claim.relation) in {("max", "above"), ("min", "below")}:
        return [
            f"outside the range of the training rows, {claim.relation} their {_STATISTIC[path[-1]]} "
            f"of {{{claim.right}}}"
        ]
    return (
        [f"{claim.relation} the {_STATISTIC[path[-1]]} of the {scope} ({{{claim.right}}})"]
        if path[-1] in _STATISTIC
        else []
    )
