"""What can be said of contributions: patterns of phrases, each with the assertions it makes."""

from collections.abc import Callable
from typing import Any, Literal

from agent.explanation.parsing.assertions import (
    Count,
    Effect,
    Multiple,
    Number,
    Ordered,
    Quantity,
    Ranked,
    Sized,
    Stated,
)
from agent.explanation.parsing.clause import Clause, Said
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.patterns import Match
from tools.errors import ToolError
from tools.observation import reference

__all__ = ["INFLUENCES"]

Make = Callable[[Match, Clause], Said | None]
WORD = 0.3  # the step of a number in words
Relation = Literal["above", "below"]


def _size(facts: Facts, *features: str) -> Quantity:
    return Quantity(refs=tuple(facts.contribution(feature) for feature in features), absolute=True)


def _effect(match: Match, clause: Clause) -> Said:
    """The features move the result towards a label or away from it."""
    label = match.get("label") or clause.facts.evidence.label
    sign = match.get("effect")
    match.has("result")
    if not clause.features and clause.near:
        raise ToolError("The most similar rows are spoken of.")
    made = clause.each(lambda f: Effect(ref=clause.facts.contribution(f), sign=sign, label=label))
    force = getattr(sign, "force", None)
    sizes = [Sized(ref=clause.facts.contribution(f), force=force) for f in clause.features] if force else []
    return Said(made, list(sizes))


def _plainly(match: Match, clause: Clause) -> bool:
    """Tell whether a number may be a contribution's: one with *at* before it is a value, unless it has another sign."""
    number: Number = match.get("num")
    value = any(number.fits(clause.facts.number(feature)) for feature in clause.features)
    return all(token.text != "at" for token in match.tokens) or (number.signed and not value)


def _contribution(match: Match, clause: Clause) -> Said | None:
    """The size of a feature's contribution, perhaps with its direction."""
    number: Number = match.get("num")
    if not _plainly(match, clause):
        return None
    ref = clause.facts.contribution(clause.one())
    stated = Stated(quantity=Quantity(refs=(ref,), absolute=not number.signed), number=number)
    label, sign = match.get("label"), match.get("effect") or 1
    clause.sized = clause.contributed = True
    if any(token.text.startswith("add") for token in match.all("contributes")) and not number.signed:
        label = label or clause.facts.evidence.label
    if number.percent:
        return None
    if label is None and not match.has("effect"):
        return Said([stated])
    effect = Effect(ref=ref, sign=sign, label=label or clause.facts.evidence.label)
    return Said([effect], [stated])


def _of_all(match: Match) -> bool:
    """Tell whether a phrase that may say *of all* says that, and not *of some*."""
    quantity = match.get("quantity")
    return quantity is None or (quantity.value == 100 and quantity.bound == "is")


def _ranked(match: Match, clause: Clause) -> Said | None:
    """The rank of a feature's contribution, among all or those of one side."""
    (rank, side), extra = match.get("rankp"), match.get("subj")
    if not _of_all(match):
        return None
    label = match.get("label")
    if match.has("effect") or match.has("for") or label is not None:
        towards = (match.get("effect") or 1) * clause.facts.side(label or clause.facts.evidence.label)
        asked, side = side, "for" if towards > 0 else "against"
        if asked not in {"any", side}:
            return None
    if extra is not None and match.has("comma") and clause.features:
        return None
    clause.rank = rank
    also = []
    if extra is not None:
        values = clause.mention(extra)
        also = [*values.main, *values.also]
    return Said(clause.each(lambda f: Ranked(ref=clause.facts.contribution(f), rank=rank, side=side)), also)


def _most(match: Match, clause: Clause) -> Said:
    """The feature that contributes most, or most towards a label."""
    side: Any = "any"
    if match.has("effect") or match.has("label"):
        towards = (match.get("effect") or 1) * clause.facts.side(match.get("label") or clause.facts.evidence.label)
        side = "for" if towards > 0 else "against"
    rank = match.get("sup")
    return Said(clause.each(lambda f: Ranked(ref=clause.facts.contribution(f), rank=rank, side=side)))


def _most_for(match: Match, clause: Clause) -> Said:
    """The feature that speaks most for a label or against it."""
    towards = match.get("mostfor") * clause.facts.side(match.get("label") or clause.facts.evidence.label)
    side: Any = "for" if towards > 0 else "against"
    return Said(clause.each(lambda f: Ranked(ref=clause.facts.contribution(f), rank=0, side=side)))


def _each_ranked(match: Match, clause: Clause) -> Said | None:
    """The ranks of the features last mentioned, in their order."""
    ranks = [token.value[0] for token in match.all("rankp")]
    if len(ranks) != len(clause.features):
        return None
    clause.silent = ()
    pairs = zip(clause.features, ranks, strict=True)
    return Said([Ranked(ref=clause.facts.contribution(feature), rank=rank) for feature, rank in pairs])


def _only_one(match: Match, clause: Clause) -> Said:
    """The only feature that speaks for a label or against it."""
    label, sign = match.get("label") or clause.facts.evidence.label, match.get("effect")
    one = Count(top=None, sign=sign, label=label, share=Number(value=1, step=1))
    return Said([Effect(ref=clause.facts.contribution(clause.one()), sign=sign, label=label), one])


def _equal_contributions(match: Match, clause: Clause) -> Said | None:
    """Two features with about the same contribution."""
    word = match.tokens[-1].text if match.tokens[-1].kind == "same" else ""
    if len(clause.features) != 2 or not (match.has("contrib") or clause.sized or word == "neck and neck"):
        return None
    left, right = (_size(clause.facts, feature) for feature in clause.features)
    clause.silent = ()
    return Said([Ordered(left=left, relation="equal" if match.has("approx") else match.get("same"), right=right)])


def _contributions(match: Match, clause: Clause) -> Said | None:
    """The contributions of the features last mentioned, in their order."""
    numbers = [token.value for token in match.all("num")]
    named = (*clause.features, *clause.others)
    if len(numbers) != len(named):
        return None
    clause.silent = ()
    pairs = zip(named, numbers, strict=True)
    return Said(
        [],
        [
            Stated(quantity=Quantity(refs=(clause.facts.contribution(f),), absolute=not n.signed), number=n)
            for f, n in pairs
        ],
    )


def _spoken_of(match: Match, clause: Clause) -> Said | None:
    """*Both*, *all*, after the features themselves."""
    if (
        len(clause.features) < 2
        or match.get("quantity").value != 100
        or match.get("quantity").bound != "is"
        or not match.tokens[-1].text.startswith(("both", "all", "each", "every one"))
    ):
        return None
    clause.shared = False
    return Said([])


def _among_the_first(match: Match, clause: Clause) -> Said | None:
    """A feature among so many with the largest contributions."""
    number = match.get("num")
    if match.get("sup") == -1 or (number.step not in {1, WORD}) or number.bound != "is" or number.percent:
        return None
    if match.has("rankp") and match.get("rankp") != (0, "any"):
        return None
    if match.has("quantity") and match.get("quantity").value != 100:
        return None
    rank = int(number.value) - 1
    if match.has("subj"):
        clause.mention(match.get("subj"))
    if (match.has("subj") or match.has("makes")) and len(clause.features) != rank + 1:
        return None
    return Said(clause.each(lambda f: Ranked(ref=clause.facts.contribution(f), rank=rank, within=True)))


def _outweighs(match: Match, clause: Clause) -> Said | None:
    """One feature's contribution larger or smaller than another's."""
    if not clause.shared:
        return None
    relation, others, degree = match.get("outweighs") or match.get("rel"), match.get("subj"), match.get("deg") or ""
    if not clause.features or relation not in {"above", "below"}:
        return None
    values = clause.values(others)
    clause.others = others.features
    left = _size(clause.facts, *clause.features)
    clause.silent = ()
    orders = [
        Ordered(left=left, relation=relation, right=_size(clause.facts, other), degree=degree)
        for other in others.features
    ]
    return Said(list(orders), [*values.main, *values.also])


def _times_feature(match: Match, clause: Clause) -> Said | None:
    """One feature's contribution so many times another's."""
    spoken = match.has("contributes") or match.has("contrib") or clause.sized or match.get("subj").sized
    if not spoken or "below" in {match.get("cmp"), match.get("rel")}:
        return None
    other = match.get("subj")
    values = clause.values(other)
    left, right = _size(clause.facts, *clause.features), _size(clause.facts, *other.features)
    clause.silent = ()
    return Said([Multiple(left=left, factor=match.get("factor"), right=right)], [*values.main, *values.also])


def _share_of_all(match: Match, clause: Clause) -> Said | None:
    """The share of a feature's contribution in all of them."""
    if not clause.features or (len(clause.features) > 1 and not clause.shared):
        return None
    number: Number = match.get("num")
    if not number.percent:
        return None
    part = number.model_copy(update={"value": number.value / 100, "step": number.step / 100, "percent": False})
    whole = Quantity(refs=(reference(clause.facts.evidence.explained.id, "absolute"),))
    size = _size(clause.facts, *clause.features)
    clause.silent = ()
    return Said([Multiple(left=size, factor=part, right=whole)])


def _counted(match: Match, clause: Clause) -> Said | None:
    """How many of the strongest features speak for a label or against it."""
    counts = [token.value for token in match.all("num", "quantity")]
    if match.get("sup") == -1 or any(n.percent and n.step >= 1e-5 for n in counts) or match.has("cmp"):
        return None
    if match.tokens[0].kind in {"of", "for"}:  # of the ten features, six …
        counts = counts[1:] + counts[:1]
    named = match.has("drivers") or match.has("driver") or match.has("contrib")
    share, top = counts[0], None if named else clause.top
    if len(counts) > 1:
        if counts[1].percent:
            return None
        top = int(counts[1].value)
    clause.top = top
    label, sign = match.get("label") or clause.facts.evidence.label, match.get("effect")
    return Said([Count(top=top, sign=sign, label=label, share=share)])


def _some_more(match: Match, clause: Clause) -> Said | None:
    """How many others of the same features do."""
    return _counted(match, clause) if clause.top is not None else None


def _from_base(match: Match, clause: Clause) -> Said | None:
    """The contributions lead from the base to the total."""
    call = clause.facts.evidence.explained.id
    base, total = (Quantity(refs=(reference(call, name),)) for name in ("base", "total"))
    if (match.get("label") or clause.facts.evidence.label) != clause.facts.evidence.label or not _of_all(match):
        return None
    up = (match.get("effect") or 1) * clause.facts.side(match.get("label") or clause.facts.evidence.label) > 0
    given = [Stated(quantity=q, number=match.get("num", at)) for at, q in enumerate((base, total))]
    if match.has("leads") or match.has("start"):
        return Said([], list(given))
    return Said([Ordered(left=total, relation="above" if up else "below", right=base)], list(given))


def _base(match: Match, clause: Clause) -> Said | None:
    """The base value, or the total that all contributions lead to."""
    name = "base" if match.has("base") else "total"
    ref = reference(clause.facts.evidence.explained.id, name)
    if name == "total" and clause.features and not match.has("be"):
        return None
    return Said([Stated(quantity=Quantity(refs=(ref,)), number=match.get("num"))])


def _forced(match: Match, clause: Clause) -> list[Any]:
    """Return what is said of the size of the features' contributions: strong, weak or negligible."""
    words = {"well": "strong", "slightly": "weak", "high": "strong", "very high": "strong", "low": "weak"}
    words |= {
        "moderate": "moderate",
        "very low": "negligible",
        "strong": "strong",
        "weak": "weak",
        "negligible": "negligible",
    }
    found = [words.get(token.value) for token in match.all("force", "deg", "level")]
    if None in found:
        raise ToolError("Not the size of a contribution.")
    return [
        Sized.model_validate({"ref": clause.facts.contribution(feature), "force": force})
        for force in found
        for feature in clause.features
    ]


def _effect_sized(match: Match, clause: Clause) -> Said:
    """The features move the result, strongly or hardly, perhaps by so much."""
    effect = _effect(match, clause)
    number = match.get("num")
    given = [] if number is None else [_amount(clause, number)]
    return Said([*effect.main], [*effect.also, *_forced(match, clause), *given])


def _amount(clause: Clause, number: Number) -> Stated:
    """Return what a number says of the contribution of one feature, or of several together."""
    if number.percent:
        raise ToolError("A contribution is no percentage.")
    refs = tuple(clause.facts.contribution(feature) for feature in clause.features)
    clause.contributed = True
    signs = {clause.facts.evidence.value(ref) > 0 for ref in refs}
    if len(signs) > 1:
        raise ToolError("These contributions have different signs.")
    return Stated(quantity=Quantity(refs=refs, absolute=not number.signed), number=number)


def _size_said(match: Match, clause: Clause) -> Said:
    """The contribution strong, weak or negligible."""
    clause.each(lambda f: Effect(ref=clause.facts.contribution(f), sign=1, label=clause.facts.evidence.label))
    clause.sized = True
    return Said(_forced(match, clause))


def _important(match: Match, clause: Clause) -> Said | None:
    """A feature that is important or negligible, or a contribution that is."""
    said_of_it = any(word in match.all("force")[0].text for word in ("significant", "important", "decisive"))
    if not match.has("driver") and not said_of_it and not clause.sized:
        return None
    return _size_said(match, clause)


def _summed(match: Match, clause: Clause) -> Said | None:
    """The contribution of several features together."""
    if len(clause.features) < 2:
        return None
    clause.silent = ()
    stated = _amount(clause, match.get("num"))
    if match.has("effect"):
        return Said([*_effect(match, clause).main], [stated])
    if match.has("label"):
        label = match.get("label")
        return Said(clause.each(lambda f: Effect(ref=clause.facts.contribution(f), sign=1, label=label)), [stated])
    return Said([stated])


def _followed(match: Match, clause: Clause) -> Said | None:
    """*Followed by*: the features of the next ranks."""
    if clause.rank is None or clause.rank < 0:
        return None
    rank, subject = clause.rank + 1, match.get("subj")
    values = clause.mention(subject)
    clause.silent = ()
    made = [Ranked(ref=clause.facts.contribution(f), rank=rank + n) for n, f in enumerate(subject.features)]
    clause.rank = rank + len(made) - 1
    return Said(list(made), [*values.main, *values.also])


def _main_ones(match: Match, clause: Clause) -> Said | None:
    """*The main reasons are …*: the features of the first ranks, in any order."""
    subject = match.get("subj")
    if match.get("sup") != 0 or match.get("effect", 0) not in {None, 1} or len(subject.features) < 2:
        return None
    if (match.get("label") or clause.facts.evidence.label) != clause.facts.evidence.label:
        return None
    values = clause.mention(subject)
    clause.silent = ()
    side: Any = "for" if match.get("drivers") == "for" else "any"
    rank = len(subject.features) - 1
    made = [Ranked(ref=clause.facts.contribution(f), rank=rank, within=True, side=side) for f in subject.features]
    return Said(list(made), [*values.main, *values.also])


def _each_amount(match: Match, clause: Clause) -> Said | None:
    """The contributions of several features, in their order, with their direction."""
    said = _contributions(match, clause)
    return said and Said(_effect(match, clause).main, [*said.also, *_forced(match, clause)])


def _sized_numbers(match: Match, clause: Clause) -> Said | None:
    """The contributions of several features, where those are spoken of."""
    return _contributions(match, clause) if clause.sized else None


def _comes(match: Match, clause: Clause) -> Said | None:
    """*Comes third*: the rank of one feature."""
    clause.rank = match.get("ord")
    return Said([Ranked(ref=clause.facts.contribution(clause.one()), rank=match.get("ord"))])


def _signed(match: Match, clause: Clause) -> Said | None:
    """A contribution that *is positive*."""
    if not clause.sized:
        return None
    sign, label = match.get("signed"), clause.facts.evidence.label
    return Said(clause.each(lambda f: Effect(ref=clause.facts.contribution(f), sign=sign, label=label)))


def _ranked_with(match: Match, clause: Clause) -> Said | None:
    """The largest contribution, with its number, and whose it is."""
    if not _plainly(match, clause):
        return None
    said = _ranked(match, clause)
    return said and Said(said.main, [*said.also, _amount(clause, match.get("num"))])


def _signed_number(match: Match, clause: Clause) -> Said | None:
    """A number with a sign where a feature is spoken of: its contribution, if it is not its value."""
    number: Number = match.get("num")
    if not number.signed or len(clause.features) != 1 or number.unit:
        return None
    quantity = clause.signed(clause.features[0], number)
    clause.sized = quantity.refs[0].endswith("contribution")
    return Said([Stated(quantity=quantity, number=number)])


def _sized_number(match: Match, clause: Clause) -> Said | None:
    """A number where a contribution is spoken of, if it is not the row's value."""
    number: Number = match.get("num")
    if not clause.sized:
        return None
    own = number.signed and len(clause.features) == 1
    quantity = clause.signed(clause.features[0], number) if own else None
    if quantity is not None and not quantity.refs[0].endswith("contribution"):
        return Said([Stated(quantity=quantity, number=number)])
    return Said([_amount(clause, number)])


def _sized_than(match: Match, clause: Clause) -> Said | None:
    """A contribution larger or smaller than another, where one is spoken of."""
    return _outweighs(match, clause) if clause.sized or match.get("subj").sized else None


_LABEL = "(label | result | which)"
_FORCE = "(force | deg | level)"
_NUMBER = "(comma? (by | contrib | contributes | open)* (of | by)* num close?)"

INFLUENCES: list[tuple[str, Make]] = [
    ("(approx | deg)? same (contrib | drivers)?", _equal_contributions),
    ("open num (than | and | comma) num close | of num and num", _contributions),
    ("(together | alone)? comma? (contributes | amounts)? alone? num (of | for) absolute", _share_of_all),
    (f"together (contributes | effect | contrib | by)* {_LABEL}? num (of | for | effect | result)* label?", _summed),
    (f"(contributes | contrib | comma)* contrib (of result)? (of | be | comma | open)* num close? (comma | for)? effect? {_LABEL}?", _contribution),
    ("contributes (deg | approx)? num (of | for | effect | result)* label?", _contribution),
    ("open? num (of | for) contrib close?", _contribution),
    ("rankp and rankp", _each_ranked),
    ("(comma | open | of)* num close? (?! (of | for)* (group | label | rows | neighbours | drivers | absolute))", _signed_number),
    ("(comma | and | but)* followed subj", _followed),
    ("sup drivers (for result | effect (label | result | which)?)? subj", _main_ones),
    ("rankp comma? num comma? subj", _ranked_with),
    (f"rankp (effect | for)? {_LABEL}? (comma | open | of) num close?", _ranked_with),
    ("be ord (in? rank)? (?! (sup | driver | drivers | contrib | percentile | num | stat | force | likely | rankp))", _comes),
    ("signed", _signed),
    ("num and num comma? respectively?", _sized_numbers),
    (f"effect {_LABEL}? {_FORCE}? comma? (by | of) num and num comma? respectively?", _each_amount),
    ("deg? rel which? subj", _sized_than),
    (f"and? rankp (effect | for)? {_LABEL}? comma? subj", _ranked),
    (f"contributes? rankp (effect | for)? {_LABEL}? (for | of)* (overall drivers? | quantity drivers? | drivers)?", _ranked),
    (f"(only? driver? which?)? contributes sup effect? {_LABEL}?", _most),
    (f"only (driver | contrib) which? effect {_LABEL}?", _only_one),
    ("quantity? num (sup (driver | contrib | drivers) | rankp)", _among_the_first),
    ("num (sup drivers | rankp) comma? subj", _among_the_first),
    ("together? deg? outweighs deg? subj | (contributes | makes contrib) (deg | approx)? rel subj", _outweighs),
    ("(contributes | contrib)* factor (as | which | rel | than | contributes | contrib | cmp)* subj", _times_feature),
    (f"(num | quantity) cmp? of? (num? sup? | sup? num?) (drivers | driver | contrib) which? effect {_LABEL}?", _counted),
    (f"(of | for) num sup? drivers (labelled | comma)* num effect {_LABEL}?", _counted),
    (f"num effect ({_LABEL} | which)?", _some_more),
    (f"(contrib | drivers)? effect {_LABEL}? of base of num of total of num", _from_base),
    ("quantity", _spoken_of),
    (f"(result | which)? mostfor ({_LABEL} | which)?", _most_for),
    (f"which mostfor ({_LABEL} | which)? be subj", _most_for),
    ("start num comma? (drivers | contrib) (of quantity drivers)? leads label of num", _from_base),
    ("(base | total) num", _base),
    ("start (base of)? num comma? quantity? (contrib | drivers | which) (contributes | leads | result | effect)* (of | by)* total? num", _from_base),
    ("force driver? (for result)? (?! (effect | contrib | contributes | driver | of | for))", _important),
    (f"contrib effect {_LABEL}", _effect),
    (f"(contrib | drivers)? effect {_LABEL}? start num total num", _from_base),
    (f"quantity num of sup? drivers which? effect {_LABEL}?", _counted),
    ("takes num effect (result (of | for)?)? label?", _effect_sized),
    (f"{_FORCE}? effect {_LABEL}? {_FORCE}? {_NUMBER}", _effect_sized),
    (f"{_FORCE} effect {_LABEL}? | effect {_LABEL} {_FORCE}", _effect_sized),
    (f"{_FORCE} contrib ((of | for)* {_LABEL})? | {_FORCE} contributes ((of | for)* {_LABEL})? | contributes {_FORCE} ((of | for)* {_LABEL})? | contrib (of | for)* {_LABEL}? be {_FORCE}", _size_said),
    ("effect result (of | for)? label | effect label result?", _effect),
    (f"effect {_LABEL}?", _effect),
]  # fmt: skip
