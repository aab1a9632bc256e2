"""Predictions, probabilities, true labels and counts in words."""

from collections.abc import Mapping

from agent.conversation.claims import AnswerClaim, Contrast, Extent, Order
from agent.conversation.saying.call import Call
from agent.conversation.saying.words import Said, braced, listed

__all__ = ["count", "labels", "predict", "probability"]

MOST_LABELS = 5  # that one sentence names
_MOVED = {"above": "up from ", "below": "down from "}


def predict(call: Call) -> list[Said]:
    """Say the prediction of one row, or what share of rows is predicted to have each label."""
    if "label" not in call.result:
        return [_shares(call)]
    label, claims = call.ref("label"), (call.about, call.fact("label"))
    if not call.changed:
        return [Said(f"The prediction for {call.row()} is {label}", claims)]
    if "before" not in call.result:
        return [Said(f"{call.supposed}the prediction for {call.row()} would be {label}", claims)]
    before = call.fact("before", "label")
    if before.value == call.result["label"]:
        text = f"{call.supposed}the prediction for {call.row()} would still be {label}"
    else:
        text = f"{call.supposed}the prediction for {call.row()} would be {label} instead of {braced(before.ref)}"
    return [Said(text, (*claims, before))]


def _shares(call: Call) -> Said:
    shares = call.result["shares"]
    named = by_size(shares, call.labels)
    refs = [call.raw("shares", label) for label in named]
    verb = "would be" if call.changed else "are"
    if shares[named[0]] == 1 and "before" not in call.result:
        text = call.start(f"{call.rows('all')} {verb} predicted {braced(refs[0], 'name')}")
        return Said(text, (call.about, Extent(part=refs[0], extent="all")))
    claims: list[AnswerClaim] = [call.about, Order(refs=tuple(refs))]
    parts: list[str] = []
    for label, ref in zip(named, refs, strict=True):
        moved, claim = _moved(call, ref, call.raw("before", "shares", label))
        claims += [call.fact("shares", label), *claim]
        share = "none" if shares[label] == 0 and not moved else braced(ref) + moved
        parts.append(f"{share} {'' if parts else f'{verb} predicted '}{braced(ref, 'name')}")
    more = "; no other label is more frequent" if len(shares) > len(named) else ""
    return Said(call.start(f"of {call.rows()}, {listed(parts)}{more}"), tuple(claims))


def _moved(call: Call, ref: str, before: str) -> tuple[str, list[AnswerClaim]]:
    """Return how a share has changed, where that is known: in words, and as a claim."""
    if "before" not in call.result:
        return "", []
    claim = Contrast.of(call.evidence, ref, before)
    if claim is not None and claim.relation == "equal":
        return " (as before)", [claim]
    return f" ({_MOVED[claim.relation] if claim else ''}{braced(before)}{'' if claim else ' before'})", [
        claim
    ] if claim else []


def probability(call: Call) -> list[Said]:
    """Say the probability of each label, or its mean and spread over rows."""
    found = {label: call.result[label] for label in call.labels if label in call.result}
    would = "would be" if call.changed else "is"
    if all(isinstance(value, Mapping) for value in found.values()):
        means = {label: float(value["mean"]) for label, value in found.items()}
        named = by_size(means, call.labels)
        refs = [call.raw(label, "mean") for label in named]
        facts = [call.fact(label, key) for label in named for key in ("mean", "std")]
        ends = [f"{call.ref(label, 'mean')} (standard deviation {call.ref(label, 'std')})" for label in named]
        head, whose = f"on average over {call.rows()}, ", ""
    else:
        named = by_size(found, call.labels)
        refs, facts = [call.raw(label) for label in named], [call.fact(label) for label in named]
        ends = [braced(ref) for ref in refs]
        head, whose = "", f" for {call.row()}"
    names = [call.ref(label, form="name") for label in named]
    parts = [f"the probability of {names[0]}{whose} {would} {ends[0]}"]
    parts += [f"that of {name} {end}" for name, end in zip(names[1:], ends[1:], strict=True)]
    more = "; no other label is more likely" if len(found) > len(named) else ""
    claims: tuple[AnswerClaim, ...] = (call.about, Order(refs=tuple(refs)), *facts)
    return [Said(call.start(f"{head}{listed(parts)}{more}"), claims)]


def labels(call: Call) -> list[Said]:
    """Say the true label of one row, or how many rows have each."""
    if "label" in call.result:
        text = f"The true label of {call.row()} is {call.ref('label')}"
        return [Said(text, (call.about, call.fact("label")))]
    counts, shares = call.result["counts"], call.result["shares"]
    named = by_size(counts, call.labels)
    refs = [call.raw("counts", label) for label in named]
    if counts[named[0]] == call.result["rows"]:
        text = call.start(f"{call.rows('all')} are labelled {braced(refs[0], 'name')}")
        return [Said(text, (call.about, Extent(part=refs[0], whole=call.raw("rows"), extent="all")))]
    parts: list[str] = []
    for label, ref in zip(named, refs, strict=True):
        name = braced(ref, "name")
        verb = "" if parts else "is labelled " if counts[label] == 1 else "are labelled "
        none = counts[label] == 0
        parts.append(f"none {name}" if none else f"{braced(ref)} {verb}{name} ({call.ref('shares', label)})")
    more = "; no other label is more frequent" if len(shares) > len(named) else ""
    claims: tuple[AnswerClaim, ...] = (
        call.about,
        Order(refs=tuple(refs)),
        *(call.fact("counts", label) for label in named),
    )
    return [Said(f"Of {call.rows()}, {listed(parts)}{more}", claims)]


def count(call: Call) -> list[Said]:
    """Say how many rows there are."""
    number = call.result["rows"]
    rest = call.conditions() or " in the table"
    claims: tuple[AnswerClaim, ...] = (call.about, call.fact("rows"))
    if number == 0:
        return [Said(f"There are no rows{rest}", claims)]
    return [
        Said(f"There {'is' if number == 1 else 'are'} {call.ref('rows')} row{'' if number == 1 else 's'}{rest}", claims)
    ]


def by_size(values: Mapping[str, float], order: list[str]) -> list[str]:
    """Return the labels with the largest values, the largest first; equal ones as in the schema.

    Examples
    --------
    >>> by_size({"no": 0.2, "yes": 0.8}, ["no", "yes"])
    ['yes', 'no']
    """
    return sorted((label for label in order if label in values), key=lambda label: -values[label])[:MOST_LABELS]
