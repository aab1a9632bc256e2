"""What moves predictions, in words: contributions, importance, interactions, and the changes that flip a label."""

from agent.conversation.claims import AnswerClaim, Entry, Flip, Nothing, Order
from agent.conversation.saying.call import Call
from agent.conversation.saying.conditions import amount
from agent.conversation.saying.words import Said, braced, listed

__all__ = ["counterfactual", "explain", "importance", "interactions"]

NAMED = 4  # contributions that a text names where nobody asked for another number
RANKED = 5  # features that a ranking names
_SPACE = {"log-odds": "its log-odds", "margin": "its score", "probability": "its probability"}


def explain(call: Call) -> list[Said]:
    """Say the largest contributions: which features speak for the label, which against it, and by how much."""
    towards = call.ref("towards")
    one = "rows" not in call.result
    entries = _told(call)
    claims: tuple[AnswerClaim, ...] = (call.about, call.fact("towards"), *entries)
    if not entries:
        who = call.row() if one else call.rows()
        return [
            Said(call.start(f"for {who}, no feature moves the prediction towards {towards} or away from it"), claims)
        ]
    if not one:
        head = f"on average over {call.looked_at()}"
        return [Said(call.start(f"{head}, {_sides(call, entries, towards, one=one)}"), claims)]
    if "label" in call.seen.args:
        return [Said(call.start(f"for {call.row()}, {_sides(call, entries, towards, one=one)}"), claims)]
    head = f"the prediction for {call.row()} {'would be' if call.changed else 'is'} {towards}"
    return [Said(call.start(f"{head}: {_sides(call, entries, 'it', one=one)}"), claims)]


def _told(call: Call) -> list[Entry]:
    """Return the largest contributions; where all of them speak against the prediction, the largest one for it, too."""
    found = [entry for i in range(len(call.result["features"])) if (entry := _entry(call, i)).sign]
    told, rest = found[: (most := call.seen.args.get("top") or NAMED)], found[most:]
    if told and "label" not in call.seen.args and all(entry.sign < 0 for entry in told):
        told += [entry for entry in rest if entry.sign > 0][:1]
    return told


def _entry(call: Call, index: int) -> Entry:
    return Entry.of(call.evidence, call.raw("features", index))


def _sides(call: Call, entries: list[Entry], label: str, *, one: bool) -> str:
    """Say what speaks for a label and then what against it; the side of the largest contribution first."""
    scale = _SPACE[call.result["space"]]
    sides: list[str] = []
    for sign in (entries[0].sign, -entries[0].sign):
        side = [entry for entry in entries if entry.sign == sign]
        if not side:
            continue
        verb, does, off = ("for", "adding", "to") if sign > 0 else ("against", "taking", "off")
        names = listed([_named(entry, call) if one else braced(f"{entry.ref}.feature") for entry in side])
        sizes = listed([_size(entry, call) for entry in side])
        of = f" {off} {'it' if sides else scale}"
        speak = "speaks" if len(side) == 1 else "speak"
        sides.append(f"{names} {speak} {verb} {'it' if sides else label}, {does} {sizes}{of}")
    return "; ".join(sides)


def _size(entry: Entry, call: Call) -> str:
    """Return the size of a contribution, with its standard error where it is an estimate."""
    size = braced(f"{entry.ref}.contribution", "abs")
    if not call.evidence.has(f"{entry.ref}.standard_error"):
        return size
    return f"{size} (standard error {braced(f'{entry.ref}.standard_error')})"


def _named(entry: Entry, call: Call) -> str:
    """Return a feature with the value of the row."""
    value = amount(f"{entry.ref}.value", entry.feature, entry.value, call.evidence.table)
    return f"{braced(f'{entry.ref}.feature')} ({value})"


def importance(call: Call) -> list[Said]:
    """Say the ranking of the features, or the place of one of them."""
    over = f"over {call.looked_at()}"
    if "features" not in call.result:
        claims = (call.about, call.fact("feature"), call.fact("rank"), call.fact("of"), call.fact("importance"))
        text = (
            f"by importance, {call.ref('feature')} is number {call.ref('rank', form='place')} of {call.ref('of')} "
            f"features: {over}, its contributions have a mean size of {call.ref('importance')}"
        )
        return [Said(call.start(text), claims)]
    entries = call.result["features"][: call.seen.args.get("top") or RANKED]
    named = [i for i, entry in enumerate(entries) if entry["importance"] > 0]
    refs = tuple(call.raw("features", i, "importance") for i in named)
    order: tuple[AnswerClaim, ...] = (call.about, Order(refs=refs), *(call.fact("features", i, "rank") for i in named))
    if not named:
        return [Said(call.start(f"no feature matters {over}"), (call.about,))]
    parts = [f"{call.ref('features', i, 'feature')} ({braced(ref)})" for i, ref in zip(named, refs, strict=True)]
    verb = "feature that matters most is" if len(parts) == 1 else "features that matter most are"
    return [Said(call.start(f"the {verb} {listed(parts)}, by the mean size of their contributions {over}"), order)]


def interactions(call: Call) -> list[Said]:
    """Say which features act together, or that the predictor adds them up one by one."""
    if call.result["additive"]:
        text = "The predictor is additive: it adds up the features one by one, so none of them act together"
        return [Said(text, (call.fact("additive"),))]
    pairs = call.result["pairs"][: call.seen.args.get("top") or RANKED]
    named = [i for i, pair in enumerate(pairs) if pair["strength"] > 0]
    pairs_of_rows = f"{call.ref('sample')} pairs of {call.rows()}" if "sample" in call.result else call.rows()
    if not named:
        return [Said(f"No features act together in {pairs_of_rows}", (call.about, Nothing(ref=call.raw("pairs"))))]
    refs = tuple(call.raw("pairs", i, "strength") for i in named)
    parts = [
        f"{call.ref('pairs', i, 'features', 0)} with {call.ref('pairs', i, 'features', 1)} ({braced(ref)})"
        for i, ref in zip(named, refs, strict=True)
    ]
    verb = "pair of features that acts together most is" if len(parts) == 1 else "features that act together most are"
    text = f"the {verb} {listed(parts)}, by the strength of their interaction in {pairs_of_rows}"
    return [Said(call.start(text), (call.about, Order(refs=refs)))]


def counterfactual(call: Call) -> list[Said]:
    """Say the smallest changes that lead to another label, or that none was found."""
    options, label = call.result["options"], call.ref("label")
    claims: tuple[AnswerClaim, ...] = (call.about, call.fact("label"), call.fact("target"), call.fact("found"))
    if not options:
        other = "another one" if call.result["target"] is None else call.ref("target")
        text = f"the prediction for {call.row()} is {label}; no small change within the limits of the columns"
        return [Said(call.start(f"{text} was found that makes it {other}"), claims)]
    ways = [_way(call, i) for i in range(len(options))]
    new = [call.ref("options", i, "label") for i in range(len(options))]
    flips = [Flip(call=call.id, option=i, label=option["label"]) for i, option in enumerate(options)]
    first = f"the prediction for {call.row()} would be {new[0]} instead of {label} if {ways[0]}"
    said = [Said(call.start(first), (*claims, flips[0]))]
    also = [f"{to} if {way}" for to, way in zip(new[1:], ways[1:], strict=True)]
    return [*said, Said(f"It would also be {', or '.join(also)}", tuple(flips[1:]))] if also else said


def _way(call: Call, option: int) -> str:
    """Return the changes of one option, and how probable the label is then."""
    parts = []
    for i, change in enumerate(call.result["options"][option]["changes"]):
        at, table = call.raw("options", option, "changes", i), call.evidence.table
        to = amount(f"{at}.to", change["feature"], change["to"], table)
        parts.append(f"{braced(f'{at}.feature')} were {to} instead of {braced(f'{at}.from')}")
    return f"{listed(parts)} (probability {call.ref('options', option, 'probability')})"
