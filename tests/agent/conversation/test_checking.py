"""Receipts of answers: a true one passes, one with another digit does not, however well it is sealed again."""

import copy
import hashlib
import json
import random
import re

import numpy as np
import pandas as pd
import pytest

from agent import Answer, verify
from agent.conversation.compose import answer_of
from agent.explanation import receipt
from tools.bundle import Bundle
from tools.errors import ReceiptError
from tools.table import read_table
from tools.toolbox import Toolbox

TABLES = ("penguins", "attrition", "biopsy")
ANSWERS = 70  # of each table
TRIED = 6  # digits of each answer


def ask(bundle, *calls, previous=None, data=None, unread=(), question="What about 42?", **more):
    """Return the sealed answer that some calls lead to, as JSON."""
    toolbox = Toolbox(bundle, previous=previous, data=data)
    for tool, args in calls:
        toolbox.call(tool, args)
    about = {"bundle": {"sha256": bundle.sha256}} | more
    answer = answer_of(question, toolbox.observations, bundle.schema, unread, **about)
    answer.verification = verify(answer, bundle, data=data)
    assert answer.verification.ok, answer.verification.failures[:3]
    return json.loads(receipt.seal(answer).model_dump_json())


def sealed(raw):
    """Return a receipt with the digest that fits what it now says."""
    return raw | {"digest": receipt.digest(raw)}


def passes(raw, bundle, *, seal=True):
    """Tell whether a receipt that was changed and sealed again passes; one that cannot even be read does not."""
    try:
        return verify(sealed(raw) if seal else raw, bundle, text_only=bundle is None).ok
    except ReceiptError:
        return False


# -- answers of all kinds --------------------------------------------------------------------------------------------


def _condition(bundle, chance):
    feature = chance.choice(bundle.schema.features)
    if feature.categories:
        return [feature.name, chance.choice(["==", "!="]), chance.choice(feature.categories)]
    value = bundle.features_of(chance.randrange(bundle.row_count))[feature.name]
    return (
        [feature.name, chance.choice([">", ">=", "<", "<="]), value]
        if value is not None
        else [feature.name, "!=", None]
    )


def _where(bundle, chance):
    kind = chance.randrange(5)
    if kind == 0:
        return {}
    if kind == 1:
        return {
            "where": {
                "any": [
                    [_condition(bundle, chance)],
                    [_condition(bundle, chance), ["label", "==", bundle.schema.labels[0]]],
                ]
            }
        }
    return {"where": [_condition(bundle, chance) for _ in range(chance.randint(1, 2))]}


def _change(bundle, chance):
    feature = chance.choice(bundle.schema.features)
    if feature.categories:
        return {"column": feature.name, "action": "set", "value": chance.choice(feature.categories)}
    return {
        "column": feature.name,
        "action": chance.choice(["set", "increase", "decrease"]),
        "value": chance.randint(1, 60),
    }


def some_call(bundle, chance):
    """Return a call of any tool."""
    feature, row = chance.choice(bundle.schema.names), {"where": [["row", "==", chance.randrange(bundle.row_count)]]}
    some = _where(bundle, chance)
    return chance.choice(
        [
            ("predict", row),
            ("predict", some),
            ("predict", chance.choice([row, some]) | {"changes": [_change(bundle, chance)]}),
            ("probability", chance.choice([row, some])),
            ("explain", row | {"label": bundle.schema.labels[-1]}),
            ("explain", some | {"top": 3}),
            ("importance", some),
            ("importance", {"feature": feature}),
            ("interactions", {}),
            ("counterfactual", row),
            ("score", some | {"metric": chance.choice(["accuracy", "recall", "f1", "log_loss", "ece"])}),
            ("mistakes", some | {"kind": chance.choice(["examples", "patterns"])}),
            ("labels", chance.choice([row, some])),
            ("count", some),
            ("show", some | {"limit": 3}),
            ("feature_stats", some | {"feature": feature}),
            ("feature_stats", {"feature": feature, "value": bundle.features_of(3)[feature]}),
            ("similar", row),
            ("calculate", {"expression": f"{chance.randint(1, 99)} / 7"}),
            ("describe", {"topic": chance.choice(["data", "model", "abilities"])}),
        ]
    )


@pytest.fixture(scope="module", params=TABLES)
def answered(request, bundle_of):
    """Return a bundle and many answers about it, of one to three calls."""
    bundle, chance = bundle_of(request.param), random.Random(request.param)  # noqa: S311
    found = [ask(bundle, *(some_call(bundle, chance) for _ in range(chance.randint(1, 3)))) for _ in range(ANSWERS)]
    return bundle, found


def test_true_answers_pass(answered):
    """With the bundle completely, without it as far as the text goes."""
    bundle, found = answered
    for raw in found:
        assert verify(raw, bundle) == verify(Answer.model_validate(raw), bundle)
        assert verify(raw, bundle).complete
        assert verify(raw, text_only=True).ok
        assert not verify(raw, text_only=True).complete


def _leaves(value, path=()):
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inside is None:
        yield path, value
        return
    for key, inner in inside:
        yield from _leaves(inner, (*path, key))


def _other_digits(value):
    """Yield the values with another digit: of a number among the first six that count."""
    text = value if isinstance(value, str) else repr(value)
    counted = 0
    for match in re.finditer(r"\d", text.partition("e")[0] if isinstance(value, float) else text):
        counted += bool(counted) or match[0] != "0"
        if isinstance(value, float) and counted > 6:
            return
        other = f"{text[: match.start()]}{(int(match[0]) + 1) % 10}{text[match.end() :]}"
        try:
            yield other if isinstance(value, str) else type(value)(other)
        except ValueError:
            continue


def falsified(raw):
    """Return the receipt with one digit changed, in every place: (path, receipt)."""
    parts = {key: raw[key] for key in ("text", "calls", "sentences", "citations", "claims", "table", "unread")}
    for path, value in _leaves(parts):
        if isinstance(value, bool | None):
            continue
        scale = _sum(raw, path)
        for other in _other_digits(value):
            if other != value and (scale is None or abs(other - value) > 1e-6 * scale):
                yield path, _put(raw, path, other)


def _sum(raw, path):
    """Return how large all contributions are together, where it is one of them: they agree relative to that."""
    result = (raw["calls"][path[1]].get("result") or {}) if path[0] == "calls" else {}
    return result.get("absolute") if path[-1] in {"base", "contribution", "rest", "total", "absolute"} else None


def _put(raw, path, value):
    changed = copy.deepcopy(raw)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def test_another_digit_anywhere_is_found(answered):
    """In text, calls, citations and claims: with the old digest, and sealed again."""
    bundle, found = answered
    chance, tried = random.Random(0), 0  # noqa: S311
    for raw in found:
        changed = list(falsified(raw))
        for path, false in chance.sample(changed, min(TRIED, len(changed))):
            tried += 1
            assert not passes(false, bundle), (path, raw["text"])
            assert not passes(false, bundle, seal=False), path
    assert tried > 0.9 * ANSWERS * TRIED


def test_another_digit_in_the_text_and_its_sentence_is_found(answered):
    """As a forger would do it: both in one."""
    for raw in answered[1][:30]:
        for number, sentence in enumerate(raw["sentences"]):
            for other in _other_digits(sentence["text"]):
                false = _put(raw, ("sentences", number, "text"), other)
                false["text"] = "\n".join(each["text"] for each in false["sentences"])
                assert not verify(sealed(false), text_only=True).ok


def test_results_that_were_made_up_are_found(answered):
    """Other results, told again by the same rules and sealed, agree with themselves; the bundle says otherwise."""
    bundle, found = answered
    chance = random.Random(1)  # noqa: S311
    for raw in found:
        leaves = [
            (path, other)
            for path, value in _leaves([call.get("result") for call in raw["calls"]])
            if isinstance(value, int | float) and not isinstance(value, bool) and path[-1] not in {"rest", "exact"}
            for other in [value + 1 if isinstance(value, int) else value * 1.01 + 1e-3]
        ]
        if not leaves:
            continue
        path, other = chance.choice(leaves)
        false = _put(raw, ("calls", path[0], "result", *path[1:]), other)
        calls = Answer.model_validate(false).calls
        told = answer_of(
            false["question"], calls, bundle.schema, bundle=raw["bundle"], verification=raw["verification"]
        )
        assert not passes(json.loads(told.model_dump_json()), bundle), (path, raw["text"])


# -- what an answer rests on -----------------------------------------------------------------------------------------


def test_rows_of_the_answer_before_are_run_again(bundle_of):
    """An answer about "those" is a receipt of its own; other rows than it says are found."""
    bundle = bundle_of("penguins")
    calls = [("count", {"scope": "previous", "where": {"any": [[["sex", "==", "male"]], [["year", ">", 2007]]]}})]
    raw = ask(bundle, *calls, ("predict", {"scope": "previous"}), previous=[["island", "==", "Dream"]])
    assert verify(raw, bundle).ok

    for where in ([["island", "==", "Dream"]], [["island", "==", "Biscoe"], ["sex", "==", "male"]], []):
        assert not passes(_put(raw, ("calls", 0, "resolved", "where"), where), bundle)
    assert not passes(_put(raw, ("calls", 0, "resolved", "more"), 1), bundle)
    alone = copy.deepcopy(raw)
    del alone["calls"][1]["resolved"]
    assert not passes(alone, bundle)
    extra = copy.deepcopy(raw)
    del extra["calls"][1]["args"]["scope"]
    assert not passes(extra, bundle)


def test_a_question_about_a_file(bundle_of, tmp_path):
    """The file is run again where it is the one that was asked about; else only the text, and it says so."""
    bundle, file = bundle_of("penguins"), tmp_path / "some.csv"
    bundle.rows.head(40).rename(columns={"label": "species"}).to_csv(file, index=False)
    data = {"path": str(file), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    read = read_table(file)
    assert read.attrs["sha256"] == data["sha256"]
    args = {"where": [["sex", "==", "male"]], "metric": "accuracy"}
    answer = answer_of(
        "?",
        (box := Toolbox(bundle, data=read)) and [box.call("score", args)],
        bundle.schema,
        bundle={"sha256": bundle.sha256},
        data=data,
    )
    answer.verification = verify(answer, bundle)
    raw = json.loads(receipt.seal(answer).model_dump_json())

    assert "given rows" in raw["text"]
    assert verify(raw, bundle).ok
    assert verify(raw, bundle).complete
    false = _put(raw, ("calls", 0, "result", "rows"), 3)
    assert not passes(false, bundle)
    assert not passes(_put(raw, ("data", "more"), "x"), bundle)
    file.write_text("other", encoding="utf-8")
    assert verify(raw, bundle).ok
    assert not verify(raw, bundle).complete
    assert verify(raw, bundle, data=read).complete
    file.unlink()
    assert not verify(raw, bundle).complete


def test_another_bundle_and_other_words_of_the_schema(bundle_of):
    """A receipt belongs to one bundle, and its units, labels and names are that bundle's."""
    bundle = bundle_of("penguins")
    raw = ask(bundle, ("count", {"where": [["body_mass_g", ">", 4000]]}))

    assert not passes(raw, bundle_of("attrition"))
    false = _put(raw, ("table", "units"), {"body_mass_g": "kg"})
    calls = Answer.model_validate(false).calls
    assert calls
    assert not passes(false, bundle)


@pytest.mark.parametrize("value", [None, 3, [], "x", {"where": 3}, {"where": [[1, 2]]}, {"where": {"any": 3}}])
@pytest.mark.parametrize(
    "path", [("calls", 0, "result"), ("calls", 0, "args"), ("calls", 0, "resolved"), ("table",), ("sentences",)]
)
def test_a_malformed_receipt_is_refused_or_fails(bundle_of, path, value):
    """Whatever stands in it, checking it ends with what is wrong."""
    raw = ask(bundle_of("penguins"), ("predict", {"where": [["sex", "==", "male"]]}))
    if path == ("calls", 0, "resolved") and value is None:
        return

    assert not passes(_put(raw, path, value), bundle_of("penguins"))
    assert not passes(_put(raw, path, value), None)


def test_a_failed_call_is_run_again(bundle_of):
    """Another error than the tool's is found."""
    raw = ask(bundle_of("penguins"), ("predict", {"where": [["wieght", ">", 3]]}))

    assert not passes(_put(raw, ("calls", 0, "error"), "there is no column 'weight'."), bundle_of("penguins"))


ROW_3 = {"where": [["row", "==", 3]]}
FAILED = [
    ("predict", {"where": [["row", "==", 99999]], "changes": [("body_mass_g", "increase", 300)]}),
    ("predict", {"where": [["body_mass_g", ">", 9000]], "changes": [("body_mass_g", "set", 4100.5)]}),
    ("explain", ROW_3 | {"changes": [("wieght", "increase", 10.5), ("body_mass_g", "decrease", 120)]}),
    ("predict", ROW_3 | {"changes": [("island", "set", "12")]}),
    ("probability", ROW_3 | {"changes": [("body_mass_g", "set", 1e300)]}),
    ("similar", ROW_3 | {"k": 1000}),
    ("show", {"limit": 1000}),
    ("counterfactual", {"where": [["row", "in", [3, 4, 5]]]}),
    ("feature_stats", {"feature": "body_mass_g", "value": "abc1"}),
    ("calculate", {"expression": "1 / 0 + 35"}),
    ("describe", {"topic": "feature", "name": "x1"}),
    ("nothing", {"x": 12}),
]


@pytest.mark.parametrize(("tool", "args"), FAILED, ids=[f"{at} {tool}" for at, (tool, _) in enumerate(FAILED)])
def test_another_digit_in_what_a_failed_call_was_asked_is_found(bundle_of, tool, args):
    """As anywhere; where all is said again of it, too, it passes only if that call fails with the very same words."""
    bundle, parts = bundle_of("penguins"), ("column", "action", "value")
    if "changes" in args:
        args = args | {"changes": [dict(zip(parts, change, strict=True)) for change in args["changes"]]}
    raw = ask(bundle, (tool, args))
    changed = [
        _put(raw, path, other)
        for path, value in _leaves(raw["calls"][0]["args"], ("calls", 0, "args"))
        for other in (_other_digits(value) if not isinstance(value, bool) else ())
    ]

    assert raw["calls"][0]["error"]
    assert changed
    for false in changed:
        again = Toolbox(bundle).call(tool, false["calls"][0]["args"])
        assert not passes(false, bundle)
        assert not passes(false, None)
        assert passes(said_again(false), bundle) == (again.error == raw["calls"][0]["error"])


def test_words_that_were_not_used_are_the_questions_own(bundle_of):
    """They are said; nothing else can be said in their place, with or without the rows."""
    bundle = bundle_of("penguins")
    raw = ask(bundle, ("count", {}), unread=["smokers"], question="How many smokers?")

    assert raw["text"].splitlines()[-1] == "Not used from the question: smokers."
    for word in ("eggs", "accuracy is 99%", "How many"):
        forged = said_again(raw | {"unread": [word]})
        assert not passes(forged, bundle)
        assert not passes(forged, None)


def test_nobody_can_add_a_sentence_of_their_own(bundle_of):
    """Notes are beside the text: what is written into them never becomes a part of it."""
    bundle = bundle_of("penguins")
    raw = ask(bundle, ("count", {}))
    false = "The accuracy is 99.9%."

    assert false not in said_again(raw | {"notes": [false]})["text"]
    assert not passes(raw | {"text": f"{raw['text']}\n{false}", "notes": [false]}, bundle)


def test_where_no_tool_answers_the_text_says_what_can_be_asked(bundle_of):
    """The columns it names are the bundle's first ones; others are a difference."""
    bundle = bundle_of("penguins")
    raw = ask(bundle)

    assert raw["text"].startswith("This table cannot answer that; you can ask about its columns, such as island")
    assert not passes(said_again(_put(raw, ("table", "columns"), ["weight of 99%"])), bundle)


def said_again(raw):
    """Return a receipt whose sentences are made anew from what it now says: what a careful forger would do."""
    answer = Answer.model_validate(raw)
    table = answer.table
    made = answer_of(answer.question, answer.calls, table, answer.unread)
    fresh = {key: getattr(made, key) for key in ("text", "sentences", "citations", "claims")}
    return json.loads(answer.model_copy(update=fresh).model_dump_json())


# -- hostile tables --------------------------------------------------------------------------------------------------

NASTY = [
    "{t1.rows}",
    "[t1]",
    "“a” 3.5%",
    "t1@args",
    "a.b|c",
    "two\nlines",
    "\u202e7",
    "row ",
    "}",
    "%7B",
    "12",
    "“",
    "x" * 200,
]


@pytest.mark.parametrize("at", range(len(NASTY)))
def test_hostile_names_in_a_table(at):
    """Columns, categories, labels and ids of any name: every tool's answer is said and verified."""
    column, category, label, target = (NASTY[(at + i) % len(NASTY)] for i in range(4))
    column, category, target, label = (
        text.translate({10: " ", 0x202E: "-"}) for text in (f"{column}_", f"{category}k", f"{target};", label)
    )
    n = 80
    x = np.random.default_rng(at).normal(size=n).round(3)
    frame = pd.DataFrame(
        {
            "who[t2]": [f"{{{i}}} [t1]" for i in range(n)],
            column: x,
            "kind": np.where(np.arange(n) % 3 == 0, category, "plain"),
            target: np.where(x > 0, label, "other"),
        }
    )
    bundle = Bundle.fit(
        frame, target, id_column="who[t2]", dictionary={column: {"unit": "[t1] {x}", "description": "7 [t1]"}}
    )
    known = bundle.schema.by_name["kind"].categories[0]
    one, some = {"where": [["who[t2]", "==", "{7} [t1]"]]}, {"where": [["kind", "==", known], [column, ">", -1]]}
    change = {
        "changes": [
            {"column": column, "action": "increase", "value": 1.5},
            {"column": "kind", "action": "set", "value": known},
        ]
    }
    calls = [
        ("predict", one),
        ("predict", some),
        ("predict", some | change),
        ("predict", one | change),
        ("probability", one),
    ]
    calls += [(tool, some) for tool in ("probability", "explain", "importance", "labels", "count", "show")]
    calls += [(tool, one) for tool in ("explain", "counterfactual", "similar", "show", "labels")]
    calls += [("mistakes", {"kind": kind}) for kind in ("examples", "patterns")] + [("score", {"metric": "recall"})]
    calls += [("feature_stats", {"feature": name}) for name in (column, "kind", target)]
    calls += [("describe", {"topic": topic}) for topic in ("data", "model")] + [
        ("describe", {"topic": "feature", "name": column})
    ]
    calls += [("predict", {"where": [["[t9]", "==", 1]]}), ("calculate", {"expression": "1 +"})]

    for call in calls:
        raw = ask(bundle, call)
        for sentence in raw["sentences"]:
            assert re.findall(r"\[(?:t\d+|decision)\]", sentence["text"]) == ["[t1]"]
            assert not re.search(r"[\x00-\x1f\u202e]", sentence["text"])
