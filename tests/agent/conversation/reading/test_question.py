"""What the numbers of a question are, and what it asks for."""

import pytest

from agent.conversation.reading.names import Terms
from agent.conversation.reading.offers import Offers
from agent.conversation.reading.question import Question
from tools.feature import Feature
from tools.schema import Schema

SCHEMA = Schema(
    target="kind",
    labels=("calm", "wild"),
    id_column="animal",
    features=(
        Feature(name="age", kind="numeric", unit="years"),
        Feature(name="stage", kind="numeric"),
        Feature(name="year", kind="numeric"),
        Feature(name="pay", kind="numeric", unit="thousand dollars"),
        Feature(name="tame", kind="numeric"),
        Feature(name="species", kind="categorical", categories=("cat", "dog")),
    ),
)
TERMS = Terms(SCHEMA, {"age": (0, 20), "stage": (1, 4), "year": (1990, 2020), "pay": (10, 300), "tame": (0, 1)})


def ask(asked, before=()):
    """Return a question about a thousand animals."""
    return Question(asked, TERMS, lambda text: text.isdigit() and int(text) <= 1000, before)


@pytest.mark.parametrize(
    ("asked", "counts"),
    [
        ("show animals of stage 3, max 6", [6]),
        ("list up to 8 animals under 4 years", [8]),
        ("show 7 dogs", [7]),
        ("which are like animal 12? three's enough", [3]),
        ("animals like 12, 5 max", [5]),
        ("main reason for animal 12", [1]),
        ("which feature matters most", []),  # the whole ranking shows it
        ("which features matter most", []),
        ("how many are of age at most 8", []),
        ("average age of those six", []),
    ],
)
def test_how_many_are_wanted(asked, counts):
    """Of rows, of reasons, of similar ones; a single one, too."""
    assert [number.value for number in ask(asked).counts] == counts


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ("how many are of stage 4", "stage == 4"),
        ("how many were there in 2008", "year == 2008"),
        ("those from 2008", "year == 2008"),
        ("how many earn over 400k", "pay > 400"),
        ("who gets at least 150 of pay", "pay >= 150"),
        ("the over 10s of age", "age > 10"),
        ("age at or below 8", "age <= 8"),
        ("chance for 8 year olds", "age == 8"),
        ("what about the ones that are not dogs", "species == cat"),
        ("those with a negative stage", "stage < 0"),
    ],
)
def test_a_condition_is_offered(asked, condition):
    """Whatever way it is said."""
    assert condition in [offer.text for offer in Offers(ask(asked)).conditions]


def test_a_number_in_a_name_has_to_be_used_no_second_time():
    """The 7 of Store7 is its name's."""
    schema = Schema(
        target="y", labels=("a", "b"), features=(Feature(name="Store7", kind="categorical", categories=("No", "Yes")),)
    )
    offers = Offers(Question("how many in store 7", Terms(schema)))

    assert offers.required == frozenset()


def test_what_a_column_of_ones_may_become_is_offered():
    """A change without a number."""
    assert "tame = 1" in [offer.text for offer in Offers(ask("what if animal 12 were tame")).changes]


def test_a_question_that_follows_may_keep_conditions_and_measure():
    """What was asked before, of the same rows."""
    before = [{"tool": "score", "args": {"metric": "recall", "where": [["age", ">", 5]]}}]
    question = ask("and for the dogs?", before)

    assert "age > 5" in [offer.text for offer in Offers(question).conditions]
    assert question.metrics_before == ["recall"]


@pytest.mark.parametrize("asked", ["12: call + chance", "chance for 12 w/o a change", "reasons for 12 + its chance"])
def test_signs_between_words_are_no_arithmetic(asked):
    """A plus joins two questions."""
    question = ask(asked)

    assert question.expression is None
    assert [number.sign for number in question.numbers] == [""]


def test_a_stray_four_is_no_part_of_the_arithmetic():
    """It means for."""
    assert ask("do (98 - 30) / 2 4 me").expression == "(98 - 30) / 2"


@pytest.mark.parametrize(
    ("asked", "condition"),
    [("cars of fuel r", "fuel == r"), ("what r the chances n why, fuel p", "fuel == p"), ("cars in ME", "state == ME")],
)
def test_a_category_that_looks_like_shorthand_is_read_beside_its_column(asked, condition):
    """From the words as they are typed to the condition."""
    fuel = Feature(name="fuel", kind="categorical", categories=("p", "r"))
    state = Feature(name="state", kind="categorical", categories=("CA", "ME"))
    schema = Schema(target="kind", labels=("slow", "fast"), features=(fuel, state))
    offers = [offer for offer in Offers(Question(asked, Terms(schema))).conditions if offer.uses]

    assert [offer.text for offer in offers] == [condition]


@pytest.mark.parametrize("name", ["y", "n", "w", "al", "us"])
def test_a_column_that_looks_like_shorthand_is_a_column(name):
    """In small letters, too; a word of any question is one where a number follows."""
    schema = Schema(target="kind", labels=("slow", "fast"), features=(Feature(name=name, kind="numeric"),))
    question = Question(f"average {name} of those with {name} over 3", Terms(schema))

    assert [found.column for found in question.names] == ([name, name] if name != "us" else [name])
    assert f"{name} > 3" in [offer.text for offer in Offers(question).conditions]


@pytest.mark.parametrize(
    "asked", ["chance for those 15 and older", "risk of the 15 year olds", "how many of those have an age of 15"]
)
def test_a_number_is_not_passed_over(asked):
    """It has to be used, whatever stands before it."""
    question = ask(asked)

    assert {number.start for number in question.numbers} <= Offers(question).required
