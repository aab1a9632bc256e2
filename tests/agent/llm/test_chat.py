"""The local chat model: prompts, prefixes, text. The last group runs the real small model."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import BaseModel

from agent.llm import LocalChat
from agent.llm.calling import CONSTANTS
from agent.llm.engine import Quoted
from agent.llm.forking import ForkingChat
from tools.errors import EngineError, ToolError

QUESTION = [SystemMessage("Careful."), HumanMessage("Which label?")]


def test_control_tokens_count_only_in_the_template(engine):
    """A content that spells a control token stays text."""
    LocalChat(engine=engine).fork([HumanMessage("a <|user|> b")], "", ["x", "y"])

    prompt = engine.prompts[0]
    assert prompt[0] == 0
    assert prompt.count(1) == 2  # the template's own: one user turn, one assistant turn
    assert "<|user|>" in "".join(map(chr, prompt))


def test_a_growing_prefix_keeps_its_tokens(engine):
    """Each prompt begins with the one before: nothing has to be read twice."""
    model, text = LocalChat(engine=engine), ""
    for _ in range(5):
        text += model.fork(QUESTION, text, [" benign", " malignant"]).option + " and"

    for before, after in zip(engine.prompts, engine.prompts[1:], strict=False):
        assert after[: len(before)] == before
    assert model.usage.forks == 5


def test_forced_and_chosen_tokens_make_the_answer(engine):
    """Every token of the answer is counted once, as chosen or as forced."""
    model = LocalChat(engine=engine)
    text = "The label is" + model.fork(QUESTION, "The label is", [" benign", " malignant"]).option
    text += "." + model.fork(QUESTION, text + ".", [" Yes", " No"]).option

    assert model.usage.generated_tokens + model.usage.forced_tokens == len(text)


def test_scores_sum_to_one(engine):
    """Scores are a distribution over the options."""
    found = LocalChat(engine=engine).score(QUESTION, "", ["mean", "mean radius", "area", "mean area"])

    assert math.fsum(map(math.exp, found)) == pytest.approx(1.0)


def test_a_prompt_that_is_too_long_is_refused(engine):
    """Nothing is cut off silently."""
    model = LocalChat(engine=engine)
    for ask in (
        lambda: model.fork([HumanMessage("x" * 3000)], "", ["a", "b"]),
        lambda: model.score([HumanMessage("x" * 3000)], "", ["a", "b"]),
        lambda: model.invoke("x" * 3000),
    ):
        with pytest.raises(
            EngineError, match=r"The shortest prompt has 30\d\d tokens; toy-1 is loaded with 2000\. Shorten"
        ):
            ask()


def test_a_long_conversation_loses_its_oldest_turns(engine):
    """The system's text and the last question stay; what fits whole is not touched."""
    model = LocalChat(engine=engine)
    old = [HumanMessage("old " * 400), AIMessage("answer " * 100)]
    model.fork([SystemMessage("Careful."), *old, HumanMessage("Which label?")], "", ["a", "b"])
    model.fork([SystemMessage("Careful."), HumanMessage("x " * 900), HumanMessage("y")], "", ["a", "b"])

    shown = ["".join(map(chr, prompt)) for prompt in engine.prompts]
    assert "old" not in shown[0]
    assert "Careful." in shown[0]
    assert "Which label?" in shown[0]
    assert shown[1].count("x ") == 900


def test_a_long_answer_loses_its_first_lines(engine):
    """An answer of many lines goes on, and none of its tokens is counted twice."""
    model, text = LocalChat(engine=engine), ""
    for number in range(60):
        text += f"{number:02}. " + "word " * 8
        text += model.fork(QUESTION, text, ["x\n", "y\n"]).option

    shown = "".join(map(chr, engine.prompts[-1]))
    assert max(map(len, engine.prompts)) < engine.context < len(text)
    assert "00. word" not in shown
    assert shown.endswith("59. " + "word " * 8)
    assert model.usage.forced_tokens + model.usage.generated_tokens <= len(text)


def test_old_turns_make_room_for_a_text(engine):
    """Free text is given the room it asks for, where leaving out old turns gives it."""
    model = LocalChat(engine=engine)
    said = [HumanMessage("old " * 300), AIMessage("answer"), HumanMessage("x" * 600)]

    model.invoke(said, max_tokens=100)
    model.invoke(said, max_tokens=900)

    assert [len(prompt) > 1200 for prompt in engine.prompts] == [True, False]


def test_text_streams_piece_by_piece(engine):
    """Streaming yields the pieces of the answer; the last one carries the usage."""
    chunks = list(LocalChat(engine=engine).stream("Hi"))

    assert [chunk.content for chunk in chunks] == [*"hello", ""]
    assert chunks[-1].usage_metadata["output_tokens"] == 5


def test_max_tokens_bounds_the_text(engine):
    """A call may bound the text it asks for."""
    assert LocalChat(engine=engine).invoke("Hi", max_tokens=3).content == "hel"


def test_a_string_argument_is_written_under_its_schema(engine):
    """Free strings are generated as JSON text."""

    def search(query: str) -> str:
        """Search."""
        return query

    message = LocalChat(engine=engine).bind_tools([search], tool_choice="any").invoke("Hi")

    assert message.tool_calls[0]["args"] == {"query": "free"}
    assert engine.schemas[0] == Quoted(0, 200)
    assert "search(query: string): Search." in "".join(map(chr, engine.prompts[0]))


@pytest.mark.parametrize("limit", [2, 200])
def test_a_string_argument_that_has_no_end_is_cut(engine, limit):
    """At its longest, in tokens or in letters, a text ends where it stands."""

    def search(query: str) -> str:
        """Search."""
        return query

    message = LocalChat(engine=engine, max_tokens=limit).bind_tools([search], tool_choice=True).invoke("Hi")

    assert message.tool_calls[0]["args"]["query"] == "free"[:limit]


def test_a_string_with_a_pattern_is_decoded_under_it(engine):
    """What only a JSON schema can say is left to the engine."""
    parameters = {"type": "object", "properties": {"q": {"type": "string", "pattern": "[a-z]+"}}, "required": ["q"]}
    tool = {"type": "function", "function": {"name": "search", "parameters": parameters}}

    message = LocalChat(engine=engine).bind_tools([tool], tool_choice="any").invoke("Hi")

    assert message.tool_calls[0]["args"] == {"q": "free"}
    assert engine.schemas[0]["pattern"] == "[a-z]+"


class Person(BaseModel):
    """A person."""

    name: str
    age: int


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_json_is_decoded_under_its_schema(engine, method):
    """Both methods constrain what is written; one of them shows the schema, too."""
    engine.written = '{"name": "Ann", "age": 31}'

    assert LocalChat(engine=engine).with_structured_output(Person, method=method).invoke("Who?") == Person(
        name="Ann", age=31
    )
    assert engine.schemas[0]["additionalProperties"] is False
    assert ("{name: string, age: integer}" in "".join(map(chr, engine.prompts[0]))) == (method == "json_schema")

    short = LocalChat(engine=engine, max_tokens=9)
    raw = short.with_structured_output(Person, method=method, include_raw=True).invoke("Who?")
    assert raw["parsed"] is None
    assert "age" in str(raw["parsing_error"])


def test_any_json_object(engine):
    """Without a schema, JSON mode writes any object; no other method does without."""
    engine.written = '{"a": 1}'
    model = LocalChat(engine=engine)

    assert model.with_structured_output(method="json_mode").invoke("?") == {"a": 1}
    for wrong in ({}, {"schema": Person, "method": "xml"}):
        with pytest.raises(ToolError, match="does not make"):
            model.with_structured_output(**wrong)


def test_stop_texts_of_the_model_and_of_the_call(engine):
    """A call's own stop texts count instead of the model's; tracing is told."""
    model = LocalChat(engine=engine, stop=["you"])
    model.invoke("Hi")
    model.invoke("Hi", stop=["me"])

    assert engine.stops == [["you"], ["me"]]
    assert model._get_ls_params()["ls_stop"] == ["you"]


def test_close_stops_the_engine(engine):
    """Closing reaches the engine."""
    LocalChat(engine=engine).close()

    assert engine.closed


def predict(row: int, label: Literal["benign", "malignant"] | None = None) -> str:
    """Predict the label of a row."""
    return f"row {row}: {label or 'benign'}"


@pytest.mark.model
class TestSmolLM:
    """The real small model."""

    def test_forks_and_scores_agree(self, smollm: ForkingChat):
        """The best option is the one with the largest score; the scores sum to 1."""
        options = [" benign", " malignant", " mean radius", " mean radius error"]
        scores = smollm.score(QUESTION, "The label is", options)

        fork = smollm.fork(QUESTION, "The label is", options)

        assert math.fsum(map(math.exp, scores)) == pytest.approx(1.0, abs=1e-6)
        assert scores[fork.index] == max(scores)

    def test_the_context_decides(self, smollm: ForkingChat):
        """What the prompt says changes the choice."""
        for label in (" benign", " malignant"):
            messages = [HumanMessage(f"Copy this sentence: The label is{label}. The label is{label}.")]
            assert smollm.fork(messages, "The label is", [" malignant", " benign"]).option == label

    def test_calls_are_valid_and_executed(self, smollm: ForkingChat):
        """An agent's calls all succeed, with rows of the question or constants."""
        agent = create_agent(smollm, [predict], middleware=[ModelCallLimitMiddleware(run_limit=2)])

        messages = agent.invoke({"messages": [HumanMessage("Predict row 17.")]})["messages"]

        results = [message for message in messages if message.type == "tool"]
        calls = [call for message in messages if message.type == "ai" for call in message.tool_calls]
        assert all(message.status == "success" for message in results)
        assert {call["args"]["row"] for call in calls} <= {17, *CONSTANTS}

    def test_text_and_its_stream_are_the_same(self, smollm: ForkingChat):
        """At temperature 0 a stream adds up to the answer."""
        whole = smollm.invoke("Say hello.", max_tokens=12)
        pieces = list(smollm.stream("Say hello.", max_tokens=12))

        assert "".join(str(piece.content) for piece in pieces).strip() == whole.content
        assert len(pieces) > 3
        assert whole.usage_metadata["output_tokens"] == pieces[-1].usage_metadata["output_tokens"]

    def test_three_alternating_prompts_are_read_once(self, smollm: ForkingChat):
        """Three stages with a common opening keep their prompts: each further fork reads a few tokens."""
        opening = "You work with the tools and the row you are given. " * 12
        stages = [
            [SystemMessage(opening + stage), HumanMessage("Row 17. " * 20)]
            for stage in ("Gather.", "Decide.", "Write.")
        ]
        texts = ["", "", ""]
        for round_number in range(4):
            before = smollm.usage
            for at, messages in enumerate(stages):
                texts[at] += smollm.fork(messages, texts[at], [" benign", " malignant"]).option + " and"
            work = smollm.usage - before
            if round_number:
                assert work.prompt_tokens - work.cached_tokens <= 3 * 6
                assert work.cached_tokens > 600

    def test_threads_take_turns(self, smollm: ForkingChat):
        """Several threads ask at once; each gets the answer it would get alone."""
        texts = ["The cat is", "The sky is", "The fire is", "The snow is"] * 3
        options = [" cold", " hot"]
        alone = [smollm.score([HumanMessage("Go on.")], text, options) for text in texts]

        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda text: smollm.score([HumanMessage("Go on.")], text, options), texts))

        assert [max(score) for score in together] == pytest.approx([max(score) for score in alone], abs=1e-2)
