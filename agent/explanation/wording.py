"""The grammar of true sentences: every way in which a list of claims may be said.

`wordings` maps claims to templates; a number or a name stands in a template only as the reference of a fact. The writer
picks among these templates, the verifier accepts no other: a changed word is found because no wording has it.
"""

from collections.abc import Sequence
from itertools import product

from agent.explanation.claims import (
    Abstention,
    Calculation,
    Claim,
    Closer,
    Comparison,
    Contribution,
    Deviation,
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

__all__ = ["wordings"]

_SPACE = {"log-odds": "the log-odds of", "margin": "the score of", "probability": "the probability of"}
_STATISTIC = {"mean": "mean", "median": "median", "max": "maximum", "min": "minimum"}
_CERTAINTY = {
    "almost certain": ["is almost certain", "has hardly any doubt"],
    "confident": ["is confident", "is sure of its answer"],
    "fairly confident": ["is fairly confident", "leans clearly one way"],
    "unsure": ["is not sure", "only leans one way"],
    "against": ["does not favour this label", "would rather choose another label"],
}


def wordings(claims: Sequence[Claim], evidence: Evidence, previous: Sequence[Claim] = ()) -> list[str]:
    """Return every template that says exactly these claims, after a step that made the previous ones.

    Parameters
    ----------
    claims : sequence of Claim
        The claims of one step.
    evidence : Evidence
        What they are about; decides on units and missing values, never on truth.
    previous : sequence of Claim, optional
        The claims of the step before: a connective may only join what goes together.

    Returns
    -------
    list of str
        Distinct templates; empty when these claims are not said together.
    """
    match claims:
        case [Probability() as claim]:
            return _opening(claim, evidence)
        case [Label() as label, *rest]:
            return _conclusion(label, rest, evidence)
        case [Contribution() as claim, *rest]:
            return _feature(claim, rest, evidence, previous)
        case [single]:
            return _remark(single, evidence)
    return []


def _braced(*refs: str) -> list[str]:
    return ["{" + ref + "}" for ref in refs]


def _label(evidence: Evidence) -> str:
    return "{" + reference(evidence.explained.id, "towards") + "}"


def _opening(claim: Probability, evidence: Evidence) -> list[str]:
    label, p = _label(evidence), "{" + evidence.probability_ref + "}"
    endings = [f"it gives {label} a probability of {p}", f"the probability of {label} is {p}"]
    sure = [f"The predictor {verb}: {end}" for verb in _CERTAINTY[claim.certainty] for end in endings]
    return [
        *sure,
        f"For this row, the predictor puts the probability of {label} at {p} and {_CERTAINTY[claim.certainty][0]}",
    ]


def _conclusion(_: Label, rest: Sequence[Claim], evidence: Evidence) -> list[str]:
    label, p = _label(evidence), "{" + evidence.probability_ref + "}"
    match rest:
        case [Probability(certainty=certainty), Strongest() as reason] if certainty not in {"against", "unsure"}:
            name = "{" + reason.ref + ".feature}"
            if reason.side == "against":
                return [
                    f"Although {name} speaks against it, the row is classified as {label}, with a probability of {p}",
                    f"What speaks against it, {name} above all, does not outweigh the rest: the row is classified as "
                    f"{label}, at a probability of {p}",
                ]
            return [
                f"Chiefly because of {name}, the row is classified as {label}, with a probability of {p}",
                f"With {name} as the main reason, the row is classified as {label}, at a probability of {p}",
            ]
        case [Probability(certainty="against")]:
            return [
                f"Although its probability is only {p}, the row is classified as {label}",
                f"The row is classified as {label}, with a probability of only {p}",
            ]
        case [Probability(certainty="unsure")]:
            return [
                f"On balance, the row is classified as {label}, but with a probability of {p} this is a close call",
                f"The evidence is divided: at {p}, the row is classified as {label} by a narrow margin",
            ]
        case [Probability()]:
            return [
                f"Weighing all of this, the row is classified as {label}, with a probability of {p}",
                f"On this evidence the row is classified as {label}, at a probability of {p}",
                f"All in all, the answer is {label}, and its probability is {p}",
            ]
        case []:
            return [f"Weighing all of this, the row is classified as {label}", f"All in all, the answer is {label}"]
    return []


def _feature(claim: Contribution, rest: Sequence[Claim], evidence: Evidence, previous: Sequence[Claim]) -> list[str]:
    if len(rest) > 1:
        return []
    if rest and isinstance(rest[0], Contribution):
        bodies = _pair(claim, rest[0], evidence)
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
    label = _label(evidence)
    amount = "{" + claim.ref + ".contribution|abs}"
    scale = f"{_SPACE[evidence.value(reference(evidence.explained.id, 'space'))]} {label}"
    if claim.sign > 0:
        return [f"speaks for {label}", f"adds {amount} to {scale}", f"points towards {label}"]
    return [f"speaks against {label}", f"takes {amount} off {scale}", f"points away from {label}"]


def _subject(claim: Contribution, evidence: Evidence) -> tuple[str, str, str]:
    """Return the name, the value with its unit, and the rank, as references."""
    name, value, rank = _braced(f"{claim.ref}.feature", f"{claim.ref}.value", f"{claim.ref}.rank")
    described = evidence.described(claim.feature)
    name += f" ({{{described}}})" if described else ""
    unit = f" {{{claim.ref}.unit}}" if evidence.has(f"{claim.ref}.unit") else ""
    return name, value + unit, rank


def _number(claim: Contribution, rest: Sequence[Claim], evidence: Evidence) -> list[str]:
    name, value, rank = _subject(claim, evidence)
    directions = _directions(claim, evidence)
    if not rest:
        bare = [
            form
            for does in directions
            for form in (
                f"{name}, at {value}, {does} with the {rank} contribution",
                f"The {rank} contribution comes from {name}: its value of {value} {does}",
            )
        ]
        return [*bare, *(f"{head}, at {value}" for head in _superlatives(claim, evidence))]
    placed = _details(claim, rest[0], evidence)
    best = [f"{head}: at {value}, it is {detail}" for detail in placed for head in _superlatives(claim, evidence)]
    return [
        *best,
        *(
            form
            for detail, does in product(placed, directions)
            for form in (
                f"{name} makes the {rank} contribution: at {value}, it is {detail}, and it {does}",
                f"The {rank} contribution comes from {name}, whose value of {value} is {detail}; it {does}",
                f"With a value of {value}, {name} is {detail}; it {does} and makes the {rank} contribution",
                f"At {value}, {name} is {detail}, and as the {rank} contribution it {does}",
            )
        ),
    ]


def _superlatives(claim: Contribution, evidence: Evidence) -> list[str]:
    """Return how to begin with the strongest reason of its side; empty for the others."""
    name, _, rank = _subject(claim, evidence)
    side = "for" if claim.sign > 0 else "against"
    if not holds(Strongest(ref=claim.ref, feature=claim.feature, side=side), evidence):
        return []
    label = _label(evidence)
    if claim.rank == 0:
        return [f"The strongest reason {side} {label} is {name}, the {rank} contribution of all"]
    return [f"What speaks most {side} {label} is {name}, the {rank} contribution"]


def _category(claim: Contribution, rest: Sequence[Claim], evidence: Evidence) -> list[str]:
    name, value, rank = _subject(claim, evidence)
    directions = _directions(claim, evidence)
    if not rest:
        return [
            form
            for does in directions
            for form in (
                f"{name} is {value}, which {does} with the {rank} contribution",
                f"The {rank} contribution comes from {name} being {value}, which {does}",
            )
        ]
    return [
        form
        for detail, does in product(_details(claim, rest[0], evidence), directions)
        for form in (
            f"{name} makes the {rank} contribution: it is {value}, {detail}, and it {does}",
            f"The {rank} contribution comes from {name} being {value}, {detail}; it {does}",
        )
    ]


def _missing(claim: Contribution, evidence: Evidence) -> list[str]:
    name, value, rank = _subject(claim, evidence)
    return [
        form
        for does in _directions(claim, evidence)
        for form in (
            f"{name} is {value}, and that alone {does} with the {rank} contribution",
            f"That {name} is {value} makes the {rank} contribution and {does}",
        )
    ]


def _pair(first: Contribution, second: Contribution, evidence: Evidence) -> list[str]:
    """Say two features of one direction in one sentence."""
    if first.sign != second.sign or second.rank <= first.rank:
        return []
    subjects = [_subject(claim, evidence) for claim in (first, second)]
    (name, value, rank), (name2, value2, rank2) = subjects
    label = _label(evidence)
    verb = f"speak for {label}" if first.sign > 0 else f"speak against {label}"
    points = f"point towards {label}" if first.sign > 0 else f"point away from {label}"
    return [
        f"{name} ({value}) and {name2} ({value2}) {verb} too, with the {rank} and the {rank2} contribution",
        f"Two more features {points}: {name} ({value}), with the {rank} contribution, and {name2} ({value2}), "
        f"with the {rank2}",
    ]


def _details(claim: Contribution, detail: Claim, evidence: Evidence) -> list[str]:
    """Return phrases that place the row's value: they follow "it is"."""
    call = evidence.statistics(claim.feature)
    if call is None or _call_of(detail) != call.id:
        return []
    match detail:
        case Position(label=None):
            return [f"{_more(detail.side)} than {{{detail.ref}}} of the training rows"]
        case Position():
            rows = f"the training rows labelled {_name(detail.call, str(detail.label))}"
            return [f"{_more(detail.side)} than {{{detail.ref}}} of {rows}"]
        case Deviation():
            return [f"{{{detail.ref}|abs}} standard deviations {detail.relation} the mean of the training rows"]
        case Closer(near=near, far=far):
            return [
                f"closer to the mean of the rows labelled {_name(detail.call, near)} ({{{detail.refs[1]}}}) "
                f"than to that of the rows labelled {_name(detail.call, far)} ({{{detail.refs[2]}}})"
            ]
        case Comparison():
            return _comparison(detail)
        case Share():
            return [f"as in {{{reference(detail.call, 'share')}}} of the training rows"]
    return []


def _call_of(claim: Claim) -> str:
    return claim.left.split(".", maxsplit=1)[0] if isinstance(claim, Comparison) else str(getattr(claim, "call", ""))


def _more(side: str) -> str:
    return "higher" if side == "above" else "lower"


def _name(call: str, label: str) -> str:
    return "{" + reference(call, "by_label", label) + "|name}"


def _comparison(claim: Comparison) -> list[str]:
    """Say how the row's value compares with a statistic, or one label's share with another's."""
    call, *path = claim.right.split(".")
    if path[0] == "share_by_label":
        more = "more" if claim.relation == "above" else "less"
        shares = [f"rows labelled {{{ref}|name}} ({{{ref}}})" for ref in (claim.left, claim.right)]
        return [f"{more} common among {shares[0]} than among {shares[1]}"]
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


def _remark(claim: Claim, evidence: Evidence) -> list[str]:
    """Say a claim that makes a step of its own."""
    label = _label(evidence)
    match claim:
        case Neighbours():
            return _neighbours(claim, label)
        case Calculation():
            return _calculation(claim, evidence)
        case Sum(call=call):
            base, total = _braced(f"{call}.base", f"{call}.total")
            scale = f"{_SPACE[evidence.value(f'{call}.space')]} {label}"
            return [
                f"Starting from {base}, the contributions of all features bring {scale} to {total}",
                f"Added to a base of {base}, the contributions of all features bring {scale} to {total}",
            ]
        case Unanimous():
            return [
                f"None of the contributions named here speaks against {label}",
                f"All the contributions named here point towards {label}",
            ]
        case Disagreement():
            return _disagreement(claim)
        case Abstention():
            return [
                "That probability is below the limit of {decision.abstain_below_probability} set for this run, "
                "so a person should decide"
            ]
    return []


def _neighbours(claim: Neighbours, label: str) -> list[str]:
    k, count = _braced(reference(claim.call, "k"), reference(claim.call, "labels", claim.label))
    if claim.extent in {"some", "one"}:
        are, carry = ("are", "carry") if claim.extent == "some" else ("is", "carries")
        return [
            f"Of the {k} most similar training rows, {count} {are} labelled {label}",
            f"Among the {k} training rows most like it, {count} {carry} the label {label}",
        ]
    word, verb = ("All", "are") if claim.extent == "all" else ("None", "is")
    return [
        f"{word} of the {k} most similar training rows {verb} labelled {label}",
        f"{word} of the {k} training rows most like it {'carry' if word == 'All' else 'carries'} the label {label}",
    ]


def _calculation(claim: Calculation, evidence: Evidence) -> list[str]:
    result = reference(claim.call, "result")
    match claim.topic:
        case "share":
            return [
                f"Together, the contributions named here make up {{{result}|percent}} of what all features contribute",
                f"What is named here accounts for {{{result}|percent}} of all the contributions",
            ]
        case "ratio":
            value, mean = claim.parts
            feature = "{" + value.rsplit(".", maxsplit=1)[0] + ".feature}"
            scope = "{" + mean.rsplit(".", maxsplit=1)[0] + "|name}"
            return [
                f"The value of {feature} is {{{result}}} times the mean of the rows labelled {scope} ({{{mean}}})",
                f"Against a mean of {{{mean}}} in the rows labelled {scope}, {feature} is {{{result}}} times as large",
            ]
        case "odds":
            label, other = _label(evidence), "{" + claim.parts[1] + "|name}"
            return [
                f"That makes {label} {{{result}}} times as likely as {other}",
                f"In odds, {label} is {{{result}}} times as likely as {other}",
            ]


def _disagreement(claim: Disagreement) -> list[str]:
    other = "The language model on its own would have answered {decision.llm} ({decision.llm_probability})"
    counted = {
        "predictor": "here the predictor's answer, {decision.predictor}, counted",
        "llm": "here its answer counted, not the predictor's, which was {decision.predictor}",
        "combined": "here both were combined, and the predictor's answer was {decision.predictor}",
    }[claim.counted]
    return [f"{other}; {counted}"]
