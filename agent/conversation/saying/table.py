"""What is in the table, in words: rows, statistics of a column, similar rows, and what columns and data are."""

from agent.conversation.claims import AnswerClaim, Extent, Order
from agent.conversation.saying.call import Call
from agent.conversation.saying.conditions import amount, unit
from agent.conversation.saying.predictions import by_size
from agent.conversation.saying.words import Said, braced, listed
from agent.explanation.claims import Deviation, Direction

__all__ = ["feature_stats", "show", "similar"]

CELLS = 8  # that are said of a single row
CATEGORIES = 5
NEIGHBOURS = 5
_ANSWERS = {"label": "the true label", "prediction": "the prediction"}


def show(call: Call) -> list[Said]:
    """Say how many rows are shown; a single row is said itself."""
    rows, shown = call.result["rows"], len(call.result["table"])
    claims: tuple[AnswerClaim, ...] = (call.about, call.fact("rows"))
    if rows == 0:
        return [Said(f"There are no rows{call.conditions()}", claims)]
    if rows == 1 == shown:
        return [_cells(call)]
    if shown == rows:
        return [Said(call.start(f"these are {call.rows('all')}"), claims)]
    return [Said(call.start(f"{call.ref('table', form='count')} of {call.rows()} are shown"), claims)]


def _cells(call: Call) -> Said:
    """Say the cells of one row."""
    ids = {call.evidence.table.id, *call.evidence.table.numbered}
    columns = [
        (j, name)
        for j, name in enumerate(call.result["columns"])
        if name not in ids or len(call.result["columns"]) == 1
    ]
    parts: list[str] = []
    for j, name in columns[:CELLS]:
        value, is_ = call.result["table"][0][j], "" if parts else "is "
        named = _ANSWERS.get(name) or call.ref("columns", j)
        parts.append(f"{named} {is_}{call.ref('table', 0, j)}{unit(name, value, call.evidence.table)}")
    more = " (not all columns are named here)" if len(columns) > CELLS else ""
    facts = tuple(call.fact("table", 0, j) for j, _ in columns[:CELLS])
    return Said(call.start(f"for {call.rows()}, {listed(parts)}{more}"), (call.about, *facts))


def feature_stats(call: Call) -> list[Said]:
    """Say the statistics of a column, or where a value lies among its values."""
    if call.result["kind"] == "label":
        return [_target(call)]
    if "value" in call.result:
        return [_placed(call) if call.result["kind"] == "numeric" else _common(call)]
    if call.result["overall"]["count"] == 0:
        text = f"{call.ref('feature')} is missing in {call.rows('all')}"
        return [Said(call.start(text), (call.about, Extent(part=call.raw("overall", "count"), extent="none")))]
    said = _numeric(call) if call.result["kind"] == "numeric" else _categorical(call)
    return [said, *_missing(call)]


def _target(call: Call) -> Said:
    """Say how common each label is."""
    shares = call.result["overall"]["shares"]
    named = by_size(shares, call.labels)
    refs = [call.raw("overall", "shares", label) for label in named]
    if shares[named[0]] == 1:
        text = f"{call.rows('all')} are labelled {braced(refs[0], 'name')}"
        return Said(call.start(text), (call.about, Extent(part=refs[0], extent="all")))
    parts = [
        f"{braced(ref) if shares[label] else 'none'} {'' if i else 'are labelled '}{braced(ref, 'name')}"
        for i, (label, ref) in enumerate(zip(named, refs, strict=True))
    ]
    more = "; no other label is more frequent" if len(shares) > len(named) else ""
    return Said(call.start(f"of {call.rows()}, {listed(parts)}{more}"), (call.about, Order(refs=tuple(refs))))


def _numeric(call: Call) -> Said:
    summary, name = call.result["overall"], call.result["feature"]
    mean, median, low, high = (call.ref("overall", key) for key in ("mean", "median", "min", "max"))
    of, would = unit(name, summary["mean"], call.evidence.table), "would have" if call.changed else "has"
    claims: tuple[AnswerClaim, ...] = (
        call.about,
        *(call.fact("overall", key) for key in ("mean", "median", "min", "max")),
    )
    if summary["count"] == 1:
        return Said(
            call.start(
                f"{call.ref('feature')} {would.replace('have', 'be').replace('has', 'is')} {mean}{of} in {call.rows()}"
            ),
            claims,
        )
    text = (
        f"over {call.rows()}, {call.ref('feature')} {would} a mean of {mean}{of}, a median of {median}, "
        f"and values from {low} to {high}"
    )
    return Said(call.start(text), claims)


def _categorical(call: Call) -> Said:
    """Say the categories, the commonest first."""
    shares = call.result["overall"]["shares"]
    named = [c for c in sorted(shares, key=lambda c: -shares[c]) if shares[c]][:CATEGORIES]
    refs = [call.raw("overall", "shares", category) for category in named]
    claims = (call.about, Order(refs=tuple(refs)))
    if len(named) == 1:
        text = f"{call.ref('feature')} is {braced(refs[0], 'name')} in {call.rows('all')} where it is known"
        return Said(call.start(text), claims)
    parts = [f"{braced(ref, 'name')} ({braced(ref)})" for ref in refs]
    more = "; no other value is more common" if sum(map(bool, shares.values())) > len(named) else ""
    return Said(
        call.start(f"over {call.rows()}, the values of {call.ref('feature')} are {listed(parts)}{more}"), claims
    )


def _missing(call: Call) -> list[Said]:
    """Say in how many rows a column has no value, where there are any."""
    if not call.result["overall"].get("missing"):
        return []
    left = "which is left out" if call.result["overall"]["missing"] == 1 else "which are left out"
    text = f"{call.ref('feature')} is missing in {call.ref('overall', 'missing')} of them, {left}"
    return [Said(text, (call.fact("overall", "missing"),))]


def _placed(call: Call) -> Said:
    """Say where a number lies: above so many of the rows, and how far from their mean."""
    name, value = call.result["feature"], call.result["value"]
    head = f"{call.ref('feature')} at {amount(call.raw('value'), name, value, call.evidence.table)}"
    claims: list[AnswerClaim] = [call.about, call.fact("value"), call.fact("below"), call.fact("above")]
    below, above = call.result["below"], call.result["above"]
    if below is None:
        return Said(
            call.start(f"{call.ref('feature')} is missing in {call.rows('all')}"), (call.about, call.fact("below"))
        )
    side, other, share = ("higher", "lower", "below") if below >= above else ("lower", "higher", "above")
    rest = call.ref("above" if share == "below" else "below")
    than, of = "than in", call.rows()
    if call.result["overall"].get("missing"):
        than, of = "than", f"the {call.ref('overall', 'count')} known values in {of}"
    if call.result[share] == 100:
        text = f"{head} is {side} {than} {of if of.startswith('all ') else f'all of {of}'}"
    else:
        text = f"{head} is {side} {than} {call.ref(share)} of {of} and {other} {than} {rest}"
    spread, more = _spread(call)
    return Said(call.start(text + spread), (*claims, *more))


def _spread(call: Call) -> tuple[str, list[AnswerClaim]]:
    """Return how far a number lies from the mean, in words and as a claim."""
    if call.result.get("z_score") is None:
        return "", []
    relation: Direction = "above" if call.result["z_score"] > 0 else "below"
    mean = f"the mean of {call.ref('overall', 'mean')}"
    claim = Deviation(call=call.id, relation=relation)
    if not claim.true_of(call.evidence):
        return f"; it is close to {mean}", [call.fact("z_score")]
    z_score = call.ref("z_score", form="abs")
    one = call.evidence.shown(f"{call.raw('z_score')}|abs") == "1"
    return f"; it is {z_score} standard deviation{'' if one else 's'} {relation} {mean}", [claim]


def _common(call: Call) -> Said:
    """Say how common a category is, on the whole and with each label."""
    text = f"{call.ref('feature')} is {call.ref('value')} in {call.ref('share')} of {call.rows()}"
    shares = call.result.get("share_by_label", {})
    named = by_size(shares, call.labels)
    refs = [call.raw("share_by_label", label) for label in named]
    parts = [f"{'' if i else 'in '}{braced(ref)} of those labelled {braced(ref, 'name')}" for i, ref in enumerate(refs)]
    more = f": {listed(parts)}" if parts else ""
    return Said(call.start(text + more), (call.about, call.fact("share"), Order(refs=tuple(refs))))


def similar(call: Call) -> list[Said]:
    """Say how the nearest rows are labelled, and which they are."""
    counts = call.result["labels"]
    named = [label for label in by_size(counts, call.labels) if counts[label]]
    refs = [call.raw("labels", label) for label in named]
    claims: tuple[AnswerClaim, ...] = (call.about, call.fact("k"), Order(refs=tuple(refs)))
    one = call.result["k"] == 1
    nearest = f"training {'row' if one else 'rows'} most similar to {call.row()}"
    if "sample" in call.result:
        nearest += f" in a sample of {call.ref('sample')}"
    parts = [
        f"{braced(ref)} {'' if i else 'is labelled ' if counts[label] == 1 else 'are labelled '}{braced(ref, 'name')}"
        for i, (label, ref) in enumerate(zip(named, refs, strict=True))
    ]
    if one:
        text = f"the {nearest} is labelled {braced(refs[0], 'name')}"
    elif len(named) == 1:
        text = f"all {call.ref('k')} {nearest} are labelled {braced(refs[0], 'name')}"
    else:
        text = f"of the {call.ref('k')} {nearest}, {listed(parts)}"
    return [Said(call.start(text), claims), *_nearest(call)]


def _nearest(call: Call) -> list[Said]:
    """Name the nearest rows, and say where others are as near as the last one."""
    rows = call.result["rows"][:NEIGHBOURS]
    parts = []
    for i, row in enumerate(rows):
        who = (
            f"{braced('table.id')} {call.ref('rows', i, 'id', form='id')}"
            if "id" in row
            else f"row {call.ref('rows', i, 'row')}"
        )
        parts.append(f"{who} ({call.ref('rows', i, 'label')})")
    facts = tuple(call.fact("rows", i, key) for i in range(len(rows)) for key in ("row", "label"))
    head = "It is" if len(parts) == 1 else "The nearest are" if len(rows) < len(call.result["rows"]) else "They are"
    said = [Said(f"{head} {listed(parts)}{', nearest first' if len(parts) > 1 else ''}", facts)]
    if call.result.get("tied"):
        number = call.result["tied"]
        text = f"{call.ref('tied')} more {'row is' if number == 1 else 'rows are'} as near as the last of them"
        said.append(Said(text, (call.fact("tied"),)))
    return said
