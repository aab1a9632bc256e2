"""Forks asked as questions."""

import math

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage

from agent.llm import PromptedChat, ScriptedChat

OPTIONS = [" benign", " malignant", " unclear"]


def asked(*answers):
    """Return a model whose wrapped model gives these answers."""
    return PromptedChat(inner=FakeListChatModel(responses=list(answers)))


@pytest.mark.parametrize(
    "answer", ["2", "2.", "Option 2", " malignant", '"malignant".', "2) malignant", "2. malignant"]
)
def test_numbers_and_texts_are_read(answer):
    """The number of an option or its text is an answer."""
    model = asked(answer)

    assert model.fork([HumanMessage("Which?")], "The label is", OPTIONS).index == 1
    assert model.fallbacks == 0


def test_an_unusable_answer_is_asked_once_more():
    """The second answer counts."""
    model = asked("Well, 4 things", "3")

    assert model.fork([], "", OPTIONS).index == 2
    assert model.fallbacks == 0


@pytest.mark.parametrize("answer", ["no idea", "0", "4", "", "99999999", "-1"])
def test_the_rule_takes_over(answer):
    """After two unusable answers the first option is taken, and counted."""
    model = asked(answer)

    assert model.fork([], "", OPTIONS).index == 0
    assert model.fallbacks == 1


def test_the_question_shows_answer_and_options():
    """The wrapped model sees the answer so far and every option."""
    inner = ScriptedChat(answers=["1"])
    PromptedChat(inner=inner).fork([HumanMessage("Which?")], "The label is", OPTIONS)

    question = inner.history[0].messages[-1].content
    assert "The label is" in question
    assert "2. malignant" in question


def test_scores_are_shares_over_orders():
    """A model that always says the same text is sure; one that always says 1 is not."""
    sure = asked("malignant").score([], "", OPTIONS)
    position = asked("1").score([], "", OPTIONS)

    assert sure.index(max(sure)) == 1
    assert math.fsum(map(math.exp, sure)) == pytest.approx(1.0)
    assert position == pytest.approx([math.log(1 / 3)] * 3)


def test_text_and_tools_are_the_wrapped_models_own():
    """Text is passed on; a tool call too; without tools of its own the call is put together by forks."""

    def look() -> str:
        """Look."""
        return ""

    call = AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "x1"}])

    class Calling(FakeListChatModel):
        def bind_tools(self, tools, **kwargs):
            return ScriptedChat(answers=[call])

    assert asked("Hello.").invoke("Hi").content == "Hello."
    assert PromptedChat(inner=Calling(responses=[])).bind_tools([look]).invoke("Hi").tool_calls[0]["id"] == "x1"
    assert asked("1").bind_tools([look]).invoke("Hi").tool_calls[0]["id"] == "call_1"


def test_final_replaces_the_plain_answer():
    """With `final`, a wrapped model that calls nothing gives that text."""

    def look() -> str:
        """Look."""
        return ""

    class Silent(FakeListChatModel):
        def bind_tools(self, tools, **kwargs):
            return ScriptedChat(answers=["I would rather talk."])

    bound = PromptedChat(inner=Silent(responses=[])).bind_tools([look], final="Enough.")
    assert bound.invoke("Hi").content == "Enough."
