"""Tool calls put together by forks, with the choosers that need no weights."""

from typing import Literal

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel, Field

from agent.llm import LocalChat, RuleChat, ScriptedChat, UniformChat
from tools.errors import ToolError

COLUMNS = Literal["mean radius", "mean area"]


@tool
def statistics(feature: COLUMNS, value: float | None = None) -> str:
    """Statistics of one feature."""
    return f"{feature} {value}"


@tool
def count(where: list[COLUMNS] = []) -> int:  # noqa: B006 - the schema of a default is what is tested
    """Count rows."""
    return len(where)


class Verdict(BaseModel):
    """The verdict."""

    label: Literal["benign", "malignant"]
    rows: int = Field(ge=1)


def last(prefix, options):
    """Take the last option."""
    return len(options) - 1


def test_no_model_call_for_one_option(engine):
    """A single option is taken without asking."""
    model = LocalChat(engine=engine)

    assert model.fork([HumanMessage("Hi")], "", ["only"]).index == 0
    assert model.score([HumanMessage("Hi")], "", ["only"]) == [0.0]
    assert engine.prompts == []
    assert model.usage.forks == 0


@pytest.mark.parametrize("ask", [RuleChat().fork, RuleChat().score])
def test_options_have_to_differ(ask):
    """No option, or the same twice, is refused."""
    with pytest.raises(ToolError, match="at least one"):
        ask([], "", [])
    with pytest.raises(ToolError, match="'a' is there more than once"):
        ask([], "", ["a", "b", "a"])


def test_tool_choice_names_a_tool():
    """A wrong name is refused with the nearest one."""
    with pytest.raises(ToolError, match=r"'statistic'\. Did you mean 'statistics'"):
        RuleChat().bind_tools([statistics], tool_choice="statistic")


NAMED = [{"type": "function", "function": {"name": "statistics"}}, {"type": "tool", "name": "statistics"}]


@pytest.mark.parametrize("choice", ["any", "required", True, {"type": "any"}, "statistics", *NAMED])
def test_a_forced_call(choice):
    """A forced call names a tool and has valid arguments, without a plain answer."""
    message = RuleChat().bind_tools([statistics, count], tool_choice=choice).invoke("How large is 17.99?")

    assert message.tool_calls == [
        {"name": "statistics", "args": {"feature": "mean radius"}, "id": "call_1", "type": "tool_call"}
    ]
    assert not any("Answer:" in fork["options"] for fork in message.response_metadata["forks"])


def test_a_tool_as_any_langchain_form():
    """Functions, pydantic classes, tools and dicts are all tools."""

    def plain(row: int) -> int:
        """Look at a row."""
        return row

    as_dict = {"type": "function", "function": {"name": "given", "parameters": {"type": "object", "properties": {}}}}
    for one, name in ((plain, "plain"), (Verdict, "Verdict"), (count, "count"), (as_dict, "given")):
        assert RuleChat().bind_tools([one], tool_choice="any").invoke("4").tool_calls[0]["name"] == name


def test_numbers_come_from_the_question_not_from_the_answers():
    """A number that only the model itself wrote is not on offer."""
    model = ScriptedChat(answers=[lambda m, p, o: 0] * 9)
    messages = [HumanMessage("Row 17"), AIMessage("It is 4711."), ToolMessage("mean 12.5", tool_call_id="call_1")]

    message = model.bind_tools([Verdict], tool_choice="any").invoke(messages)

    offered = [option.strip(" ,}") for option in model.history[-1].options]
    assert message.tool_calls[0]["args"] == {"label": "benign", "rows": 17}
    assert "4711" not in offered
    assert "12.5" not in offered
    assert "17" in offered


def test_final_is_the_plain_answer_word_by_word():
    """Choosing the plain answer with `final` given generates nothing."""
    model = ScriptedChat(answers=[lambda m, p, o: o.index("Enough.")])

    message = model.bind_tools([count], final="Enough.").invoke("Hi")

    assert message.content == "Enough."
    assert message.tool_calls == []
    assert RuleChat().bind_tools([count], tool_choice="none", final="Enough.").invoke("Hi").content == "Enough."


def test_the_plain_answer_is_written_after_its_opening(engine):
    """Without `final` the answer is generated, and its opening word is not part of it."""
    model = LocalChat(engine=engine)
    bound = model.bind_tools([count], tool_choice="auto")
    answers = {bound.invoke(f"Question {at}").content for at in range(12)}

    assert answers == {"", "hello"}  # a call has no text


def test_ids_are_unique_in_a_conversation():
    """The second call of a conversation is call_2."""
    first = RuleChat().bind_tools([count], tool_choice="any").invoke("Hi")
    messages = [HumanMessage("Hi"), first, ToolMessage("0", tool_call_id="call_1")]

    second = RuleChat().bind_tools([count], tool_choice="any").invoke(messages)

    assert second.tool_calls[0]["id"] == "call_2"


def test_structured_output():
    """LangChain's default structured output works on top of bound tools."""
    assert UniformChat(seed=3).with_structured_output(Verdict).invoke("4 rows").rows >= 1


def test_streaming_a_call_gives_the_same_call():
    """A streamed call, put together, is the call."""
    bound = RuleChat().bind_tools([statistics], tool_choice="any")
    chunks = list(bound.stream("How large?"))

    assert chunks[0].tool_calls == bound.invoke("How large?").tool_calls


def test_an_agent_ends_with_the_rule():
    """The rule calls the first tool once, then answers."""
    agent = create_agent(RuleChat(), [statistics, count])

    messages = agent.invoke({"messages": [HumanMessage("How large is 17.99?")]})["messages"]

    assert [message.type for message in messages] == ["human", "ai", "tool", "ai"]
    assert messages[2].content == "mean radius None"


def test_an_agent_with_forks(engine):
    """A local model's calls run through an agent: every call is executed without an error."""
    limit = ModelCallLimitMiddleware(run_limit=6, exit_behavior="end")  # the toy may call tools for ever
    agent = create_agent(LocalChat(engine=engine), [statistics, count], middleware=[limit])

    messages = agent.invoke({"messages": [HumanMessage("How large is 17.99?")]}, {"recursion_limit": 60})["messages"]

    assert messages[-1].type == "ai"
    assert all(message.status == "success" for message in messages if message.type == "tool")


def test_usage_and_forks_are_reported(engine):
    """A message says what it cost and what was chosen between."""
    model = LocalChat(engine=engine)

    message = model.bind_tools([statistics], tool_choice="any").invoke("How large is 17.99?")

    forks = message.response_metadata["forks"]
    assert message.usage_metadata["total_tokens"] == model.usage.prompt_tokens + message.usage_metadata["output_tokens"]
    assert message.response_metadata["model_name"] == "toy-1"
    assert model.usage.forks == len(forks) > 0
    assert all(fork["chosen"] in fork["options"] for fork in forks)


def test_the_same_seed_makes_the_same_call(engine):
    """With a temperature, a seed decides."""
    bound = LocalChat(engine=engine, temperature=1.0, seed=5).bind_tools([statistics, count], tool_choice="any")

    assert len({str(bound.invoke("17.99 and 4").tool_calls) for _ in range(5)}) == 1
