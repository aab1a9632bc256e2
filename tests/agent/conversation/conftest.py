"""Calls of every tool as somebody might have made them, over columns and labels of any name; a memory of its own."""

import pytest

from agent.conversation.evidence import Table
from agent.conversation.memory import Memory
from tools.observation import Observation

NAMES = {
    "age": "age",
    "sex": "sex",
    "female": "female",
    "male": "male",
    "no": "No",
    "yes": "Yes",
    "id": "patient",
    "seven": "7",
    "target": "diabetes",
    "unit": "years",
    "text": "age in years",
}


def calls_of(names):
    """Return a list of (tool, args, result or error), several for each tool."""
    n = NAMES | names
    no, yes, age, sex = n["no"], n["yes"], n["age"], n["sex"]
    one, many = [[n["id"], "==", n["seven"]]], [[age, ">", 50], [sex, "==", n["female"]], ["label", "!=", yes]]
    changes = [{"column": age, "action": "increase", "value": 3}, {"column": sex, "action": "set", "value": n["male"]}]
    shares = {"shares": {no: 0.25, yes: 0.75}, "rows": 12}
    sums = {"space": "log-odds", "base": -0.5, "total": 1.2, "rest": 0.1, "absolute": 2.0}
    moved = [
        {"feature": age, "value": 51, "contribution": 1.234, "rank": 0},
        {"feature": sex, "value": n["female"], "contribution": -0.52, "rank": 1},
    ]
    means = [{key: value for key, value in entry.items() if key != "value"} for entry in moved]
    ranked = [{"feature": age, "importance": 0.81, "rank": 0}, {"feature": sex, "importance": 0.2, "rank": 1}]
    wrong = {"row": 6, "id": n["seven"], "label": no, "prediction": yes, "probability": 0.8}
    numbers = {
        "count": 11,
        "missing": 1,
        "mean": 40.2,
        "std": 9.5,
        "min": 21,
        "q1": 33,
        "median": 39.0,
        "q3": 50,
        "max": 81,
    }
    column = {"feature": age, "kind": "numeric", "unit": n["unit"], "description": n["text"], "rows": 12}
    column |= {"overall": numbers, "by_label": {}}
    kinds = {"feature": sex, "kind": "categorical", "rows": 12, "by_label": {}}
    kinds |= {"overall": {"count": 12, "missing": 0, "shares": {n["female"]: 0.4, n["male"]: 0.6}}}
    flip = {"changes": [{"feature": age, "from": 51, "to": 40.5}], "label": no, "probability": 0.553}
    also = {"changes": [{"feature": sex, "from": n["female"], "to": n["male"]}], "label": no, "probability": 0.51}
    place = {"value": 70, "percentile": 91.0, "below": 90.5, "above": 8.5, "z_score": 2.19}
    near = [{"row": i, "id": n["seven"], "label": yes, "distance": 0.1 * i} for i in range(3)]
    held = {"split": "held-out", "rows": 12}
    return [
        ("predict", {"where": one}, {"label": yes, "rows": 1}),
        ("predict", {"where": one, "changes": changes}, {"label": no, "rows": 1, "before": {"label": yes}}),
        ("predict", {"where": many}, shares),
        ("predict", {"where": many, "changes": changes}, shares | {"before": {"shares": {no: 0.5, yes: 0.5}}}),
        ("predict", {"where": {"any": [many[:1], many[1:]]}}, {"shares": {no: 0.0, yes: 1.0}, "rows": 12}),
        ("probability", {"where": one}, {no: 0.179, yes: 0.821}),
        ("probability", {"where": many}, {no: {"mean": 0.3, "std": 0.2}, yes: {"mean": 0.7, "std": 0.2}, "rows": 12}),
        ("explain", {"where": one}, {"towards": yes, **sums, "features": moved}),
        ("explain", {"where": many, "label": no}, {"towards": no, **sums, "rows": 12, "features": means}),
        ("importance", {}, {"features": ranked, "rows": 12}),
        ("importance", {"feature": age}, {"feature": age, "importance": 0.81, "rank": 0, "of": 8, "rows": 12}),
        (
            "interactions",
            {},
            {"pairs": [{"features": [age, sex], "strength": 0.12, "rank": 0}], "rows": 12, "additive": False},
        ),
        ("interactions", {}, {"pairs": [], "rows": 12, "additive": True}),
        ("counterfactual", {"where": one}, {"label": yes, "target": no, "found": True, "options": [flip, also]}),
        ("counterfactual", {"where": one}, {"label": yes, "target": no, "found": False, "options": []}),
        ("score", {"metric": "accuracy"}, {"metric": "accuracy", "value": 0.783, **held}),
        ("score", {"metric": "recall"}, {"metric": "recall", "value": 0.6, "positive": yes, **held}),
        ("score", {"metric": "ece", "where": many}, {"metric": "ece", "value": 0.0312, "split": "train", "rows": 12}),
        ("mistakes", {"kind": "examples"}, {"mistakes": 1, "share": 1 / 12, "examples": [wrong], **held}),
        (
            "mistakes",
            {"kind": "patterns"},
            {
                "mistakes": 3,
                "share": 0.25,
                **held,
                "patterns": [{"where": many, "rows": 5, "mistakes": 3, "share": 0.6}],
            },
        ),
        ("labels", {"where": one}, {"label": yes, "rows": 1}),
        ("labels", {"where": many}, {"shares": {no: 0.25, yes: 0.75}, "counts": {no: 3, yes: 9}, "rows": 12}),
        ("count", {"where": many}, {"rows": 12}),
        ("count", {"where": [[sex, "in", [n["female"], n["male"]]], [age, "==", None]]}, {"rows": 0}),
        ("show", {"where": many}, {"rows": 12, "columns": [n["id"], age], "table": [[n["seven"], 51]] * 10}),
        ("show", {"where": one}, {"rows": 1, "columns": [n["id"], age, sex], "table": [[n["seven"], 51, n["female"]]]}),
        ("feature_stats", {"feature": age, "where": many}, column),
        ("feature_stats", {"feature": age, "value": 70}, column | place),
        ("feature_stats", {"feature": sex}, kinds),
        (
            "feature_stats",
            {"feature": sex, "value": n["male"]},
            kinds | {"value": n["male"], "share": 0.6, "share_by_label": {no: 0.5, yes: 0.7}},
        ),
        (
            "feature_stats",
            {"feature": n["target"]},
            {
                "feature": n["target"],
                "kind": "label",
                "rows": 12,
                "overall": {"count": 12, "shares": {no: 0.25, yes: 0.75}},
            },
        ),
        ("similar", {"where": one}, {"k": 3, "rows": near, "labels": {no: 0, yes: 3}, "tied": 1}),
        ("calculate", {"expression": f"1 + {n['text']}"}, {"result": 3.28089887640449, "exact": "292/89"}),
        (
            "describe",
            {"topic": "data"},
            {
                "target": n["target"],
                "labels": [no, yes],
                "rows": 12,
                "features": 2,
                "kinds": {"numeric": 1},
                "names": [age, sex],
                "description": n["text"],
            },
        ),
        (
            "describe",
            {"topic": "model"},
            {"predictor": "gbdt", "held_out": {"n": 3, "accuracy": 0.75, "baseline_accuracy": 0.5}},
        ),
        ("describe", {"topic": "abilities"}, {"tools": {"predict": n["text"], "count": n["text"]}}),
        (
            "describe",
            {"topic": "feature", "name": sex},
            {"feature": sex, "kind": "categorical", "categories": [n["female"], n["male"]]},
        ),
        (
            "describe",
            {"topic": "feature", "name": age},
            {"feature": age, "kind": "numeric", "unit": n["unit"], "description": n["text"]},
        ),
        ("predict", {"where": many}, f"there is no column {n['text']!r}. Did you mean {age!r}?"),
    ]


def table_of(names):
    """Return the words of the schema."""
    n = NAMES | names
    return Table(
        target=n["target"],
        labels=[n["no"], n["yes"]],
        id=n["id"],
        named=[n["id"]],
        numbered=["row"],
        units={n["age"]: n["unit"]},
    )


@pytest.fixture
def calls():
    """Return the function from names to lists of one observation each."""

    def make(**names):
        found = []
        for tool, args, outcome in calls_of(names):
            ending = {"error": outcome} if isinstance(outcome, str) else {"result": outcome}
            found.append(Observation(id="t1", tool=tool, args=args, **ending))
        return found

    return make


@pytest.fixture
def words():
    """Return the function from names to the table's words."""
    return lambda **names: table_of(names)


@pytest.fixture
def kept(tmp_path):
    """Return a memory in a new folder."""
    return Memory(tmp_path / "home" / "sessions.sqlite")
