"""What can be said of a row's value: patterns of phrases, each with the assertions it makes."""

from collections.abc import Callable
from typing import Any, Literal

from agent.explanation.parsing.assertions import (
    HasCategory,
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
from agent.explanation.parsing.grammar import Statistic
from agent.explanation.parsing.patterns import Match
from tools.errors import ToolError
from tools.observation import reference

__all__ = ["ROWS", "VALUES", "Make", "rows_of", "statistic"]

Make = Callable[[Match, Clause], Said | None]
Relation = Literal["above", "below"]


ROWS = "((of | for)* (group | label | overall))?"


def _value(facts: Facts, feature: str) -> Quantity:
    return Quantity(refs=(facts.value(feature),))


def statistic(facts: Facts, feature: str, found: Statistic, label: str) -> Quantity:
    """Return a statistic of a feature, with the standard deviation that tells how far apart values lie."""
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
        return Stated(quantity=statistic(facts, feature, found, other), number=number)

    clause.frame = frame
    if found.numbers:
        return [frame(label, found.numbers[found.labels.index(label)])]
    if found.number is None:
        return []
    return [Stated(quantity=statistic(facts, feature, found, label), number=found.number)]


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
            clause.last = statistic(clause.facts, feature, found, label)
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
    one, other = (statistic(clause.facts, feature, end, x) for end, x in zip(ends, scopes, strict=True))
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
        [Ordered(left=value, relation="same", right=statistic(clause.facts, feature, found, x)) for x in scopes]
    )


def _between_statistics(match: Match, clause: Clause) -> Said | None:
    """One statistic of a feature above or below another, or so many times it."""
    one, other = match.get("statq"), match.get("statq", 1)
    feature = _feature(clause, one, other)
    scopes = [(one.labels or ("",))[0], (other.labels or ("",))[0]]
    if len(one.labels) > 1 or len(other.labels) > 1:
        return None
    left, right = (statistic(clause.facts, feature, f, x) for f, x in zip((one, other), scopes, strict=True))
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
        Multiple(left=value, factor=match.get("factor"), right=statistic(clause.facts, feature, found, label))
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


def rows_of(match: Match, clause: Clause) -> tuple[str, ...]:
    """Return whose rows a phrase speaks of."""
    group, label = match.get("group"), match.get("label")
    if match.has("overall") and group is None and label is None:
        return ("",)
    found = group if group is not None else (label,) if label is not None else clause.front or ("",)
    clause.labels = tuple(clause.facts.labels) if "*" in found else found
    return clause.labels


def _range(match: Match, clause: Clause) -> Said:
    """The row's value within the range of the rows."""
    feature, ends = clause.placed(), ("min", "max") if match.has("range") else ("q1", "q3")
    value = _value(clause.facts, feature)
    made: list[Any] = []
    for label in rows_of(match, clause):
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
    scores = [_z_score(clause, feature, label) for label in rows_of(match, clause)]
    return Said([], [Stated(quantity=score, number=match.get("num")) for score in scores])


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
        stat = statistic(clause.facts, feature, found, label)
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


def _away(match: Match, clause: Clause) -> Said | None:
    """The row's value so many standard deviations away from the mean, on either side."""
    found = match.get("statq")
    feature = _feature(clause, found)
    if found.name != "mean" or found.number is not None or len(found.labels) > 1:
        return None
    score = _z_score(clause, feature, (found.labels or ("",))[0])
    return Said([Stated(quantity=score.model_copy(update={"absolute": True}), number=match.get("num"))])


VALUES: list[tuple[str, Make]] = [
    ("not? be subj", _being),
    ("num deg? rel statq | rel statq by num", _difference),
    ("closer statq (than | rel) (closer | of | for)? statq", _nearer),
    ("closer statq than (which | of | those)* (group | label) (open num close)?", _nearer_elided),
    ("(whose | comma)* (value | row1) (of | be | comma)* num | of num comma (?= which | be)", _value_given),
    (f"(range | iqr) {ROWS}", _range),
    ("statq deg? rel statq | statq factor (of | as)? statq", _between_statistics),
    ("factor as? (than | for)? statq | factor (cmp than | rel) statq", _times_statistic),
    ("num z rel statq?", _deviations),
    ("num z (away | from) statq", _away),
    ("between statq and statq", _between),
    ("(deg | approx)? rel quantity? statq ((and | or | comma | comma and) (?! statq (be | deg)? rel) statq)*", _against_statistic),
    (f"open? zscore (of | be | comma)* num {ROWS} close?", _score),
    ("be label", _categorical),
    ("category", _categorical),
    ("(comma | comma? which be? | open | of) num close? (?! (of | for)* (group | label | rel))", _also_given),
    ("(comma | which | whose | than)* statq", _at_the_end),
]  # fmt: skip
