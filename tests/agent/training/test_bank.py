"""The questions of people: they fit their tables, and what their words stand for is known."""

import pytest

from agent.conversation.reading.parts import said_in
from agent.training import bank


@pytest.fixture(scope="module", name="known")
def _known():
    return list(bank._bank())


def test_every_call_is_about_its_table(known):
    """Columns, categories and labels are spelled as in the table, those of the turn before included."""
    whole = [one for one in known if not one[0]["table"].startswith("bank-")]  # of the others not all is listed
    for row, schema, _ in whole:
        columns = {*schema.names, schema.id_column, "label", "prediction"}
        for call in (*row["calls"], *(c for turn in row.get("before") or [] for c in turn["calls"])):
            for column, _, value in said_in(call["args"].get("where")):
                assert column in columns, row
                values = value if isinstance(value, list) else [value]
                feature = schema.by_name.get(column)
                if column in {"label", "prediction"}:
                    assert set(values) <= set(schema.labels), row
                elif feature is not None and feature.categories:
                    assert set(values) <= set(feature.categories), row
            assert {change["column"] for change in call["args"].get("changes", [])} <= set(schema.names), row


def test_a_dictionary_says_what_its_table_has(known):
    """Words for categories and labels that there are."""
    for schema in {row["table"]: schema for row, schema, _ in known}.values():
        assert schema.description
        assert set(schema.target_words.values) <= set(schema.labels)
        for feature in schema.features:
            assert set(feature.values) <= set(feature.categories), feature


def test_a_question_in_the_words_of_the_dictionary_is_an_example(known):
    """What people call a column and its categories is read."""
    _, schema, terms = next(one for one in known if one[0]["table"] == "births")
    call = {"tool": "count", "args": {"where": [["habit", "==", "smoker"], ["mage", ">", 35]]}}
    row = {"table": "births", "question": "how many smokers with a mother's age over 35", "calls": [call]}

    [example] = bank._asked(row, schema, terms)

    assert example.text == "count where (habit == smoker) and (mage > 35)"


def test_no_question_is_asked_twice(known):
    """Of one table, after the same turn."""
    asked = [(row["table"], row["question"], str(row.get("before"))) for row, _, _ in known]

    assert len(set(asked)) == len(asked)
