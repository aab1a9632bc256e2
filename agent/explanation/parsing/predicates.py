"""What can be said: patterns of phrases, each with the assertions it makes. The first that fits is taken."""

from collections.abc import Callable
from typing import Any, Literal

from agent.explanation.parsing.assertions import (
    Certain,
    Count,
    Effect,
    HasCategory,
    Level,
    Multiple,
    Nearer,
    Number,
    Ordered,
    Predicted,
    Quantity,
    Ranked,
    Stated,
)
from agent.explanation.parsing.clause import Clause, Said
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import Match, Pattern, Statistic
from tools.observation import reference

__all__ = ["PREDICATES"]

Make = Callable[[Match, Clause], Said | None]
Relation = Literal["above", "below"]


def _value(facts: Facts, feature: str) -> Quantity:
    return Quantity(refs=(facts.value(feature),))


def _statistic(facts: Facts, feature: str, found: Statistic, label: str) -> Quantity:
    ref, spread = (facts.statistic(feature, name, label or None) for name in (found.name, "std"))
    return Quantity(refs=(ref,), spread=spread)


def _scopes(found: Statistic, clause: Clause, default: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    """Return whose rows a statistic is of: one label, several, or all rows."""
    clause.labels = tuple(x for y in found.labels or default for x in (clause.facts.labels if y == "*" else [y]))
    return clause.labels


def _given(facts: Facts, feature: str, found: Statistic, label: str) -> list[Any]:
    """Return what a sentence says a statistic is."""
    if found.number is None:
        return []
    return [Stated(quantity=_statistic(facts, feature, found, label), number=found.number)]


def _size(facts: Facts, *features: str) -> Quantity:
    return Quantity(refs=tuple(facts.contribution(feature) for feature in features), absolute=True)


def _order(left: Quantity, match: Match, right: Quantity) -> Ordered:
    relation = match.get("rel")
    if relation in {"least", "most"}:
        return Ordered(left=left, relation="above" if relation == "least" else "below", right=right, or_equal=True)
    return Ordered(left=left, relation=relation or "equal", right=right, degree=match.get("deg") or "")


def _against_statistic(match: Match, clause: Clause) -> Said:
    """The row's value above, below or about a statistic, or several."""
    feature = clause.placed()
    left, made, given = _value(clause.facts, feature), [], []
    for found in [token.value for token in match.tokens if token.kind == "statq"]:
        for label in _scopes(found, clause):
            clause.last = _statistic(clause.facts, feature, found, label)
            made.append(_order(left, match, clause.last))
            given += _given(clause.facts, feature, found, label)
    clause.last = clause.last if len(made) == 1 and not given else None
    return Said(list(made), given)


def _between(match: Match, clause: Clause) -> Said | None:
    """The row's value between two statistics."""
    feature, ends = clause.placed(), (match.get("statq"), match.get("statq", 1))
    if any(len(end.labels) > 1 for end in ends):
        return None
    scopes = [(end.labels or ("",))[0] for end in ends]
    value = Quantity(refs=(clause.facts.value(feature),))
    one, other = (_statistic(clause.facts, feature, end, x) for end, x in zip(ends, scopes, strict=True))
    given = [g for end, x in zip(ends, scopes, strict=True) for g in _given(clause.facts, feature, end, x)]
    evidence = clause.facts.evidence
    low, high = (one, other) if one.of(evidence) <= other.of(evidence) else (other, one)
    return Said(
        [
            Ordered(left=value, relation="above", right=low, or_equal=True),
            Ordered(left=value, relation="below", right=high, or_equal=True),
        ],
        given,
    )


def _at_the_end(match: Match, clause: Clause) -> Said | None:
    """The row's value is the smallest or the largest; or a statistic is what the sentence says."""
    feature, found = clause.placed(), match.get("statq")
    scopes = _scopes(found, clause, clause.labels or ("",))
    given = [one for label in scopes for one in _given(clause.facts, feature, found, label)]
    if given:
        return Said([], given)
    if found.name not in {"min", "max"}:
        return None
    relation: Relation = "below" if found.name == "min" else "above"
    value = _value(clause.facts, feature)
    return Said(
        [
            Ordered(left=value, relation=relation, right=_statistic(clause.facts, feature, found, x), or_equal=True)
            for x in scopes
        ]
    )


def _between_statistics(match: Match, clause: Clause) -> Said | None:
    """One statistic of a feature above or below another, or so many times it."""
    feature, one, other = clause.placed(), match.get("statq"), match.get("statq", 1)
    scopes = [(one.labels or ("",))[0], (other.labels or ("",))[0]]
    if len(one.labels) > 1 or len(other.labels) > 1:
        return None
    left, right = (_statistic(clause.facts, feature, f, x) for f, x in zip((one, other), scopes, strict=True))
    given = [g for f, x in zip((one, other), scopes, strict=True) for g in _given(clause.facts, feature, f, x)]
    if match.has("factor"):
        return Said([Multiple(left=left, factor=match.get("factor"), right=right)], given)
    return Said([_order(left, match, right)], given)


def _times_statistic(match: Match, clause: Clause) -> Said:
    """The row's value so many times a statistic."""
    feature, found = clause.placed(), match.get("statq")
    value, scopes = _value(clause.facts, feature), _scopes(found, clause)
    ratios = [
        Multiple(left=value, factor=match.get("factor"), right=_statistic(clause.facts, feature, found, label))
        for label in scopes
    ]
    return Said(list(ratios), [given for label in scopes for given in _given(clause.facts, feature, found, label)])


def _nearer(match: Match, clause: Clause) -> Said | None:
    """The row's value closer to one mean than to another."""
    feature, found = clause.placed(), (match.get("statq"), match.get("statq", 1))
    if any(len(one.labels) > 1 for one in found):
        return None
    pairs = [(one, (one.labels or ("",))[0]) for one in found]
    refs = [clause.facts.statistic(feature, one.name, label or None) for one, label in pairs]
    given = [g for one, label in pairs for g in _given(clause.facts, feature, one, label)]
    return Said([Nearer(value=clause.facts.value(feature), near=refs[0], far=refs[1])], given)


def _nearer_elided(match: Match, clause: Clause) -> Said | None:
    """The row's value closer to one mean than to that of other rows."""
    feature, near = clause.placed(), match.get("statq")
    scopes = match.get("group") or (match.get("label"),)
    if len(near.labels) > 1 or len(scopes) > 1:
        return None
    far = Statistic(near.name, scopes, match.get("num"))
    refs = [clause.facts.statistic(feature, near.name, (x or ("",))[0] or None) for x in (near.labels, far.labels)]
    given = [g for f in (near, far) for g in _given(clause.facts, feature, f, (f.labels or ("",))[0])]
    return Said([Nearer(value=clause.facts.value(feature), near=refs[0], far=refs[1])], given)


def _value_given(match: Match, clause: Clause) -> Said:
    """The row's value."""
    return Said([], [Stated(quantity=_value(clause.facts, clause.placed()), number=match.get("num"))])


def _rows(match: Match, clause: Clause) -> tuple[str, ...]:
    """Return whose rows a phrase speaks of."""
    group, label = match.get("group"), match.get("label")
    found = group if group is not None else (label,) if label is not None else ("",)
    clause.labels = tuple(clause.facts.labels) if "*" in found else found
    return clause.labels


def _placed(match: Match, clause: Clause) -> Said | None:
    """The row's value above or below so many of the rows."""
    relation, share = match.get("rel"), match.get("num") or match.get("quantity")
    if relation not in {"above", "below"} or not share.percent:
        return None
    side = "below" if relation == "above" else "above"
    refs = [clause.facts.position(clause.placed(), side, label or None) for label in _rows(match, clause)]
    return Said([Stated(quantity=Quantity(refs=(ref,)), number=share) for ref in refs])


def _rows_beyond(match: Match, clause: Clause) -> Said | None:
    """So many of the rows above or below the row's value."""
    relation, share = match.get("rel") or match.get("cmp"), match.get("num") or match.get("quantity")
    if relation not in {"above", "below"} or not share.percent:
        return None
    also = []
    if match.has("subj"):
        values = clause.mention(match.get("subj"))
        also = [*values.main, *values.also]
    refs = [clause.facts.position(clause.placed(), relation, label or None) for label in _rows(match, clause)]
    return Said([Stated(quantity=Quantity(refs=(ref,)), number=share) for ref in refs], also)


def _range(match: Match, clause: Clause) -> Said:
    """The row's value within the range of the rows."""
    feature, ends = clause.placed(), ("min", "max") if match.has("range") else ("q1", "q3")
    value = _value(clause.facts, feature)
    made: list[Any] = []
    for label in _rows(match, clause):
        low, high = (Quantity(refs=(clause.facts.statistic(feature, end, label or None),)) for end in ends)
        made.append(Ordered(left=value, relation="above", right=low, or_equal=True))
        made.append(Ordered(left=value, relation="below", right=high, or_equal=True))
    return Said(made)


def _deviations(match: Match, clause: Clause) -> Said | None:
    """The row's value so many standard deviations above or below the mean."""
    feature, found, relation = clause.placed(), match.get("statq"), match.get("rel")
    if found is not None and (found.name != "mean" or found.number is not None or len(found.labels) > 1):
        return None
    score = _z_score(clause, feature, "" if found is None else (found.labels or ("",))[0])
    zero = Quantity(number=Number(value=0, step=1))
    size = score.model_copy(update={"absolute": True})
    return Said([Ordered(left=score, relation=relation, right=zero)], [Stated(quantity=size, number=match.get("num"))])


def _z_score(clause: Clause, feature: str, label: str) -> Quantity:
    scope = ("value_by_label", label) if label else ()
    return Quantity(refs=(reference(clause.facts.calls[feature], *scope, "z_score"),))


def _score(match: Match, clause: Clause) -> Said:
    """The z-score of the row's value."""
    feature = clause.placed()
    scores = [_z_score(clause, feature, label) for label in _rows(match, clause)]
    return Said([], [Stated(quantity=score, number=match.get("num")) for score in scores])


def _percentile(match: Match, clause: Clause) -> Said:
    """The percentile of the row's value."""
    place = match.get("ord")
    number = match.get("num") or Number(value=place + 1, step=1)
    number = number.model_copy(update={"percent": False})
    refs = [clause.facts.position(clause.placed(), "percentile", label or None) for label in _rows(match, clause)]
    return Said([], [Stated(quantity=Quantity(refs=(ref,)), number=number) for ref in refs])


def _level(match: Match, clause: Clause) -> Said:
    """The row's value high, low, typical or unusual among the rows."""
    made = []
    for label in _rows(match, clause):
        sides = [clause.facts.position(clause.placed(), side, label or None) for side in ("below", "above")]
        made.append(Level(below=sides[0], above=sides[1], level=match.get("level")))
    return Said(list(made))


def _effect(match: Match, clause: Clause) -> Said:
    """The features move the result towards a label or away from it."""
    label = match.get("label") or clause.facts.evidence.label
    sign = match.get("effect")
    return Said(clause.each(lambda f: Effect(ref=clause.facts.contribution(f), sign=sign, label=label)))


def _contribution(match: Match, clause: Clause) -> Said:
    """The size of a feature's contribution, perhaps with its direction."""
    number: Number = match.get("num")
    ref = clause.facts.contribution(clause.one())
    stated = Stated(quantity=Quantity(refs=(ref,), absolute=not number.signed), number=number)
    label, sign = match.get("label"), match.get("effect") or 1
    clause.sized = True
    if label is None and not match.has("effect"):
        return Said([stated])
    effect = Effect(ref=ref, sign=sign, label=label or clause.facts.evidence.label)
    return Said([effect], [stated])


def _ranked(match: Match, clause: Clause) -> Said:
    """The rank of a feature's contribution, among all or those of one side."""
    (rank, side), extra = match.get("rankp"), match.get("subj")
    label = match.get("label")
    if match.has("effect") or match.has("for") or label is not None:
        towards = (match.get("effect") or 1) * clause.facts.side(label or clause.facts.evidence.label)
        side = "for" if towards > 0 else "against"
    also = []
    if extra is not None:
        values = clause.mention(extra)
        also = [*values.main, *values.also]
    return Said(clause.each(lambda f: Ranked(ref=clause.facts.contribution(f), rank=rank, side=side)), also)


def _most(match: Match, clause: Clause) -> Said:
    """The feature that contributes most, or most towards a label."""
    side: Any = "any"
    if match.has("effect"):
        towards = match.get("effect") * clause.facts.side(match.get("label") or clause.facts.evidence.label)
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
    ranks = [token.value[0] for token in match.tokens if token.kind == "rankp"]
    if len(ranks) != len(clause.features):
        return None
    clause.silent = ()
    pairs = zip(clause.features, ranks, strict=True)
    return Said([Ranked(ref=clause.facts.contribution(feature), rank=rank) for feature, rank in pairs])


def _odds(match: Match, clause: Clause) -> Said:
    """One label so many times as likely as another."""
    call = clause.facts.evidence.find("probability")[-1].id
    left, right = (Quantity(refs=(reference(call, match.get("label", at)),)) for at in (0, 1))
    return Said([Multiple(left=left, factor=match.get("factor") or match.get("num"), right=right)])


def _only_one(match: Match, clause: Clause) -> Said:
    """The only feature that speaks for a label or against it."""
    label, sign = match.get("label") or clause.facts.evidence.label, match.get("effect")
    one = Count(top=None, sign=sign, label=label, share=Number(value=1, step=1))
    return Said([Effect(ref=clause.facts.contribution(clause.one()), sign=sign, label=label)], [one])


def _equal_contributions(_match: Match, clause: Clause) -> Said | None:
    """Two features with about the same contribution."""
    if len(clause.features) != 2:
        return None
    left, right = (_size(clause.facts, feature) for feature in clause.features)
    clause.silent = ()
    return Said([Ordered(left=left, relation="equal", right=right)])


def _contributions(match: Match, clause: Clause) -> Said | None:
    """The contributions of the features last mentioned, in their order."""
    numbers = [token.value for token in match.tokens if token.kind == "num"]
    named = (*clause.features, *clause.others)
    if len(numbers) != len(named):
        return None
    clause.silent = ()
    pairs = zip(named, numbers, strict=True)
    return Said([], [Stated(quantity=Quantity(refs=(clause.facts.contribution(f),)), number=n) for f, n in pairs])


def _also_given(match: Match, clause: Clause) -> Said | None:
    """What the statistic last spoken of is."""
    if clause.last is None:
        return None
    return Said([], [Stated(quantity=clause.last, number=match.get("num"))])


def _being(match: Match, clause: Clause) -> Said | None:
    """Being or not being what a feature asks for: *not being a student*."""
    subject = match.get("subj")
    known = clause.facts.categories.get(subject.features[0], [])
    wanted = {"no", "false"} if match.has("not") else {"yes", "true"}
    category = next((name for name in known if name.lower() in wanted), None)
    if category is None or subject.numbers or subject.categories or len(subject.features) > 1:
        return None
    clause.mention(subject)
    clause.silent, clause.negated = (), False
    return Said([HasCategory(ref=clause.facts.value(subject.features[0]), category=category)])


def _spoken_of(match: Match, clause: Clause) -> Said | None:
    """*Both*, *all*, after the features themselves."""
    return Said([]) if len(clause.features) > 1 and match.get("quantity").value == 100 else None


def _leans(match: Match, _clause: Clause) -> Said | None:
    """The label that the model leans towards."""
    return Said([Predicted(label=match.get("label"))]) if match.get("effect") > 0 else None


def _categorical(match: Match, clause: Clause) -> Said | None:
    """The row's category, where it is called like a label."""
    feature, category = clause.one(), match.get("label")
    if category not in clause.facts.categories.get(feature, []):
        return None
    return Said([HasCategory(ref=clause.facts.value(feature), category=category)])


def _among_the_first(match: Match, clause: Clause) -> Said:
    """A feature among so many with the largest contributions."""
    number = match.get("num")
    rank = int(number.value) - 1
    if match.has("subj"):
        clause.mention(match.get("subj"))
    return Said(clause.each(lambda f: Ranked(ref=clause.facts.contribution(f), rank=rank, within=True)))


def _outweighs(match: Match, clause: Clause) -> Said | None:
    """One feature's contribution larger or smaller than another's."""
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


def _times_feature(match: Match, clause: Clause) -> Said:
    """One feature's contribution so many times another's."""
    other = match.get("subj")
    values = clause.values(other)
    left, right = _size(clause.facts, *clause.features), _size(clause.facts, *other.features)
    clause.silent = ()
    return Said([Multiple(left=left, factor=match.get("factor"), right=right)], [*values.main, *values.also])


def _share_of_all(match: Match, clause: Clause) -> Said | None:
    """The share of a feature's contribution in all of them."""
    number: Number = match.get("num")
    if not number.percent:
        return None
    part = number.model_copy(update={"value": number.value / 100, "step": number.step / 100, "percent": False})
    whole = Quantity(refs=(reference(clause.facts.evidence.explained.id, "absolute"),))
    size = _size(clause.facts, *clause.features)
    clause.silent = ()
    return Said([Multiple(left=size, factor=part, right=whole)])


def _probability(match: Match, clause: Clause) -> Said | None:
    """The probability of a label."""
    number: Number = match.get("num")
    if clause.features and not match.has("prob") and not match.has("predict"):
        return None
    label = match.get("label") or clause.facts.evidence.label
    call = clause.facts.evidence.find("probability")[-1].id
    if not number.percent and not 0 <= number.value <= 1:
        return None
    kinds = [token.kind for token in match.tokens]
    chosen = "predict" in kinds and kinds[kinds.index("predict") + 1] == "label"
    main = [Predicted(label=label)] if chosen else []
    stated = Stated(quantity=Quantity(refs=(reference(call, label),)), number=number)
    return Said([*main], [stated]) if main else Said([stated])


def _predicted(match: Match, _clause: Clause) -> Said:
    """The label that is predicted."""
    return Said([Predicted(label=match.get("label"), place=match.get("likely") or 0)])


def _certain(match: Match, _clause: Clause) -> Said:
    """How sure the predictor is."""
    return Said([Certain(level=match.get("sure"))])


def _counted(match: Match, clause: Clause) -> Said | None:
    """How many of the strongest features speak for a label or against it."""
    counts = [token.value for token in match.tokens if token.kind in {"num", "quantity"}]
    if match.tokens[0].kind in {"of", "for"}:  # of the ten features, six …
        counts = counts[1:] + counts[:1]
    share, top = counts[0], clause.top
    if len(counts) > 1:
        if counts[1].percent:
            return None
        top = int(counts[1].value)
    elif not share.percent and not (match.has("only") or match.tokens[0].text.startswith("only")):
        share = share.model_copy(update={"bound": "least"})
    clause.top = top
    label, sign = match.get("label") or clause.facts.evidence.label, match.get("effect")
    return Said([Count(top=top, sign=sign, label=label, share=share)])


def _some_more(match: Match, clause: Clause) -> Said | None:
    """How many others of the same features do."""
    return _counted(match, clause) if clause.top is not None else None


def _from_base(match: Match, clause: Clause) -> Said:
    """The contributions lead from the base to the total."""
    call = clause.facts.evidence.explained.id
    base, total = (Quantity(refs=(reference(call, name),)) for name in ("base", "total"))
    up = (match.get("effect") or 1) * clause.facts.side(match.get("label") or clause.facts.evidence.label) > 0
    given = [Stated(quantity=q, number=match.get("num", at)) for at, q in enumerate((base, total))]
    if match.has("leads"):
        return Said([], list(given))
    return Said([Ordered(left=total, relation="above" if up else "below", right=base)], list(given))


def _neighbours(match: Match, clause: Clause) -> Said:
    """How many of the most similar rows have a label."""
    call = clause.facts.evidence.find("similar")[-1]
    label, numbers = match.get("label"), [t.value for t in match.tokens if t.kind in {"num", "quantity"}]
    count, k = reference(call.id, "labels", label), reference(call.id, "k")
    also = [Stated(quantity=Quantity(refs=(k,)), number=numbers[1])] if len(numbers) > 1 else []
    share: Number = numbers[0]
    if not share.percent:
        return Said([Stated(quantity=Quantity(refs=(count,)), number=share)], list(also))
    part = share.model_copy(update={"value": share.value / 100, "step": share.step / 100, "percent": False})
    return Said([Multiple(left=Quantity(refs=(count,)), factor=part, right=Quantity(refs=(k,)))], list(also))


def _neighbours_first(match: Match, clause: Clause) -> Said:
    """The same with the number of similar rows first."""
    call = clause.facts.evidence.find("similar")[-1]
    count, k = reference(call.id, "labels", match.get("label")), reference(call.id, "k")
    return Said(
        [Stated(quantity=Quantity(refs=(count,)), number=match.get("num", 1))],
        [Stated(quantity=Quantity(refs=(k,)), number=match.get("num"))],
    )


def _shares(match: Match, clause: Clause) -> Said | None:
    """The row's category more or less common among the rows of one label than of another."""
    feature = clause.one()
    groups = [
        t.value if isinstance(t.value, tuple) else (t.value,) for t in match.tokens if t.kind in {"group", "label"}
    ]
    numbers = [t.value for t in match.tokens if t.kind == "num"]
    if any(len(group) > 1 for group in groups):
        return None
    left, right = (Quantity(refs=(clause.facts.share(feature, None, group[0] or None),)) for group in groups[:2])
    given = [Stated(quantity=q, number=n) for q, n in zip((left, right), numbers, strict=False)]
    if match.has("factor"):
        return Said([Multiple(left=left, factor=match.get("factor"), right=right)], list(given))
    return Said([Ordered(left=left, relation=match.get("more"), right=right)], list(given))


def _share(match: Match, clause: Clause) -> Said | None:
    """How many of the rows have the row's category."""
    number: Number = match.get("num") or match.get("quantity")
    if not number.percent:
        return None
    refs = [clause.facts.share(clause.one(), None, label or None) for label in _rows(match, clause)]
    return Said([Stated(quantity=Quantity(refs=(ref,)), number=number) for ref in refs])


def _base(match: Match, clause: Clause) -> Said:
    """The base value, or the total that all contributions lead to."""
    name = "base" if match.has("base") else "total"
    ref = reference(clause.facts.evidence.explained.id, name)
    return Said([Stated(quantity=Quantity(refs=(ref,)), number=match.get("num"))])


_ROWS = "((of | for)* (group | label))?"
_LABEL = "(label | result)"

_WRITTEN: list[tuple[str, Make]] = [
    ("not? be subj", _being),
    ("be? deg? place (of | for | which | value)* (num | quantity) (of | for)* (group | label) value?", _placed),
    ("(of | which)? (num | quantity) (of | for)* (group | label) (be | makes)? (place which? | cmp (?= close|comma|and|but))", _rows_beyond),
    ("(num | quantity) (of | for)* (group | label) (be | makes | contrib)? cmp subj (than row1? | than)?", _rows_beyond),
    ("be? closer statq (than | rel) (closer | of | for)? statq", _nearer),
    ("be? closer statq than (which | of)* (group | label) (open num close)?", _nearer_elided),
    ("(whose | comma)* value (of | be | comma)* num | of num comma (?= which | be)", _value_given),
    (f"be? (for | of)* (range | iqr) {_ROWS}", _range),
    ("statq be? deg? rel statq | statq be? factor (of | as)? statq", _between_statistics),
    ("be? factor (as | deg | cmp)? (of | than | rel | for)? statq", _times_statistic),
    ("be? of? num z rel statq?", _deviations),
    ("be? between statq and statq", _between),
    ("be? of? (deg | approx)? rel quantity? statq (and statq)*", _against_statistic),
    (f"open? of? zscore (of | be | comma)* num {_ROWS} close?", _score),
    (f"be? (rel | of | for | rank)* (num | ord) percentile {_ROWS} | (of | be | comma)? percentile (of | be)? num {_ROWS}", _percentile),
    ("be label", _categorical),
    ("(comma | which | be | open)+ num close?", _also_given),
    (f"be? deg? level {_ROWS}", _level),
    ("(be | comma | which | whose | of | makes)* statq", _at_the_end),
    ("(makes | be)* (approx | deg)? same (contrib | drivers)?", _equal_contributions),
    ("open num (than | and | comma) num close | of num and num", _contributions),
    ("together? (contributes | makes | be | of | for)* num (of | for) absolute", _share_of_all),
    (f"(makes | contributes | of | be | contrib | comma)* contrib (of result)? (of | be | comma | open)* num close? (of | comma | for)? effect? {_LABEL}?", _contribution),
    (f"(contributes | makes) (deg | approx)? num (of | for | effect)* (result (of | for | effect)?)? {_LABEL}?", _contribution),
    ("open? num (of | for) contrib close?", _contribution),
    ("(of | makes)? rankp and rankp", _each_ranked),
    (f"be? (and | of)? rankp (effect | for)? {_LABEL}? (be | of | makes | comma)* subj", _ranked),
    (f"(be | makes | of | contributes)* rankp (effect | for)? {_LABEL}? (for | of)* (overall drivers? | group | quantity)?", _ranked),
    (f"(be only? driver? which?)? contributes sup (of | for)? effect? {_LABEL}?", _most),
    (f"be? only (driver | contrib) which? effect {_LABEL}?", _only_one),
    ("be? (of | for | quantity)* num sup (driver | contrib | drivers)", _among_the_first),
    ("num sup drivers (be | comma)* subj", _among_the_first),
    ("together? deg? outweighs deg? subj | (contributes | makes contrib) (deg | approx)? rel subj", _outweighs),
    ("(contributes | be | makes | contrib | of)* factor (as | of | which | rel | than | contributes | contrib | cmp)* subj", _times_feature),
    ("prob (of | for) label (be | of | comma | open)* num close?", _probability),
    ("(model | be)* predict label (of | for | open | comma | makes)* (prob | sure)? (of | be)* num prob? close?", _probability),
    ("(model | predict | makes)* prob (of | be)* num (of | for) label | (model | be)* num sure (of | for)? label?", _probability),
    ("predict? (of | makes)? num prob (of | for)? label", _probability),
    ("(of | makes)? num (of | for) label | label (be | of | open | for | makes)* (prob of?)? num close?", _probability),
    ("prob (be | of)* num | (of | makes) num prob | num sure", _probability),
    ("be? likely (be | of)? label | label be likely", _predicted),
    ("(model | be | of)* predict label | result (be | of) label", _predicted),
    (f"(model | be | of | makes | result)* sure (of | for | effect)? {_LABEL}?", _certain),
    (f"(num | quantity) cmp? of? (num? sup? | sup? num?) (drivers | driver | contrib) (which | be | of)* effect {_LABEL}?", _counted),
    (f"(of | for) num sup? drivers (labelled | comma)* num effect {_LABEL}?", _counted),
    (f"num effect ({_LABEL} | which)?", _some_more),
    (f"(contrib | drivers)? effect {_LABEL}? of base of num of total of num", _from_base),
    ("(num | quantity) (of? num)? of? neighbours (be | makes | of | labelled | which | comma)* label", _neighbours),
    ("quantity num neighbours (be | makes | of | labelled | which | comma)* label", _neighbours),
    ("be? (deg? more | factor ascommon) (for | of)* (group | label) (open? num close?)? (than | and | so) (for | of)* (group | label) (open? num close?)?", _shares),
    ("(be | which | of | makes | and | open | comma | for)* (num | quantity) (of | for)* (group | label) (makes which)? close?", _share),
    ("other num (be | makes)? label", _neighbours),
    ("quantity", _spoken_of),
    ("model effect label", _leans),
    (f"(result | which)? mostfor ({_LABEL} | which)?", _most_for),
    (f"which mostfor ({_LABEL} | which)? be subj", _most_for),
    ("label be? (factor | num multiple) aslikely label", _odds),
    ("makes label prob (of | be)* num", _probability),
    ("of num neighbours comma num (be | labelled | makes)* label", _neighbours_first),
    ("start num comma? drivers (of quantity drivers)? leads label of num", _from_base),
    ("(base | total) (of | be)* num", _base),
    ("effect result (of | for)? label | effect label result?", _effect),
    (f"effect {_LABEL}?", _effect),
]  # fmt: skip
PREDICATES: list[tuple[Pattern, Make]] = [(Pattern(written), make) for written, make in _WRITTEN]
