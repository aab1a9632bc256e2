"""Forks asked as questions."""

import math
import traceback

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import SecretStr

from agent.llm import PromptedChat, ScriptedChat
from tools.errors import EngineError

OPTIONS = [" benign", " malignant", " unclear"]


def asked(*answers):
    """Return a model whose wrapped model gives these answers."""
    return PromptedChat(inner=FakeListChatModel(responses=list(answers)))


@pytest.mark.parametrize(
    "answer",
    ["2", "2.", "Option 2", " malignant", '"malignant".', "2) malignant", "2. malignant", "<think>1?</think>2"],
)
def test_numbers_and_texts_are_read(answer):
    """The number of an option or its text is an answer."""
    model = asked(answer)

    assert model.fork([HumanMessage("Which?")], "The label is", OPTIONS).index == 1
    assert model.fallbacks == 0


def test_an_unusable_answer_is_told_what_was_wrong():
    """It is asked again, at most twice, and says what it said; the third answer counts."""
    inner = ScriptedChat(answers=["Well,\n4 things", "9", "3"])
    model = PromptedChat(inner=inner)

    assert model.fork([], "", OPTIONS).index == 2
    assert model.fallbacks == 0
    said = [shown.messages[-1].content.splitlines()[-1] for shown in inner.history]
    assert said[1] == "You replied “Well, 4 things”: that is none of the numbers from 1 to 3."
    assert said[2] == "You replied “9”: that is none of the numbers from 1 to 3."


@pytest.mark.parametrize(
    "answer", ["no idea", "0", "4", "", "99999999", "-1", "2 things come to mind", "1. malignant", "x" * 5000]
)
def test_the_rule_takes_over(answer):
    """After three unusable answers the first option is taken, and counted."""
    model = asked(answer)

    assert model.fork([], "", OPTIONS).index == 0
    assert model.fallbacks == 1
    assert model.usage.fallbacks == 1


def test_the_errors_of_a_provider_show_no_key(monkeypatch):
    """Neither the one it was given nor one of the environment, not even as the cause of ours."""
    monkeypatch.setenv("ACME_API_KEY", "sk-from-the-environment")

    class Leaking(FakeListChatModel):
        api_key: SecretStr = SecretStr("sk-very-secret")

        def _call(self, *args, **kwargs):
            raise RuntimeError(f"401: {self.api_key.get_secret_value()}, sk-from-the-environment are no keys")

    with pytest.raises(EngineError, match=r": 401: \*\*\*, \*\*\* are no keys") as caught:
        PromptedChat(inner=Leaking(responses=[])).fork([], "", OPTIONS)
    assert "sk-" not in "".join(traceback.format_exception(caught.value))


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
