"""The grammar of true sentences: every way in which a list of claims may be said.

`wordings` maps claims to templates; a number or a name stands in a template only as the reference of a fact. The writer
picks among these templates, the verifier accepts no other: a changed word is found because no wording has it.
"""

from collections.abc import Sequence

from agent.explanation.claims import (
    Abstention,
    Calculation,
    Claim,
    Contribution,
    Disagreement,
    Label,
    Neighbours,
    Probability,
    Strongest,
    Sum,
    Unanimous,
)
from agent.explanation.evidence import Evidence
from agent.explanation.reasons import SPACE, braced, final_label, reason
from tools.observation import reference

__all__ = ["wordings"]

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
            return reason(claim, rest, evidence, previous)
        case [single]:
            return _remark(single, evidence)
    return []


def _opening(claim: Probability, evidence: Evidence) -> list[str]:
    label, p = final_label(evidence), "{" + evidence.probability_ref + "}"
    endings = [f"it gives {label} a probability of {p}", f"the probability of {label} is {p}"]
    if claim.certainty == "low":
        return [f"The predictor gives {label} a probability of {p}", f"The probability of {label} is {p}"]
    sure = [f"The predictor {verb}: {end}" for verb in _CERTAINTY[claim.certainty] for end in endings]
    return [
        *sure,
        f"For this row, the predictor puts the probability of {label} at {p} and {_CERTAINTY[claim.certainty][0]}",
    ]


def _conclusion(_: Label, rest: Sequence[Claim], evidence: Evidence) -> list[str]:
    label, p = final_label(evidence), "{" + evidence.probability_ref + "}"
    match rest:
        case [Probability(certainty=certainty), Strongest() as reason] if certainty not in {"against", "low", "unsure"}:
            name = "{" + reason.ref + ".feature}"
            if reason.side == "against":
                return [
                    f"Although {name} speaks against it, the row is classified as {label}, with a probability of {p}",
                    f"What {name} says against it does not change the answer: the row is classified as {label}, "
                    f"at a probability of {p}",
                ]
            return [
                f"With {name} as the strongest reason, the row is classified as {label}, at a probability of {p}",
                f"The row is classified as {label}, with a probability of {p}, and {name} speaks most for it",
            ]
        case [Probability(certainty="against" | "low")]:
            return [
                f"Although its probability is only {p}, the row is classified as {label}",
                f"The row is classified as {label}, with a probability of only {p}",
            ]
        case [Probability(certainty="unsure")]:
            return [
                f"On balance, the row is classified as {label}, but only with a probability of {p}",
                f"The row is classified as {label}, though this is not certain: its probability is {p}",
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


def _remark(claim: Claim, evidence: Evidence) -> list[str]:
    """Say a claim that makes a step of its own."""
    label = final_label(evidence)
    match claim:
        case Neighbours():
            return _neighbours(claim, label, evidence)
        case Calculation():
            return _calculation(claim, evidence)
        case Sum(call=call):
            share = "|share" if evidence.value(f"{call}.space") == "probability" else ""
            base, total = braced(f"{call}.base{share}", f"{call}.total{share}")
            scale = f"{SPACE[evidence.value(f'{call}.space')]} {label}"
            if _carried_by_base(call, evidence):
                return [
                    f"The base of {base} speaks for {label}, and the contributions of all features together bring "
                    f"{scale} down only to {total}",
                    f"What is named here is not all: the base of {base} speaks for {label}, and the contributions of "
                    f"all features bring {scale} down only to {total}",
                ]
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
            p, limit = evidence.probability_ref, "decision.abstain_below_probability"
            fine = "|fine" if evidence.shown(p) == evidence.shown(limit) else ""
            p, limit = braced(p + fine, limit + fine)
            return [
                f"At {p}, the probability of {label} is below the limit of {limit} set for this run, "
                "so a person should decide"
            ]
    return []


def _carried_by_base(call: str, evidence: Evidence) -> bool:
    """Tell whether a label is the answer though all contributions together speak against it."""
    if evidence.value(f"{call}.space") != "log-odds":
        return False
    base, total = (evidence.shown_number(f"{call}.{part}") for part in ("base", "total"))
    return base > total > 0


def _neighbours(claim: Neighbours, label: str, evidence: Evidence) -> list[str]:
    k, count = braced(reference(claim.call, "k"), reference(claim.call, "labels", claim.label))
    sample = reference(claim.call, "sample")
    rows = f"rows in a sample of {{{sample}}} training rows" if evidence.has(sample) else "training rows"
    if claim.extent in {"some", "one"}:
        are, carry = ("are", "carry") if claim.extent == "some" else ("is", "carries")
        return [
            f"Of the {k} most similar {rows}, {count} {are} labelled {label}",
            f"Among the {k} most similar {rows}, {count} {carry} the label {label}",
        ]
    word, verb = ("All", "are") if claim.extent == "all" else ("None", "is")
    return [
        f"{word} of the {k} most similar {rows} {verb} labelled {label}",
        f"{word} of the {k} most similar {rows} {'carry' if word == 'All' else 'carries'} the label {label}",
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
            label, other = final_label(evidence), "{" + claim.parts[1] + "|name}"
            return [
                f"By these probabilities, {label} is {{{result}}} times as likely as {other}",
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
