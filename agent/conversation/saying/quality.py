"""How good the predictor is, in words: measures, wrong rows, and where it errs."""

from agent.conversation.claims import AnswerClaim, Contrast, Extent, Nothing, Order
from agent.conversation.saying.call import Call
from agent.conversation.saying.conditions import worded
from agent.conversation.saying.words import Said, braced, listed

__all__ = ["FRACTIONS", "METRICS", "mistakes", "score"]

EXAMPLES = 5
METRICS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "specificity": "specificity",
    "f1": "F1 score",
    "roc_auc": "area under the ROC curve",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "expected calibration error",
}
_MEANING = {
    "precision": "so many of the rows predicted {} are labelled {}",
    "recall": "so many of the rows labelled {} are predicted {}",
    "specificity": "so many of the rows not labelled {} are not predicted {}",
}
FRACTIONS = {"accuracy", "precision", "recall", "specificity"}
_LESS_IS_BETTER = {"log_loss", "brier", "ece"}


def score(call: Call) -> list[Said]:
    """Say one measure: its value, what it means, and on which rows."""
    metric = call.result["metric"]
    claims: list[AnswerClaim] = [call.about, call.fact("metric"), call.fact("value"), call.fact("split")]
    positive = call.ref("positive") if call.result.get("positive") is not None else ""
    of = f" for {positive}" if positive else ", averaged over the labels," if metric in {*_MEANING, "f1"} else ""
    rows = call.rows()
    if call.result["value"] is None:
        return [Said(call.start(f"the {METRICS[metric]}{of} cannot be computed on {rows}"), tuple(claims))]
    if metric == "accuracy":
        verb = "would be" if call.changed else "is" if call.result["rows"] == 1 else "are"
        text = f"{call.ref('value', form='share')} of {rows} {verb} predicted correctly (accuracy)"
    else:
        value = call.ref("value", form="share" if metric in FRACTIONS else "")
        better = "" if metric in FRACTIONS else f" ({'lower' if metric in _LESS_IS_BETTER else 'higher'} is better)"
        text = f"the {METRICS[metric]}{of} on {rows} is {value}{better}"
        if positive and metric in _MEANING:
            text += ": " + _MEANING[metric].replace("{}", positive)
    return [Said(call.start(text), tuple(claims)), *_seen(call)]


def _seen(call: Call) -> list[Said]:
    """Warn where the predictor was trained on the rows it is measured on."""
    if call.result.get("split") != "train":
        return []
    these = "this row" if call.result["rows"] == 1 else "these rows"
    text = f"The predictor was trained on {these}, so it may look better here than it is"
    return [Said(text, (call.fact("split"),))]


def mistakes(call: Call) -> list[Said]:
    """Say how many rows are predicted wrongly, and which, or what they have in common."""
    rows, wrong = call.result["rows"], call.result["mistakes"]
    claims: list[AnswerClaim] = [call.about, call.fact("mistakes")]
    if rows == 1:
        said = [_one(call)]
    elif wrong == 0:
        none = Extent(part=call.raw("mistakes"), extent="none")
        said = [Said(call.start(f"none of {call.rows()} is predicted wrongly"), (*claims, none))]
    else:
        verb = "is" if wrong == 1 else "are"
        text = f"{call.ref('mistakes')} of {call.rows()} {verb} predicted wrongly ({call.ref('share')})"
        said = [Said(call.start(text), tuple(claims))]
        said += _patterns(call) if "patterns" in call.result else _examples(call)
    return [*said, *_seen(call)]


def _one(call: Call) -> Said:
    """Say whether one row is predicted rightly."""
    claims: list[AnswerClaim] = [call.about, call.fact("mistakes")]
    if call.result["mistakes"] == 0:
        return Said(f"The prediction for {call.rows()} is right", tuple(claims))
    if not call.result.get("examples"):
        return Said(f"The prediction for {call.rows()} is wrong", tuple(claims))
    label, prediction = (call.ref("examples", 0, key) for key in ("label", "prediction"))
    claims += [call.fact("examples", 0, "label"), call.fact("examples", 0, "prediction")]
    return Said(
        f"The prediction for {call.rows()} is wrong: it is {prediction}, the true label is {label}", tuple(claims)
    )


def _examples(call: Call) -> list[Said]:
    """Name some of the wrong rows."""
    examples = call.result["examples"][:EXAMPLES]
    parts = [
        f"{_who(call, i)} (labelled {call.ref('examples', i, 'label')}, "
        f"predicted {call.ref('examples', i, 'prediction')} with {call.ref('examples', i, 'probability')})"
        for i in range(len(examples))
    ]
    facts = tuple(call.fact("examples", i, key) for i in range(len(examples)) for key in ("row", "label", "prediction"))
    if not parts:
        return []
    few = len(examples) == call.result["mistakes"]
    head = ("It is" if len(parts) == 1 else "They are") if few else "Those that it was surest of are"
    order = Order(refs=tuple(call.raw("examples", i, "probability") for i in range(len(examples))))
    return [Said(f"{head} {listed(parts)}", (order, *facts))]


def _who(call: Call, example: int) -> str:
    """Return the id of an example as the table names it."""
    if "id" in call.result["examples"][example]:
        return f"{braced('table.id')} {call.ref('examples', example, 'id', form='id')}"
    return f"row {call.ref('examples', example, 'row')}"


def _patterns(call: Call) -> list[Said]:
    """Say where mistakes are commoner than on the whole."""
    if not call.result["patterns"]:
        nothing = Nothing(ref=call.raw("patterns"))
        return [Said("No conditions were found under which mistakes are more common", (nothing,))]
    said = []
    for i, pattern in enumerate(call.result["patterns"]):
        at = call.raw("patterns", i)
        rest = worded(pattern["where"], f"{at}.where", call.evidence.table, 2).rest
        more = Contrast.of(call.evidence, f"{at}.share", call.raw("share"))
        head = "Mistakes are more common among" if more is not None and more.relation == "above" else "Among"
        text = f"{head} rows{rest}: {braced(f'{at}.mistakes')} of {braced(f'{at}.rows')} ({braced(f'{at}.share')})"
        facts = [call.fact("patterns", i, key) for key in ("rows", "mistakes", "share")]
        said.append(Said(text, (*facts, *([] if more is None else [more]))))
    return said
