"""What can be said of how many rows lie where, and how many have a category: patterns, with the assertions they make."""

from collections.abc import Callable

from agent.explanation.parsing.assertions import (
    Assertion,
    Level,
    Multiple,
    Number,
    Ordered,
    Quantity,
    Stated,
)
from agent.explanation.parsing.clause import Clause, Said
from agent.explanation.parsing.grammar import Statistic, Subject, populations
from agent.explanation.parsing.patterns import Match
from agent.explanation.parsing.values import ROWS, Make, rows_of, statistic

__all__ = ["GROUPS", "continued"]

ALL = Number(value=100, step=1e-6, percent=True)


def _placed(match: Match, clause: Clause) -> Said | None:
    """The row's value above or below so many of the rows."""
    relation, share = match.get("rel"), match.get("num") or match.get("quantity")
    if relation not in {"above", "below"} or (match.has("subj") and match.get("subj") != Subject(clause.features)):
        return None
    side, labels = "below" if relation == "above" else "above", rows_of(match, clause)
    if share.percent:
        return Said([_at(clause, clause.placed(), side)(label, share) for label in labels])
    made: list[Assertion] = []
    for label in labels:  # *than in all 285 rows*: all of them, and there are so many
        count = Quantity(refs=(clause.facts.statistic(clause.placed(), "count", label or None),))
        made += [_at(clause, clause.placed(), side)(label, ALL), Stated(quantity=count, number=share)]
    return Said(made)


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
    return Said([frame(label, share) for label in rows_of(match, clause)], also)


def _rows_beyond_front(match: Match, clause: Clause) -> Said | None:
    """The same where whose rows was said before."""
    return _rows_beyond(match, clause) if clause.front is not None else None


def _percentile(match: Match, clause: Clause) -> Said:
    """The percentile of the row's value."""
    place = match.get("ord")
    number = match.get("num") or Number(value=place + 1, step=1)
    number = number.model_copy(update={"percent": False})
    refs = [clause.facts.position(clause.placed(), "percentile", label or None) for label in rows_of(match, clause)]
    return Said([], [Stated(quantity=Quantity(refs=(ref,)), number=number) for ref in refs])


def _level(match: Match, clause: Clause) -> Said:
    """The row's value high, low, typical or unusual among the rows."""
    made = []
    for label in rows_of(match, clause):
        sides = [clause.facts.position(clause.placed(), side, label or None) for side in ("below", "above")]
        made.append(Level(below=sides[0], above=sides[1], level=match.get("level")))
    return Said(list(made))


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
    return Said([frame(label, number) for label in rows_of(match, clause)])


def _top(match: Match, clause: Clause) -> Said | None:
    """The row's value in the top or bottom part of the rows."""
    side, part = match.get("topend")
    number = match.get("num") or Number(value=part or 0, step=1e-6, percent=True)
    if not number.percent or (part is None) != match.has("num"):
        return None
    frame = _at(clause, clause.placed(), side)
    most = number.model_copy(update={"bound": "most", "step": 1e-6})
    return Said([frame(label, most) for label in rows_of(match, clause)])


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
    clause.front = rows_of(match, clause)
    return Said([])


def _groups_compared(match: Match, clause: Clause) -> Said | None:
    """*On average, the rows of one label have a higher …*: the means of two labels."""
    groups = [token.value for token in match.all("group")]
    subject = match.get("subj")
    if any(len(group) > 1 for group in groups) or subject.numbers or subject.sized or len(subject.features) > 1:
        return None
    mean = Statistic("mean")
    left, right = (statistic(clause.facts, subject.features[0], mean, group[0]) for group in groups)
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
    return Said([frame(label, number) for label in rows_of(match, clause)])


GROUPS: list[tuple[str, Make]] = [
    ("which (of | for)* (group | label) (be | open)* num close?", continued),
    ("(than | comma | open)* num close? (of | for)+ (group | label) close? (?! (cmp | place))", continued),
    ("quantity (of | for)* (label | group) ((or | and) (label | group))* do? (?! (makes | be | cmp | place | value | label))", continued),
    ("approx for (group | label)", _only_among),
    ("for (overall | quantity)? (group | label) (comma | (?= which | subj))", _fronted),
    ("(num | quantity) (of | for)* (group | label) (makes | be)+ subj", _share_of_category),
    ("(onavg | of statq) comma? group deg? cmp value? subj than group", _groups_compared),
    ("group onavg deg? cmp value? subj than group", _groups_compared),
    ("topend num? ((of | for)+ (group | label))? | topend num group", _top),
    ("deg? place (which | value | those | rows)* (num | quantity) (of | for)* (group | label) (value | subj)? (?! (stat | statq | cmp | rel))", _placed),
    ("which? (num | quantity) (of | for)* (group | label) which? value? (place (value | row1 | which)? | cmp (value | row1)? (than (row1 | which | those)? (of row1)?)? | more (than row1?)?) (?! (statq | num | stat | label | group | quantity | quant))", _rows_beyond),
    ("(num | quantity) cmp subj", _rows_beyond_front),
    ("(num | quantity) (of | for)* (group | label) contrib? cmp value? subj (than (row1 | which)? | than)?", _rows_beyond),
    (f"open? (rel | rank)? (num | ord) percentile {ROWS} close? | open? percentile num {ROWS} close?", _percentile),
    (f"deg? level {ROWS}", _level),
    ("(deg? more | factor ascommon) (for | of)* (group | label) (open? num close?)? (than | and | so) (for | of | those)* (group | label) (open? num close?)?", _shares),
    ("(which | and | open | comma | those | amounts)* (num | quantity) (of | for)* (group | label) (makes which | be be)? close? (?! (cmp | rel | statq | value))", _share),
]  # fmt: skip
