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
        ("list the pay of up to 4 animals", [4]),
        ("show the pay of 5 animals", [5]),
        ("why animal 12, in no more than five reasons", [5]),
        ("what should change so 240 is wild, and 2 animals like it", [2]),
        ("top2 reasons for animal 12", [2]),
        ("show stage 3 animals", []),
        ("how many have at most 3 errors", []),
        ("why animal 12, top 3", [3]),
        ("best pair of columns", [1]),
        ("the strongest partner of age", [1]),
        ("is 8 years odd 4 a dog", []),
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
        ("how many with age>=5", "age >= 5"),
        ("those of age<5", "age < 5"),
        ("no older than 8 years", "age <= 8"),
        ("not younger than 8 years", "age >= 8"),
        ("chance in 3rd stage", "stage == 3"),
        ("how many are in the second or third stage", "stage in 2, 3"),
        ("animals between 10 and 15 years of age", "age <= 15"),
        ("if every dog in stage 3 were tame", "stage == 3"),
        ("dogs that are 12", "age == 12"),
        ("the pay of 12", "animal == 12"),
        ("show 101", "animal == 101"),
        ("accuracy leaving out the cats", "species != cat"),
        ("average pay of those with age 3.5 in 2008", "age == 3.5"),
        ("is a stage of 4 a high one", "stage == 4"),
        ("why animal=12", "animal == 12"),
        ("pay over 250k in stage 3", "pay > 250"),
        ("how old is 12", "animal == 12"),
        ("how many mistakes among the wild ones", "label == wild"),
        ("pay of dogs in 2008", "year == 2008"),
        ("wild ones that you mistook for calm", "prediction == calm"),
        ("biggest pay in 2008", "year == 2008"),
        ("chance in stage 3 or 4 with pay over 50", "stage in 3, 4"),
        ("is 8 years odd 4 a dog", "age == 8"),
        ("dogs with 4 a day", "age == 4"),
        ("chance 2 a dog of stage 3", "stage == 3"),
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


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        ("if animal 12 were 2 years older", "age + 2"),
        ("what if the pay to date of animal 12 were 20 lower", "pay - 20"),
        ("what if pay goes up 10 and stage down 1 for animal 12", "pay + 10"),
        ("lower the pay of animal 12 by 40 and give up", "pay - 40"),
        ("what if the pay of 150 was 20 lower", "pay - 20"),
        ("what if animal 12 had 5 units of pay less", "pay - 5"),
    ],
)
def test_a_change_is_offered(asked, change):
    """With its direction, as the words beside the number say."""
    changes = [offer.text for offer in Offers(ask(asked)).changes]

    assert change in changes
    assert change.translate(str.maketrans("+-", "-+")) not in changes


def test_a_total_is_not_set_to_a_number_because_it_begins_with_to():
    """An increase, in "torque goes up 10"."""
    torque = Feature(name="torque", kind="numeric")
    question = Question("and if torque goes up 10", Terms(Schema(target="y", labels=("a", "b"), features=(torque,))))

    assert [number.step for number in question.numbers] == ["increase"]


def test_what_a_number_falls_to_is_set():
    """Though the verb alone says a decrease."""
    assert ask("what if pay fell to 40 down from 60").numbers[0].step == "set"


def test_weeks_in_short():
    """As they are typed."""
    assert ask("wk 3").text == "week 3"


@pytest.mark.parametrize("asked", ["why do you say wild for animal 12", "why would you flag 12 as wild"])
def test_a_label_that_was_said_may_be_explained(asked):
    """An explanation is towards it."""
    assert [offer.value for offer in Offers(ask(asked)).towards] == ["wild"]


@pytest.mark.parametrize(
    "asked", ["wild in the first year", "a 5 second stage", "wrong for the first time", "the second animal"]
)
def test_a_place_that_is_no_value_stays_as_it_is(asked):
    """No year is 1, and nothing is of stage 2 for seconds."""
    assert ask(asked).text == asked


@pytest.mark.parametrize(
    ("asked", "condition"),
    [("over 1.9 m", "height > 190"), ("over 2500m", "height > 250000"), ("over 3.5m", "height > 3500000")],
)
def test_metres_and_millions(asked, condition):
    """By the space, the point and the size; a million is written without a space."""
    height = Feature(name="height", kind="numeric", unit="cm")
    terms = Terms(Schema(target="y", labels=("a", "b"), features=(height,)), {"height": (0, 10_000_000)})

    assert condition in [offer.text for offer in Offers(Question(f"height {asked}", terms)).conditions]


def test_a_plain_word_is_a_column_where_a_number_follows():
    """The number in "class 3" is of the ticket's class; "which class" is not."""
    ticket = Feature(name="Pclass", kind="numeric", synonyms=("class",))
    terms = Terms(Schema(target="y", labels=("a", "b"), features=(ticket,)), {"Pclass": (1, 3)})

    assert [name.column for name in Question("chance in class 3", terms).names] == ["Pclass"]
    assert Question("which class are they", terms).names == []


def test_those_that_are_predicted_so_may_be_explained():
    """In so many words; else a label in a question for reasons chooses no rows."""

    def chosen(asked):
        return [offer.text for offer in Offers(ask(asked)).conditions_for("explain")]

    assert "prediction == wild" in chosen("reasons for the dogs that you predict to be wild")
    assert "prediction == wild" not in chosen("reasons for dogs to be wild")


def test_a_number_of_any_length_is_read():
    """Without a limit on its digits."""
    assert Question("dogs " + "9" * 5000 + " years old", TERMS).names


def test_a_verb_is_no_typo_of_a_column():
    """Such as "make" of "mage"."""
    mage = Feature(name="mage", kind="numeric")
    question = Question("what would make 7 wild", Terms(Schema(target="y", labels=("a", "b"), features=(mage,))))

    assert question.names == []


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("only the tame ones with pay over 50", "tame"),
        ("show those whose tame is 1", "tame"),
        ("list 5 among the tame", "tame"),
    ],
)
def test_a_column_that_rows_have_need_not_be_shown(asked, held):
    """It chooses them."""
    assert held in Offers(ask(asked)).held


def test_a_column_of_rows_is_shown_where_it_is_theirs():
    """As in "with their pay"."""
    assert Offers(ask("show the dogs with their pay")).held == frozenset()


def test_a_question_that_follows_may_ask_of_the_column_before():
    """Such as "and in stage 4?", after the average age."""
    before = [{"tool": "feature_stats", "args": {"feature": "age", "where": [["stage", "==", 1]]}}]

    assert "age" in [offer.value for offer in Offers(ask("and in stage 4?", before)).columns]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("why isnt animal 4 a wild one", [4]),
        ("why is row 4 a wild one", [4]),
        ("3 like 2 animal 618", [618]),
        ("if the age of 12 were 5 higher", [12]),
        ("predict 4 animal 12 and 4 animal 13", [12, 13]),
        ("predict animal 8 but 300rpm more", [8]),
    ],
)
def test_a_number_that_means_for_or_to_is_no_row(asked, rows):
    """And one after the word for a row is one."""
    assert [number.value for number in ask(asked).rows] == rows


@pytest.mark.parametrize("asked", ["animal 12 but age 5", "and at 5 years of age"])
def test_a_column_and_a_number_after_but_are_a_change(asked):
    """Or after "and at", of the animal before."""
    assert "age = 5" in [offer.text for offer in Offers(ask(asked)).changes]


def test_men_and_women_of_a_column_of_ones():
    """Where a column is called female, both values are offered for either word."""
    female = Feature(name="female", kind="numeric")
    terms = Terms(Schema(target="y", labels=("a", "b"), features=(female,)), {"female": (0, 1)})

    offered = [offer.text for offer in Offers(Question("and for the men?", terms)).conditions]

    assert offered == ["female == 1", "female == 0"]


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
