"""A model that reads the reasons alone."""

import pytest

from agent.evaluation.reader import foresee, guess
from agent.llm import ScriptedChat
from tools.schema import Schema

SCHEMA = Schema(target="y", labels=("ill", "well"), features=())
TEXT = "Age speaks for ill. The row is classified as ill, with a probability of 77.7%."


def test_a_reader_sees_the_reasons_and_not_the_answer(told):
    """Sentences that say the answer or its probability are taken out; labels are shown in both orders."""
    chat = ScriptedChat(answers=[" ill", " ill"])

    found = guess(told(TEXT), SCHEMA, chat)

    assert found["ill"] == pytest.approx(0.99)
    asked = [str(shown.messages[-1].text) for shown in chat.history]
    assert all("Age speaks for ill." in text and "classified" not in text for text in asked)
    assert "ill or well" in asked[0]
    assert "well or ill" in asked[1]


def test_a_reader_that_takes_the_first_option_knows_nothing(told):
    """Over both orders it is even."""
    first = [lambda _, __, options: 0, lambda _, __, options: 1]

    assert guess(told(TEXT), SCHEMA, ScriptedChat(answers=first))["ill"] == pytest.approx(0.5)


def test_a_reader_foresees_what_a_change_does(told):
    """Less or more likely; text with braces stays text."""
    chat = ScriptedChat(answers=[" less likely", " less likely"])

    assert foresee(told("{options} Age speaks for ill."), "age", chat) == pytest.approx(0.99)
    assert "If age had its usual value instead, would the label ill become" in str(chat.history[0].messages[-1].text)
