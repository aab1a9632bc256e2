"""Which claims the evidence allows, and where in an explanation they may stand.

An explanation opens with the predictor's answer; then come the reasons for the label, strongest first, then what speaks
against it, then remarks, then warnings, then the conclusion. `choices` says what a step may claim: whoever writes takes
from it, and the verifier follows the same offers, so that a step left out is found like one made up.
"""

from collections.abc import Collection, Sequence

from agent.explanation.claims import (
    Abstention,
    Calculation,
    Claim,
    Closer,
    Comparison,
    Contribution,
    Deviation,
    Direction,
    Disagreement,
    Label,
    Neighbours,
    Position,
    Probability,
    Share,
    Strongest,
    Sum,
    Unanimous,
    holds,
)
from agent.explanation.evidence import Evidence
from tools.observation import reference

__all__ = [
    "choices",
    "conclusion",
    "core",
    "details",
    "named_contributions",
    "opening",
    "ordered_reasons",
    "remarks",
    "warnings",
]


def choices(said: Sequence[Sequence[Claim]], evidence: Evidence, top: int) -> list[list[Claim]]:
    """Return what the next step may claim: one of several lists of claims, or nothing after the conclusion.

    Parameters
    ----------
    said : sequence of sequence of Claim
        The claims of every step so far.
    evidence : Evidence
        What may be claimed.
    top : int
        How many of the largest contributions every text names.
    """
    if not said:
        return [opening(evidence)]
    named = named_contributions(evidence, top)
    waiting = [claim for claim in ordered_reasons(named) if not any(claim in claims for claims in said)]
    if waiting:
        return _reasons(waiting, evidence, len(said))
    topics = [[[claim] for claim in topic] for topic in remarks(evidence, named)]
    closing = [*topics, *([[claim]] for claim in warnings(evidence)), conclusion(evidence, named)]
    made = sum(not isinstance(claims[0], Contribution) for claims in said[1:])
    return closing[made] if made < len(closing) else []


def core(claims: Sequence[Claim]) -> list[Claim]:
    """Return the part of an offer that a sentence in free words has to say; nothing where only the grammar has words.

    Parameters
    ----------
    claims : sequence of Claim
        One of the offers of `choices`.
    """
    if isinstance(claims[0], Contribution) and claims[0].value is not None:
        return [claims[0]]
    return [claim for claim in claims if isinstance(claim, Label | Probability)]


def _reasons(waiting: Sequence[Contribution], evidence: Evidence, step: int) -> list[list[Claim]]:
    """Return what may be said about the next reason: with each detail, alone, or together with the one after."""
    first, *others = waiting
    placed = details(first, evidence)
    turn = step % len(placed) if placed else 0
    found: list[list[Claim]] = [[first, detail] for detail in [*placed[turn:], *placed[:turn]]]
    pair: list[list[Claim]] = [[first, other] for other in others[:1] if not details(other, evidence)]
    return found or [*pair, [first]]


def named_contributions(evidence: Evidence, top: int) -> list[Contribution]:
    """Return the claims about the `top` largest contributions, fewer where fewer features contribute."""
    entries = (evidence.explained.result or {})["features"][:top]
    return [Contribution.at(evidence, index) for index, entry in enumerate(entries) if entry["contribution"] != 0]


def ordered_reasons(claims: Sequence[Contribution]) -> list[Contribution]:
    """Put what speaks for the label before what speaks against it, each by rank."""
    return sorted(claims, key=lambda claim: (-claim.sign, claim.rank))


def opening(evidence: Evidence) -> list[Claim]:
    """Return the claims of the first step."""
    return [Probability.of(evidence)]


def conclusion(evidence: Evidence, named: Sequence[Contribution]) -> list[list[Claim]]:
    """Return what the last step may claim: it may name the strongest argument against the label, or else for it."""
    plain: list[Claim] = [Label(label=evidence.label), Probability.of(evidence)]
    refs = {claim.ref for claim in named}
    sides = (Strongest.of(evidence, "against"), Strongest.of(evidence, "for"))
    strongest = [claim for claim in sides if claim is not None and claim.ref in refs]
    return [*([*plain, claim] for claim in strongest[:1]), plain]


def details(claim: Contribution, evidence: Evidence) -> list[Claim]:
    """Return what can truly be said about where the row's value lies, the most telling first."""
    call = evidence.statistics(claim.feature)
    if call is None or claim.value is None:
        return []
    favoured, opposed = _sides(claim, (call.result or {}).get("by_label", {}), evidence)
    numeric = not isinstance(claim.value, str | bool)
    make = _numeric if numeric else _categorical
    return [candidate for candidate in make(call.id, favoured, opposed, evidence) if holds(candidate, evidence)]


def _sides(claim: Contribution, known: Collection[str], evidence: Evidence) -> tuple[str, str | None]:
    """Return the label a feature speaks for and the one it speaks against: the final one and its likeliest rival."""
    likely = dict.fromkeys(known, 0.0) | (evidence.find("probability")[-1].result or {})
    rivals = sorted((label for label in likely if label != evidence.label), key=lambda x: -likely[x])
    rival = rivals[0] if rivals else None
    return (evidence.label, rival) if claim.sign > 0 or rival is None else (rival, evidence.label)


def _numeric(call: str, favoured: str, opposed: str | None, evidence: Evidence) -> list[Claim]:
    """Return places of a number that agree with its direction, then others."""
    value = reference(call, "value")
    sides: tuple[Direction, ...] = ("above", "below")
    extreme = {"above": "max", "below": "min"}
    found: list[Claim] = [
        Comparison(left=value, relation=s, right=reference(call, "overall", extreme[s])) for s in sides
    ]
    if opposed is not None:
        mean = reference(call, "by_label", opposed, "mean")
        found.append(Closer(call=call, near=favoured, far=opposed))
        found += [Position(call=call, side=side, label=opposed) for side in sides]
        if _clear(call, mean, evidence):
            found += [Comparison(left=value, relation=side, right=mean) for side in sides]
    found += [Position(call=call, side=side) for side in sides]
    found += [Deviation(call=call, relation=side) for side in sides]
    if any(holds(claim, evidence) for claim in found):
        return found
    return [Comparison(left=value, relation=side, right=reference(call, "overall", "median")) for side in sides]


def _clear(call: str, mean: str, evidence: Evidence) -> bool:
    """Tell whether the value lies clearly off a mean: by a quarter of a standard deviation."""
    if not (evidence.has(mean) and evidence.has(reference(call, "overall", "std"))):
        return evidence.has(mean)
    gap = abs(evidence.value(reference(call, "value")) - evidence.value(mean))
    return bool(gap >= 0.25 * evidence.value(reference(call, "overall", "std")))


def _categorical(call: str, favoured: str, opposed: str | None, _evidence: Evidence) -> list[Claim]:
    """Return how common a category is among the labels, where that agrees with its direction, and overall."""
    shares: list[Claim] = []
    if opposed is not None:
        left, right = (reference(call, "share_by_label", label) for label in (favoured, opposed))
        shares.append(Comparison(left=left, relation="above", right=right))
    return [*shares, Share(call=call)]


def remarks(evidence: Evidence, named: Sequence[Contribution]) -> list[list[Claim]]:
    """Return what else can truly be said, by topic; a text makes one remark of each topic."""
    topics: list[list[Claim]] = [
        [_meaning(call.id, evidence, named) for call in evidence.find("calculate")],
        [Neighbours.of(evidence, call.id) for call in evidence.find("similar")],
        [Sum(call=evidence.explained.id), Unanimous(named=len(named))],
    ]
    true = [[claim for claim in topic if holds(claim, evidence)] for topic in topics]
    return [topic for topic in true if topic]


def _meaning(call: str, evidence: Evidence, named: Sequence[Contribution]) -> Claim:
    """Return the claim that gives a calculation its meaning, if it is one that has words."""
    expression = str(evidence.observation(call).args["expression"])
    left, _, right = expression.partition(" / ")
    if expression.startswith("100 * "):
        return Calculation(call=call, topic="share", parts=tuple(claim.ref for claim in named))
    topic = "odds" if left == evidence.probability_ref else "ratio"
    return Calculation(call=call, topic=topic, parts=(left, right))


def warnings(evidence: Evidence) -> list[Claim]:
    """Return what must not be left out: a disagreement, an abstention."""
    if evidence.decision is None:
        return []
    candidates: list[Claim] = [Disagreement(counted=evidence.decision["counted"]), Abstention()]
    return [claim for claim in candidates if holds(claim, evidence)]
