"""What can be said of labels: their probabilities, the answer, the most similar rows."""

from collections.abc import Callable
from typing import Literal

from agent.explanation.parsing.assertions import (
    Certain,
    Multiple,
    Number,
    Ordered,
    Predicted,
    Quantity,
    Stated,
)
from agent.explanation.parsing.clause import Clause, Said
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.lexer import Token
from agent.explanation.parsing.patterns import Match
from agent.explanation.parsing.words.labels import chooses
from tools.observation import reference

__all__ = ["ANSWERS"]

Make = Callable[[Match, Clause], Said | None]
Relation = Literal["above", "below"]


def _odds(match: Match, clause: Clause) -> Said:
    """One label so many times as likely as another."""
    call = clause.facts.evidence.find("probability")[-1].id
    left, right = (Quantity(refs=(reference(call, match.get("label", at)),)) for at in (0, 1))
    return Said([Multiple(left=left, factor=match.get("factor") or match.get("num"), right=right)])


def _leans(match: Match, _clause: Clause) -> Said | None:
    """The label that the model leans towards."""
    return Said([Predicted(label=match.get("label"))]) if match.get("effect") > 0 else None


def _probability(match: Match, clause: Clause) -> Said | None:
    """The probability of a label."""
    number: Number = match.get("num")
    match.has("sure")
    if clause.features and not match.has("prob") and not match.has("predict"):
        return None
    label = match.get("label") or clause.answer or clause.facts.evidence.label
    clause.answer = label
    call = clause.facts.evidence.find("probability")[-1].id
    if number.unit or (not number.percent and not (0 <= number.value <= 1 and number.step <= 0.01)):
        return None
    kinds = [token.kind for token in match.tokens]
    at = kinds.index("predict") if "predict" in kinds else -1
    chosen = at >= 0 and kinds[at + 1] == "label" and chooses(match.tokens[at].text)
    main = [Predicted(label=label)] if chosen else []
    clause.last = Quantity(refs=(reference(call, label),))
    stated = Stated(quantity=clause.last, number=number)

    def frame(other: str, number: Number) -> Stated:
        return Stated(quantity=_chance(clause.facts, other), number=number)

    clause.frame = frame
    return Said([*main], [stated]) if main else Said([stated])


def _predicted(match: Match, clause: Clause) -> Said | None:
    """The label that is predicted, or the place of a label by probability."""
    if not chooses(" ".join(token.text for token in match.all("predict"))):
        return None
    clause.answer = match.get("label")
    clause.features = ()
    clause.last = _chance(clause.facts, clause.answer)
    place = match.get("ord") if match.has("ord") else match.get("likely") or 0
    return Said([Predicted(label=match.get("label"), place=place)])


def _certain(match: Match, _clause: Clause) -> Said | None:
    """How sure the predictor is, perhaps of a label."""
    label = match.get("label")
    if (match.get("effect") or 1) < 0:
        return None
    of_label = [] if label is None else [Predicted(label=label)]
    return Said([*of_label, Certain(level=match.get("sure"))])


def _neighbours(match: Match, clause: Clause) -> Said | None:
    """How many of the most similar rows have a label."""
    call = clause.facts.evidence.find("similar")[-1]
    label = match.get("label") or match.get("group")[0]
    numbers = [t.value for t in match.all("quantity")] + [t.value for t in match.all("num")]
    if label not in clause.facts.labels or (match.has("group") and len(match.get("group")) > 1):
        return None
    count, k = reference(call.id, "labels", label), reference(call.id, "k")
    also = [Stated(quantity=Quantity(refs=(k,)), number=numbers[1])] if len(numbers) > 1 else []
    clause.near = True
    share: Number = numbers[0]
    if not share.percent:
        return Said([Stated(quantity=Quantity(refs=(count,)), number=share)], list(also))
    part = share.model_copy(update={"value": share.value / 100, "step": share.step / 100, "percent": False})
    return Said([Multiple(left=Quantity(refs=(count,)), factor=part, right=Quantity(refs=(k,)))], list(also))


def _more_neighbours(match: Match, clause: Clause) -> Said | None:
    """How many of the most similar rows have another label, where they are spoken of."""
    return _neighbours(match, clause) if clause.near else None


def _none_of_either(match: Match, clause: Clause) -> Said | None:
    """None of the most similar rows with one label or another."""
    call = clause.facts.evidence.find("similar")[-1]
    if match.get("quantity").value != 0:
        return None
    labels = [token.value for token in match.all("label")]
    none, refs = Number(value=0, step=1), [reference(call.id, "labels", label) for label in labels]
    return Said([Stated(quantity=Quantity(refs=(ref,)), number=none) for ref in refs])


def _agreeing(match: Match, clause: Clause) -> Said | None:
    """Most of the most similar rows agree with the prediction, or do not."""
    if not clause.near or (match.get("label") or clause.facts.evidence.label) != clause.facts.evidence.label:
        return None
    call = clause.facts.evidence.find("similar")[-1]
    count, k = (reference(call.id, *path) for path in (("labels", clause.facts.evidence.label), ("k",)))
    sign = match.get("agrees") or match.get("effect")
    if clause.negated:
        sign, clause.negated = -sign, False
    half = Number(value=0.5, step=1e-6, bound="over" if sign > 0 else "under")
    return Said([Multiple(left=Quantity(refs=(count,)), factor=half, right=Quantity(refs=(k,)))])


def _is_predicted(match: Match, clause: Clause) -> Said | None:
    """A label that *is predicted*."""
    passive = match.tokens[-1].text.split()[0] in {"is", "was", "be", "been", "being", "gets"}
    return _predicted(match, clause) if passive else None


def _sure_of(match: Match, _clause: Clause) -> Said:
    """The predictor is so sure that it is a label."""
    return Said([Predicted(label=match.get("label")), Certain(level=match.get("sure"))])


def _neighbours_first(match: Match, clause: Clause) -> Said:
    """The same with the number of similar rows first."""
    clause.near = True
    call = clause.facts.evidence.find("similar")[-1]
    count, k = reference(call.id, "labels", match.get("label")), reference(call.id, "k")
    return Said(
        [Stated(quantity=Quantity(refs=(count,)), number=match.get("num", 1))],
        [Stated(quantity=Quantity(refs=(k,)), number=match.get("num"))],
    )


def _chance(facts: Facts, label: str) -> Quantity:
    return Quantity(refs=(reference(facts.evidence.find("probability")[-1].id, label),))


def _likelier(match: Match, clause: Clause) -> Said:
    """One label more or less likely than another."""
    left, right = (_chance(clause.facts, match.get("label", at)) for at in (0, 1))
    return Said(
        [
            Ordered(
                left=left,
                relation=match.get("likelier") or match.get("rel"),
                right=right,
                degree=match.get("deg") or "",
            )
        ]
    )


def _unanimous(match: Match, clause: Clause) -> Said:
    """All of the most similar rows with one label."""
    call = clause.facts.evidence.find("similar")[-1]
    counts = (call.result or {})["labels"]
    first = match.get("label") or max(counts, key=lambda label: counts[label])
    clause.near = True
    count, k = (Quantity(refs=(ref,)) for ref in (reference(call.id, "labels", first), reference(call.id, "k")))
    return Said([Multiple(left=count, factor=Number(value=1, step=1e-6), right=k)])


def _neighbours_for(match: Match, clause: Clause) -> Said | None:
    """So many of the most similar rows with the predicted label."""
    if {match.get("effect"), match.get("agrees")} - {None, 1} or match.get("label") not in {
        None,
        clause.facts.evidence.label,
    }:
        return None
    label = Token("label", clause.facts.evidence.label, "")
    match.all("num", "quantity")
    kept = [token for token in match.tokens if token.kind != "label"]
    return _neighbours(Match([*kept, label]), clause)


def _said(match: Match, _clause: Clause) -> Said:
    """The predicted label, by name."""
    return Said([Predicted(label=match.get("label"))])


_LABEL = "(label | result)"
_CARRY = "(makes | be | labelled | which | comma | predict | those)*"

ANSWERS: list[tuple[str, Make]] = [
    (f"quantity num? neighbours {_CARRY} label or label", _none_of_either),
    ("(model | result)? sure (effect | for)? which (row1 | which | labelled | be | predict)* label", _sure_of),
    ("label predict (?! label)", _is_predicted),
    ("prob? label deg? (likelier | rel) prob? which? label", _likelier),
    ("plabel (be | comma | open | of)* label close?", _said),
    ("prob (of | for) label (be | of | comma | open)* num close?", _probability),
    ("(model | be)* predict label (for | open | comma)* (prob | sure)? num prob? close?", _probability),
    ("(model | predict)* prob num (of | for) label | model? num sure (of | for)? label?", _probability),
    ("predict? num prob (of | for)? label", _probability),
    ("(predict | model)? num (of | for) label | label (open | comma)* (prob of?)? num close? (?! (of | for)* (neighbours | rows | drivers))", _probability),
    ("prob num | num prob | num sure", _probability),
    ("likely label | label be likely", _predicted),
    ("model? predict label | result (be | of) label", _predicted),
    (f"(model | result)? sure (for | effect)? {_LABEL}?", _certain),
    (f"(num | quantity) (of? num)? neighbours {_CARRY} (label | group)", _neighbours),
    (f"quantity num neighbours {_CARRY} (label | group)", _neighbours),
    (f"num neighbours {_CARRY} quantity (of which)? {_CARRY} (label | group)", _neighbours),
    (f"(num | quantity) {_CARRY} label", _more_neighbours),
    ("which? (agrees | effect) (result | label | which)", _agreeing),
    ("(num | quantity) (of? num)? neighbours (contrib | agrees) (label | result)", _neighbours_for),
    ("num comma (?= model)", _probability),
    ("model? leaves num prob? (of | for) label | model? leaves label prob? num prob?", _probability),
    ("label be ord (likely | comma | (?= (makes | of | and | but)))", _predicted),
    ("label be likely", _predicted),
    ("other num (be | makes)? label", _neighbours),
    ("model effect label", _leans),
    ("label (factor | num multiple) aslikely label", _odds),
    ("makes label prob num", _probability),
    (f"of num neighbours comma? (num | quantity) {_CARRY} label", _neighbours_first),
    (f"neighbours {_CARRY} quantity (of which)? {_CARRY} (label | group)", _neighbours),
    ("neighbours (be | predict | makes)? unanimous label?", _unanimous),
    ("(num | quantity) (of? num)? neighbours effect (result | which)?", _neighbours_for),
]  # fmt: skip
