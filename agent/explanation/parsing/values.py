"""What can be said of a row's value: patterns of phrases, each with the assertions it makes."""

from collections.abc import Callable
from typing import Any, Literal

from agent.explanation.parsing.assertions import (
    Assertion,
    HasCategory,
    Level,
    Multiple,
    Nearer,
    Number,
    Ordered,
    Quantity,
    Stated,
    Within,
)
from agent.explanation.parsing.clause import Clause, Said
from agent.explanation.parsing.facts import Facts
from agent.explanation.parsing.grammar import Match, Statistic, Subject, populations
from tools.errors import ToolError
from tools.observation import reference

__all__ = ["VALUES", "Make", "continued"]

Make = Callable[[Match, Clause], Said | None]
Relation = Literal["above", "below"]


def _value(facts: Facts, feature: str) -> Quantity:
    return Quantity(refs=(facts.value(feature),))


def _statistic(facts: Facts, feature: str, found: Statistic, label: str) -> Quantity:
    ref, spread = (facts.statistic(feature, name, label or None) for name in (found.name, "std"))
    return Quantity(refs=(ref,), spread=spread)


def _scopes(found: Statistic, clause: Clause, default: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    """Return whose rows a statistic is of: one label, several, or all rows."""
    chosen = found.labels or clause.front or default
    clause.labels = tuple(x for y in chosen for x in (clause.facts.labels if y == "*" else [y]))
    return clause.labels


def _feature(clause: Clause, *found: Statistic) -> str:
    """Return the feature that statistics are of: the one they name, or the one last mentioned."""
    named = {one.feature for one in found if one.feature is not None}
    if len(named) > 1 or (named and clause.features and clause.features != tuple(named)):
        raise ToolError("Another feature is spoken of.")
    if named and not clause.features:
        clause.features = tuple(named)
    return clause.placed()


def _given(clause: Clause, feature: str, found: Statistic, label: str) -> list[Any]:
    """Return what a sentence says a statistic is."""
    facts = clause.facts

    def frame(other: str, number: Number) -> Stated:
        return Stated(quantity=_statistic(facts, feature, found, other), number=number)

    clause.frame = frame
    if found.numbers:
        return [frame(label, found.numbers[found.labels.index(label)])]
    if found.number is None:
        return []
    return [Stated(quantity=_statistic(facts, feature, found, label), number=found.number)]


def _order(left: Quantity, match: Match, right: Quantity) -> Ordered:
    relation = match.get("rel")
    if relation in {"least", "most"}:
        return Ordered(left=left, relation="above" if relation == "least" else "below", right=right, or_equal=True)
    return Ordered(left=left, relation=relation or "equal", right=right, degree=match.get("deg") or "")


def _against_statistic(match: Match, clause: Clause) -> Said | None:
    """The row's value above, below or about a statistic, or several."""
    if match.has("quantity") and match.get("quantity").value != 100:
        return None
    feature = _feature(clause, *(token.value for token in match.all("statq")))
    left, made, given = _value(clause.facts, feature), [], []
    for found in [token.value for token in match.all("statq")]:
        for label in _scopes(found, clause):
            clause.last = _statistic(clause.facts, feature, found, label)
            made.append(_order(left, match, clause.last))
            given += _given(clause, feature, found, label)
    clause.last = clause.last if len(made) == 1 and not given else None
    return Said(list(made), given)


def _between(match: Match, clause: Clause) -> Said | None:
    """The row's value between two statistics."""
    ends = (match.get("statq"), match.get("statq", 1))
    feature = _feature(clause, *ends)
    if any(len(end.labels) > 1 for end in ends):
        return None
    scopes = [(end.labels or ("",))[0] for end in ends]
    value = Quantity(refs=(clause.facts.value(feature),))
    one, other = (_statistic(clause.facts, feature, end, x) for end, x in zip(ends, scopes, strict=True))
    given = [g for end, x in zip(ends, scopes, strict=True) for g in _given(clause, feature, end, x)]
    return Said([Within(value=value, low=one, high=other)], given)


def _at_the_end(match: Match, clause: Clause) -> Said | None:
    """The row's value is the smallest or the largest; or a statistic is what the sentence says."""
    found = match.get("statq")
    feature = _feature(clause, found)
    where = any(token.text in {"where", "whose"} for token in match.all("which", "whose"))
    scopes = _scopes(found, clause, (clause.labels or ("",)) if where else ("",))
    if match.has("be") and (found.number is not None or found.name not in {"min", "max"}):
        return None
    given = [one for label in scopes for one in _given(clause, feature, found, label)]
    if given:
        return Said([], given)
    if found.name not in {"min", "max"}:
        return None
    value = _value(clause.facts, feature)
    return Said(
        [Ordered(left=value, relation="same", right=_statistic(clause.facts, feature, found, x)) for x in scopes]
    )


def _between_statistics(match: Match, clause: Clause) -> Said | None:
    """One statistic of a feature above or below another, or so many times it."""
    one, other = match.get("statq"), match.get("statq", 1)
    feature = _feature(clause, one, other)
    scopes = [(one.labels or ("",))[0], (other.labels or ("",))[0]]
    if len(one.labels) > 1 or len(other.labels) > 1:
        return None
    left, right = (_statistic(clause.facts, feature, f, x) for f, x in zip((one, other), scopes, strict=True))
    given = [g for f, x in zip((one, other), scopes, strict=True) for g in _given(clause, feature, f, x)]
    if match.has("factor"):
        return Said([Multiple(left=left, factor=match.get("factor"), right=right)], given)
    return Said([_order(left, match, right)], given)


def _times_statistic(match: Match, clause: Clause) -> Said | None:
    """The row's value so many times a statistic."""
    found = match.get("statq")
    feature = _feature(clause, found)
    if "below" in {match.get("cmp"), match.get("rel")}:
        return None
    value, scopes = _value(clause.facts, feature), _scopes(found, clause)
    ratios = [
        Multiple(left=value, factor=match.get("factor"), right=_statistic(clause.facts, feature, found, label))
        for label in scopes
    ]
    return Said(list(ratios), [given for label in scopes for given in _given(clause, feature, found, label)])


def _nearer(match: Match, clause: Clause) -> Said | None:
    """The row's value closer to one mean than to another."""
    found = (match.get("statq"), match.get("statq", 1))
    feature = _feature(clause, *found)
    if any(len(one.labels) > 1 for one in found):
        return None
    pairs = [(one, (one.labels or ("",))[0]) for one in found]
    refs = [clause.facts.statistic(feature, one.name, label or None) for one, label in pairs]
    given = [g for one, label in pairs for g in _given(clause, feature, one, label)]
    return Said([Nearer(value=clause.facts.value(feature), near=refs[0], far=refs[1])], given)


def _nearer_elided(match: Match, clause: Clause) -> Said | None:
    """The row's value closer to one mean than to that of other rows."""
    near = match.get("statq")
    feature = _feature(clause, near)
    scopes = match.get("group") or (match.get("label"),)
    if len(near.labels) > 1 or len(scopes) > 1:
        return None
    far = Statistic(near.name, scopes, match.get("num"))
    refs = [clause.facts.statistic(feature, near.name, (x or ("",))[0] or None) for x in (near.labels, far.labels)]
    given = [g for f in (near, far) for g in _given(clause, feature, f, (f.labels or ("",))[0])]
    return Said([Nearer(value=clause.facts.value(feature), near=refs[0], far=refs[1])], given)


def _value_given(match: Match, clause: Clause) -> Said:
    """The row's value."""
    return Said([], [Stated(quantity=_value(clause.facts, clause.placed()), number=match.get("num"))])


def _rows(match: Match, clause: Clause) -> tuple[str, ...]:
    """Return whose rows a phrase speaks of."""
    group, label = match.get("group"), match.get("label")
    if match.has("overall") and group is None and label is None:
        return ("",)
    found = group if group is not None else (label,) if label is not None else clause.front or ("",)
    clause.labels = tuple(clause.facts.labels) if "*" in found else found
    return clause.labels


def _placed(match: Match, clause: Clause) -> Said | None:
    """The row's value above or below so many of the rows."""
    relation, share = match.get("rel"), match.get("num") or match.get("quantity")
    if relation not in {"above", "below"} or not share.percent:
        return None
    side = "below" if relation == "above" else "above"
    return Said([_at(clause, clause.placed(), side)(label, share) for label in _rows(match, clause)])


def _at(clause: Clause, feature: str, side: str) -> Callable[[str, Number], Assertion]:
    """Return what a number says of the rows of a label: so many lie on that side of the row's value."""

    def frame(label: str, number: Number) -> Stated:
        ref = clause.facts.position(feature, side, label or None)
        return Stated(quantity=Quantity(refs=(ref,)), number=number)

    clause.frame = frame
    return frame


def _rows_beyond(match: Match, clause: Clause) -> Said | None:
    """So many of the rows above or below the row's value."""
    relation, share = match.get("rel") or match.get("cmp"), match.get("num") or match.get("quantity")
    if relation not in {"above", "below"} or not share.percent:
        return None
    also = []
    if match.has("subj"):
        values = clause.mention(match.get("subj"))
        also = [*values.main, *values.also]
    frame = _at(clause, clause.placed(), relation)
    return Said([frame(label, share) for label in _rows(match, clause)], also)


def _rows_beyond_front(match: Match, clause: Clause) -> Said | None:
    """The same where whose rows was said before."""
    return _rows_beyond(match, clause) if clause.front is not None else None


def _range(match: Match, clause: Clause) -> Said:
    """The row's value within the range of the rows."""
    feature, ends = clause.placed(), ("min", "max") if match.has("range") else ("q1", "q3")
    value = _value(clause.facts, feature)
    made: list[Any] = []
    for label in _rows(match, clause):
        low, high = (Quantity(refs=(clause.facts.statistic(feature, end, label or None),)) for end in ends)
        made.append(Within(value=value, low=low, high=high))
    return Said(made)


def _deviations(match: Match, clause: Clause) -> Said | None:
    """The row's value so many standard deviations above or below the mean."""
    feature, found, relation = clause.placed(), match.get("statq"), match.get("rel")
    if relation not in {"above", "below"}:
        return None
    if found is not None and (found.name != "mean" or found.number is not None or len(found.labels) > 1):
        return None
    score = _z_score(clause, feature, "" if found is None else (found.labels or ("",))[0])
    zero = Quantity(number=Number(value=0, step=1))
    size = score.model_copy(update={"absolute": True})
    return Said([Ordered(left=score, relation=relation, right=zero), Stated(quantity=size, number=match.get("num"))])


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


def _also_given(match: Match, clause: Clause) -> Said | None:
    """What the statistic last spoken of is."""
    number, last = match.get("num"), clause.last
    if match.has("be") and not match.has("which"):
        return None
    if last is None or (".by_label." not in last.refs[0] and ".overall." not in last.refs[0] and not number.percent):
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
    clause.silent, clause.negated, clause.told = (), False, True
    return Said([HasCategory(ref=clause.facts.value(subject.features[0]), category=category)])


def _categorical(match: Match, clause: Clause) -> Said | None:
    """The row's category, where it is called like a label."""
    feature = clause.one()
    category = match.get("label") or match.get("category")[1]
    clause.told = not clause.negated
    if category not in clause.facts.categories.get(feature, []):
        return None
    clause.told = True
    return Said([HasCategory(ref=clause.facts.value(feature), category=category)])


def _shares(match: Match, clause: Clause) -> Said | None:
    """The row's category more or less common among the rows of one label than of another."""
    if not clause.told:
        return None
    feature = clause.one()
    groups = [t.value if isinstance(t.value, tuple) else (t.value,) for t in match.all("group", "label")]
    numbers = [t.value for t in match.all("num")]
    if any(len(group) > 1 for group in groups):
        return None
    left, right = (Quantity(refs=(clause.facts.share(feature, None, group[0] or None),)) for group in groups[:2])
    given = [Stated(quantity=q, number=n) for q, n in zip((left, right), numbers, strict=False)]
    if match.has("factor"):
        return Said([Multiple(left=left, factor=match.get("factor"), right=right)], list(given))
    return Said(
        [Ordered(left=left, relation=match.get("more"), right=right, degree=match.get("deg") or "")], list(given)
    )


def _share(match: Match, clause: Clause) -> Said | None:
    """How many of the rows have the row's category."""
    number: Number = match.get("num") or match.get("quantity")
    if not number.percent or not clause.told:
        return None
    feature = clause.one()

    def frame(label: str, number: Number) -> Stated:
        ref = clause.facts.share(feature, None, label or None)
        return Stated(quantity=Quantity(refs=(ref,)), number=number)

    clause.frame = frame
    return Said([frame(label, number) for label in _rows(match, clause)])


def _difference(match: Match, clause: Clause) -> Said | None:
    """The row's value so much, or so many percent, above or below a statistic."""
    found, number, relation = match.get("statq"), match.get("num"), match.get("rel")
    feature = _feature(clause, found)
    if relation not in {"above", "below"}:
        return None
    value, given = clause.facts.value(feature), list[Any]()
    made: list[Any] = []
    sign = 1 if relation == "above" else -1
    for label in _scopes(found, clause):
        stat = _statistic(clause.facts, feature, found, label)
        given += _given(clause, feature, found, label)
        if number.percent:
            factor = number.model_copy(
                update={"value": 1 + sign * number.value / 100, "step": number.step / 100, "percent": False}
            )
            if number.bound not in {"is", "exactly"}:
                return None
            made.append(Multiple(left=Quantity(refs=(value,)), factor=factor, right=stat))
        else:
            gap = (value, stat.refs[0]) if sign > 0 else (stat.refs[0], value)
            made.append(Stated(quantity=Quantity(refs=gap[:1], minus=gap[1]), number=number))
    return Said(list(made), given)


def _top(match: Match, clause: Clause) -> Said | None:
    """The row's value in the top or bottom part of the rows."""
    side, part = match.get("topend")
    number = match.get("num") or Number(value=part or 0, step=1e-6, percent=True)
    if not number.percent or (part is None) != match.has("num"):
        return None
    frame = _at(clause, clause.placed(), side)
    most = number.model_copy(update={"bound": "most", "step": 1e-6})
    return Said([frame(label, most) for label in _rows(match, clause)])


def _away(match: Match, clause: Clause) -> Said | None:
    """The row's value so many standard deviations away from the mean, on either side."""
    found = match.get("statq")
    feature = _feature(clause, found)
    if found.name != "mean" or found.number is not None or len(found.labels) > 1:
        return None
    score = _z_score(clause, feature, (found.labels or ("",))[0])
    return Said([Stated(quantity=score.model_copy(update={"absolute": True}), number=match.get("num"))])


def continued(match: Match, clause: Clause) -> Said | None:
    """The same of the rows of another label: *and 5 for the others*."""
    if clause.frame is None or clause.negated:
        return None
    frame, number = clause.frame, match.get("num") or match.get("quantity")
    labels = [x for y in populations(match) for x in (clause.facts.labels if y == "*" else [y])]
    made = [frame(label, number) for label in labels]
    if any(made_one.quantity.number is not None for made_one in made if isinstance(made_one, Stated)):
        return None
    percent = all(_is_percent(one) for one in made)
    return Said([], list(made)) if number.percent == percent else None


def _only_among(match: Match, clause: Clause) -> Said | None:
    """The row's category only among the rows of one label."""
    if match.all("approx")[0].text != "only":
        return None
    feature, own = clause.one(), populations(match)
    none = Number(value=0, step=1e-6, percent=True)
    others = [label for label in clause.facts.labels if label not in own]
    shares = [Quantity(refs=(clause.facts.share(feature, None, label),)) for label in others]
    return Said([Stated(quantity=share, number=none) for share in shares])


def _is_percent(assertion: Assertion) -> bool:
    """Tell whether a statement is of a percentage."""
    ref = assertion.quantity.refs[0] if isinstance(assertion, Stated) else ""
    return ref.endswith((".below", ".above")) or ".shares." in ref or ".share" in ref


def _fronted(match: Match, clause: Clause) -> Said | None:
    """*Among the rows labelled 0, …*: whose rows all that follows is about."""
    every = match.get("quantity")
    if every is not None and every.value != 100:
        return None
    clause.front = _rows(match, clause)
    return Said([])


def _groups_compared(match: Match, clause: Clause) -> Said | None:
    """*On average, the rows of one label have a higher …*: the means of two labels."""
    groups = [token.value for token in match.all("group")]
    subject = match.get("subj")
    if any(len(group) > 1 for group in groups) or subject.numbers or subject.sized or len(subject.features) > 1:
        return None
    mean = Statistic("mean")
    left, right = (_statistic(clause.facts, subject.features[0], mean, group[0]) for group in groups)
    clause.mention(subject)
    clause.silent = ()
    return Said([Ordered(left=left, relation=match.get("cmp"), right=right, degree=match.get("deg") or "")])


def _share_of_category(match: Match, clause: Clause) -> Said | None:
    """How many of the rows have a category that is named."""
    number: Number = match.get("num") or match.get("quantity")
    subject = match.get("subj")
    if not number.percent or len(subject.categories) != 1 or len(subject.features) > 1:
        return None
    feature, category = subject.categories[0]
    clause.mention(Subject((feature,)))
    clause.silent = ()

    def frame(label: str, number: Number) -> Stated:
        ref = clause.facts.share(feature, category, label or None)
        return Stated(quantity=Quantity(refs=(ref,)), number=number)

    clause.frame = frame
    return Said([frame(label, number) for label in _rows(match, clause)])


_ROWS = "((of | for)* (group | label | overall))?"

VALUES: list[tuple[str, Make]] = [
    ("which (of | for)* (group | label) (be | open)* num close?", continued),
    ("(than | comma | open)* num close? (of | for)+ (group | label) close? (?! (cmp | place))", continued),
    ("quantity (of | for)* (label | group) ((or | and) (label | group))* do? (?! (makes | be | cmp | place | value | label))", continued),
    ("approx for (group | label)", _only_among),
    ("for (overall | quantity)? (group | label) (comma | (?= which | subj))", _fronted),
    ("(num | quantity) (of | for)* (group | label) (makes | be)+ subj", _share_of_category),
    ("(onavg | of statq) comma? group deg? cmp value? subj than group", _groups_compared),
    ("group onavg deg? cmp value? subj than group", _groups_compared),
    ("not? be subj", _being),
    ("num deg? rel statq | rel statq by num", _difference),
    ("topend num? ((of | for)+ (group | label))? | topend num group", _top),
    ("deg? place (which | value | those | rows)* (num | quantity) (of | for)* (group | label | neighbours) value? (?! (stat | statq | cmp | rel))", _placed),
    ("which? (num | quantity) (of | for)* (group | label) which? value? (place (value | row1 | which)? | cmp (value | row1)? (than (row1 | which | those)? (of row1)?)? | more (than row1?)?) (?! (statq | num | stat | label | group | quantity | quant))", _rows_beyond),
    ("(num | quantity) cmp subj", _rows_beyond_front),
    ("(num | quantity) (of | for)* (group | label) contrib? cmp value? subj (than (row1 | which)? | than)?", _rows_beyond),
    ("closer statq (than | rel) (closer | of | for)? statq", _nearer),
    ("closer statq than (which | of | those)* (group | label) (open num close)?", _nearer_elided),
    ("(whose | comma)* (value | row1) (of | be | comma)* num | of num comma (?= which | be)", _value_given),
    (f"(range | iqr) {_ROWS}", _range),
    ("statq deg? rel statq | statq factor (of | as)? statq", _between_statistics),
    ("factor as? (than | for)? statq | factor (cmp than | rel) statq", _times_statistic),
    ("num z rel statq?", _deviations),
    ("num z (away | from) statq", _away),
    ("between statq and statq", _between),
    ("(deg | approx)? rel quantity? statq ((and | or | comma | comma and) (?! statq (be | deg)? rel) statq)*", _against_statistic),
    (f"open? zscore (of | be | comma)* num {_ROWS} close?", _score),
    (f"open? (rel | rank)? (num | ord) percentile {_ROWS} close? | open? percentile num {_ROWS} close?", _percentile),
    ("be label", _categorical),
    ("category", _categorical),
    ("(comma | comma? which be? | open | of) num close? (?! (of | for)* (group | label | rel))", _also_given),
    (f"deg? level {_ROWS}", _level),
    ("(comma | which | whose | than)* statq", _at_the_end),
    ("(deg? more | factor ascommon) (for | of)* (group | label) (open? num close?)? (than | and | so) (for | of | those)* (group | label) (open? num close?)?", _shares),
    ("(which | and | open | comma | those | amounts)* (num | quantity) (of | for)* (group | label) (makes which | be be)? close? (?! (cmp | rel | statq | value))", _share),
]  # fmt: skip
