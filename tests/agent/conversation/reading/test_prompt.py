"""What a model is shown of a question, its table and the turns before."""

import pytest

from agent.conversation.reading.names import Terms
from agent.conversation.reading.question import Question
from agent.conversation.reading.understanding import MOST_COLUMNS, prompt
from tools.schema import Feature, Schema


@pytest.fixture(scope="module")
def wide():
    """A table of 300 columns."""
    features = tuple(Feature(name=f"marker{number}x", kind="numeric", unit="ng") for number in range(300))
    return Schema(target="sick", labels=("no", "yes"), features=features)


def shown(asked, schema, turns=()):
    """Return the opening of the prompt for a question."""
    return str(prompt(Question(asked, Terms(schema)), schema, turns)[0].content)


def test_a_wide_table_is_shown_in_part(wide):
    """The first columns, and those that the question names, once."""
    lines = shown("average marker250x where marker299x is over marker3x?", wide).splitlines()

    columns = [line for line in lines if line.startswith("marker")]
    assert columns == [f"marker{number}x (ng)" for number in (*range(MOST_COLUMNS), 250, 299)]


def test_the_opening_is_the_same_for_all_questions(wide):
    """Named columns stand behind it: an engine keeps what it has read."""
    openings = [shown(asked, wide) for asked in ("how many rows?", "average marker250x?", "explain row 3 by marker77x")]

    assert all(opening.startswith(openings[0]) for opening in openings)
    assert openings[0].endswith(f"marker{MOST_COLUMNS - 1}x (ng)")


def test_a_question_that_names_every_column_does_not_fill_the_prompt(wide):
    """There is a limit to what is added."""
    asked = " ".join(f"marker{number}x" for number in range(MOST_COLUMNS, 220))

    assert shown(asked, wide).count("(ng)") == 2 * MOST_COLUMNS


def test_a_narrow_table_is_shown_whole():
    """And nothing twice."""
    features = (Feature(name="age", kind="numeric", unit="years"), Feature(name="bmi", kind="numeric"))
    schema = Schema(target="sick", labels=("no", "yes"), features=features)

    assert shown("average age?", schema).endswith("Columns:\nage (years)\nbmi")
