"""The scripted model."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage

from agent.llm import ScriptedChat
from tools.errors import EngineError


def look(column: str) -> str:
    """Look at a column."""
    return f"{column}: 4"


def test_it_plays_a_conversation_through_an_agent():
    """A tool call and an answer, in order; the history shows the result of the call."""
    call = AIMessage("", tool_calls=[{"name": "look", "args": {"column": "age"}, "id": "call_1"}])
    model = ScriptedChat(answers=[call, "It is 4."])

    messages = create_agent(model, [look]).invoke({"messages": [HumanMessage("How old?")]})["messages"]

    assert messages[-1].content == "It is 4."
    assert model.history[1].messages[-1].content == "age: 4"


def test_forks_by_text_and_by_callable():
    """An option is named by its text, by what its JSON says, or by a callable."""
    model = ScriptedChat(answers=[" b", "mean radius", 10, lambda messages, prefix, options: len(prefix)])

    assert model.fork([], "", [" a", " b"]).index == 1
    assert model.fork([], "", [' "mean area"', ' "mean radius",']).index == 1
    assert model.fork([], "", [" 1,", " 10,"]).index == 1
    assert model.fork([], "x", ["a", "b"]).index == 1
    assert model.history[0].options == (" a", " b")


def test_a_call_put_together_by_forks():
    """With a callable next, the call is walked; a free string is the next answer of the script."""
    model = ScriptedChat(answers=[lambda m, p, options: 0, "age"])

    message = model.bind_tools([look]).invoke("How old?")

    assert message.tool_calls[0]["args"] == {"column": "age"}


def test_scores_point_at_the_scripted_option():
    """The scripted option is by far the most probable."""
    scores = ScriptedChat(answers=["b"]).score([], "", ["a", "b", "c"])

    assert scores.index(max(scores)) == 1


@pytest.mark.parametrize("answer", ["c", 7, lambda m, p, o: 5, lambda m, p, o: "a"])
def test_an_answer_that_is_no_option(answer):
    """An answer that does not fit is an error that lists the options."""
    with pytest.raises(EngineError, match=r"none of \['a', 'b'\]"):
        ScriptedChat(answers=[answer]).fork([], "", ["a", "b"])


def test_running_out_says_what_was_asked_for():
    """The end of the script is an error that says what was wanted."""
    model = ScriptedChat(answers=["only"])
    model.invoke("Hi")

    with pytest.raises(EngineError, match="run out after 1 answers; an answer was asked for"):
        model.invoke("Hi")
    with pytest.raises(EngineError, match=r"a choice between \['a', 'b'\]"):
        model.fork([], "", ["a", "b"])
    with pytest.raises(EngineError, match="where an answer was asked for"):
        ScriptedChat(answers=[lambda m, p, o: 0]).invoke("Hi")
