"""From calls to sentences: every tool's findings, read as a user reads them."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.conversation.claims import holds
from agent.conversation.compose import answer_of, compose, text_of
from agent.conversation.evidence import AnswerEvidence
from agent.explanation.template import render
from tools.observation import Observation

SAID = Path(__file__).with_name("said.txt").read_text(encoding="utf-8").splitlines()


def test_what_every_tool_has_found(calls, words):
    """Each in plain words, the answer first, with the rows it is about."""
    said = [f"{seen.tool}: {' '.join(s.text for s in compose([seen], words()))}" for seen in calls()]

    assert said == SAID


def test_every_number_is_a_fact_and_every_claim_holds(calls, words):
    """No sentence has a digit of its own; what it says is computed to be true."""
    for seen in calls():
        evidence = AnswerEvidence([seen], table=words())
        for sentence in compose([seen], words()):
            assert not re.search(r"\d", re.sub(r"\{[^{}]*\}", "", sentence.template))
            assert all(holds(claim, evidence) for claim in sentence.claims)
            assert render(sentence.template, evidence, sentence.citations) == sentence.text
            assert "t1" in {ref.partition(".")[0].partition("@")[0] for ref in sentence.citations}


HOSTILE = [
    "{t1.rows}", "{", "}}", "{}", "[t1]", "[t2]. It is", "[decision]", "a]b[", '“quoted”', "'", '"', "t1", "t1.rows",
    "42", "3.5%", "line\nbreak", "tab\t", "\u202eright to left", "שלום", "a|b", "a|name", "a.b", "@args", "t1@args",
    "", " ", "x" * 300, "%7B", "rows", "label", "mean", "std", "shares", "before", "where", "\\1", "<b>", "\x1b[2J",
    "value", "text", "{question.unread.0}",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("what", ["age", "sex", "female", "yes", "id", "seven", "target", "unit", "text"])
def test_a_hostile_name_is_a_name(calls, words, what, name):
    """It breaks no template, is no citation, and stays on its line."""
    if (what, name) in {("yes", "rows"), ("sex", "label"), ("age", "label"), ("id", "label")}:
        pytest.skip("a probability's rows have that key, and a condition that column: tools refuse or hide it")
    names = {what: name}
    for seen in calls(**names):
        answer = answer_of("?", [seen], words(**names), [])
        for sentence in answer.sentences:
            marks = re.findall(r"\[(?:t\d+|decision)\]", sentence.text)
            assert marks == ["[t1]"]
            assert sentence.text.rstrip(".").endswith("[t1]")
            assert not re.search(r"[\x00-\x1f\u202e]", sentence.text)
            assert len(sentence.text) < 900
            assert not re.search(r"\{[a-z]+\d*[.@]", sentence.text.replace(name, "")) or "{" in name


texts = st.text(max_size=12)
values = st.one_of(
    st.none(), st.booleans(), texts, st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False)
)
single = st.tuples(texts, st.sampled_from(["==", "!=", ">", ">=", "<", "<="]), values).map(list)
among = st.tuples(texts, st.just("in"), st.lists(values.filter(lambda v: v is not None), min_size=1, max_size=4)).map(
    list
)
conditions = st.lists(single | among, max_size=4)
wheres = conditions | st.lists(conditions.filter(bool), min_size=1, max_size=3).map(lambda lists: {"any": lists})
changed = st.lists(
    st.fixed_dictionaries(
        {"column": texts, "action": st.sampled_from(["set", "increase", "decrease"]), "value": values}
    ),
    max_size=3,
)


@given(where=wheres, changes=changed, count=st.integers(0, 3), resolved=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_conditions_and_changes_have_words(words, where, changes, count, resolved):
    """Whatever was asked is said, and each number and name in it is a fact as it is shown."""
    args = {"where": where, "changes": changes}
    more = (
        {"resolved": {"where": where}, "args": {"scope": "previous", "changes": changes}}
        if resolved
        else {"args": args}
    )
    result = {"shares": {"No": 0.25, "Yes": 0.75}, "rows": count or 2}
    seen = [Observation(id="t1", tool="predict", result=result, **more)]
    seen.append(Observation(id="t2", tool="count", result={"rows": count}, **more))

    for sentence in compose(seen, words()):
        evidence = AnswerEvidence(seen, table=words())
        assert not re.search(r"\d", re.sub(r"\{[^{}]*\}", "", sentence.template))
        assert render(sentence.template, evidence, sentence.citations) == sentence.text
        assert all(holds(claim, evidence) for claim in sentence.claims)


def test_a_comparison_follows_two_calls_that_differ_in_one_thing(words):
    """Of rows or of features; at the precision shown, and equal where that is equal."""

    def count(number, where, rows):
        return Observation(id=f"t{number}", tool="count", args={"where": where}, result={"rows": rows})

    men, women = [["sex", "==", "male"]], [["sex", "==", "female"]]
    said = [s.text for s in compose([count(1, men, 5), count(2, women, 7)], words())]
    assert said[2:] == [
        "The number of rows is lower among rows with sex male than among those with sex female: 5 against 7 [t1][t2]."
    ]
    said = [s.text for s in compose([count(1, men, 7), count(2, women, 7)], words())]
    assert said[2:] == [
        "The number of rows is the same among rows with sex male and among those with sex female: 7 [t1][t2]."
    ]
    other = [["age", ">", 3]]
    assert len(compose([count(1, men, 5), count(2, other, 7)], words())) == 2
    assert len(compose([count(1, men, 5), count(2, women, 7), count(3, other, 7)], words())) == 3


def test_a_difference_that_may_be_none_is_not_said(words):
    """Values that look different and are the same to six digits are neither higher nor lower."""

    def score(number, where, value):
        result = {"metric": "log_loss", "value": value, "rows": 9, "split": "held-out"}
        return Observation(id=f"t{number}", tool="score", args={"metric": "log_loss", "where": where}, result=result)

    near = [score(1, [["sex", "==", "male"]], 0.12344999999), score(2, [["sex", "==", "female"]], 0.1234500001)]
    assert len(compose(near, words())) == 2


def test_rows_of_the_answer_before_are_said(words):
    """What "those" stood for is in the text."""
    resolved = {"where": [["sex", "==", "male"], ["age", ">", 50]]}
    seen = Observation(
        id="t1",
        tool="count",
        args={"scope": "previous", "where": [["age", ">", 50]]},
        result={"rows": 9},
        resolved=resolved,
    )

    assert text_of(compose([seen], words())) == "There are 9 rows with sex male and age over 50 years [t1]."


def test_words_of_the_question_are_names(words):
    """They are quoted where they look like anything else, and are no citation."""
    said = [s.text for s in compose([], words(), ["smokers"])] + [_unused("[t1] {t1.rows}\nx", words())]

    assert said[0].startswith("This table cannot answer that")
    assert said[1] == "Not used from the question: “(t1) {t1.rows} x”."


def _unused(word, table):
    seen = Observation(id="t1", tool="count", args={}, result={"rows": 9})
    return compose([seen], table, [word])[-1].text


def test_an_interval_is_one_condition(words):
    """From … to …, or over … and under …."""

    def said(*where):
        seen = Observation(id="t1", tool="count", args={"where": list(where)}, result={"rows": 9})
        return text_of(compose([seen], words())).removeprefix("There are 9 rows with ").removesuffix(" [t1].")

    assert said(["age", ">=", 20], ["age", "<=", 30]) == "age from 20 to 30 years"
    assert said(["age", ">", 20], ["age", "<=", 30]) == "age over 20 up to 30 years"
    assert said(["row", "<", 10], ["patient", "in", [1, 2]]) == "row number under 10 and patient 1 or 2"
    assert said(["diabetes", "in", ["No", "Yes"]]).endswith("that are labelled “No” or “Yes”")
