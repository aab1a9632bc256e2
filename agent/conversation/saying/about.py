"""What the data, the classifier and its abilities are, in words; and the result of a calculation."""

from collections.abc import Callable

from agent.conversation.claims import AnswerClaim
from agent.conversation.saying.call import Call
from agent.conversation.saying.words import Said, braced, listed

__all__ = ["calculate", "describe"]

COLUMNS = 12  # that a description of the data names
CATEGORIES = 12
_PREDICTORS = {
    "logistic": "a logistic regression",
    "gbdt": "a model of boosted trees",
    "brought": "a model that was brought",
    "llm": "a language model that is asked for the label",
}
_KINDS = {
    "numeric": "a number",
    "categorical": "a category",
    "boolean": "one of two values",
    "label": "what is predicted",
    "id": "the id of a row",
}
_ABILITIES = {
    "predict": "what is predicted for a row or a group (also after changes)",
    "probability": "how likely each label is",
    "explain": "which features speak for it",
    "importance": "which features matter most on the whole",
    "interactions": "which of them act together",
    "counterfactual": "what would have to change for another label",
    "score": "how good the predictions are",
    "mistakes": "where they are wrong",
    "labels": "what the true labels are",
    "count": "how many rows there are",
    "show": "what is in them",
    "feature_stats": "averages and other statistics of a column",
    "similar": "which rows are similar",
    "calculate": "what an expression comes to",
    "describe": "what the data, a column or the classifier is",
}


def calculate(call: Call) -> list[Said]:
    """Say what an expression comes to."""
    found = call.result["result"]
    shown = str(found).lower() if isinstance(found, bool) else call.ref("result", form="value")
    return [Said(f"{braced(f'{call.id}@args.expression')} is {shown}", (call.fact("result"),))]


def describe(call: Call) -> list[Said]:
    """Say what something is."""
    topics: dict[str, Callable[[Call], list[Said]]] = {
        "data": _data,
        "model": _model,
        "abilities": _abilities,
        "feature": _feature,
    }
    return topics[call.seen.args["topic"]](call)


def _data(call: Call) -> list[Said]:
    labels = [call.ref("labels", i) for i in range(len(call.result["labels"]))]
    kinds = [f"{call.ref('kinds', kind)} {kind}" for kind in _KINDS if kind in call.result["kinds"]]
    text = (
        f"The table has {call.ref('rows')} rows and {call.ref('features')} features ({listed(kinds)}); "
        f"what is predicted is {call.ref('target')}, with the labels {listed(labels[:COLUMNS])}"
    )
    more = " and others" if len(labels) > COLUMNS else ""
    claims: tuple[AnswerClaim, ...] = (call.fact("rows"), call.fact("features"), call.fact("target"))
    said = [Said(text + more, claims)]
    if call.result.get("description"):
        said.insert(0, Said(f"{call.ref('description', form='text')}", (call.fact("description"),)))
    names = [call.ref("names", i) for i in range(min(COLUMNS, len(call.result["names"])))]
    few = call.result["features"] == len(names)
    said.append(Said(f"The features {'are' if few else 'include'} {listed(names)}", ()))
    return said


def _model(call: Call) -> list[Said]:
    kind = call.result["predictor"]
    held = call.result["held_out"]
    what = f"The classifier is {_PREDICTORS.get(kind, 'a model')} that predicts {braced('table.target')}"
    said = [Said(what, (call.fact("predictor"),))]
    if "accuracy" not in held:
        return said
    right, n = call.ref("held_out", "accuracy", form="share"), call.ref("held_out", "n")
    text = f"{right} of the {n} held-out rows are predicted correctly"
    claims = (call.fact("held_out", "accuracy"), call.fact("held_out", "n"))
    if "baseline_accuracy" in held:
        always = call.ref("held_out", "baseline_accuracy", form="share")
        text += f"; always saying the commonest label would get {always} right"
    return [*said, Said(text, claims)]


def _abilities(call: Call) -> list[Said]:
    known = [tool for tool in _ABILITIES if tool in call.result["tools"]]
    claims = tuple(call.fact("tools", tool) for tool in known)
    return [Said(f"You can ask me {listed([_ABILITIES[tool] for tool in known])}", claims)]


def _feature(call: Call) -> list[Said]:
    name = call.ref("feature")
    in_unit = f" in {call.ref('unit')}" if call.result.get("unit") else ""
    what = _KINDS.get(call.result["kind"], "a column")
    claims = (call.fact("feature"), call.fact("kind"))
    if call.result.get("description"):
        text = f"{name} is {what}{in_unit}: {call.ref('description', form='text')}"
    else:
        text = f"{name} is {what}{in_unit}"
    categories = call.result.get("categories") or []
    said = [Said(text, claims)]
    if categories:
        names = [call.ref("categories", i) for i in range(min(CATEGORIES, len(categories)))]
        said.append(Said(f"Its values are {listed(names)}{' and others' if len(categories) > CATEGORIES else ''}", ()))
    return said
