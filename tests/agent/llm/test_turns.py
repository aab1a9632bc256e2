"""Messages as plain turns."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agent.llm.turns import SHOWN_VALUES, describe_tools, shortened, turns
from tools.errors import ToolError


def test_calls_and_results_are_folded_into_turns():
    """A call is the assistant's text, its result the user's; the system comes first."""
    call = AIMessage("", tool_calls=[{"name": "count", "args": {"k": "é"}, "id": "call_1"}])
    found = turns([HumanMessage("Hi"), call, ToolMessage("4", tool_call_id="call_1"), SystemMessage("Be careful.")])

    assert found == [
        {"role": "system", "content": "Be careful."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": '{"name": "count", "arguments": {"k": "é"}}'},
        {"role": "user", "content": "Result: 4"},
    ]


def test_neighbours_of_one_role_become_one():
    """Templates that want strictly alternating turns get them."""
    found = turns([HumanMessage("a"), ToolMessage("b", tool_call_id="call_1"), AIMessage("c"), AIMessage("d")])

    assert [turn["role"] for turn in found] == ["user", "assistant"]


def test_only_text_can_be_read():
    """An image is refused, not dropped."""
    with pytest.raises(ToolError, match="a human message carries 'image'"):
        turns([HumanMessage([{"type": "text", "text": "See"}, {"type": "image", "url": "x"}])])


def test_a_model_s_own_blocks_are_its_text_and_its_calls():
    """Calls that stand among the blocks are written once; thoughts are not shown again."""
    call = {"name": "count", "args": {"k": 1}, "id": "call_1"}
    other = [{"type": "tool_use", "name": "count", "input": {"k": 1}, "id": "call_1"}, {"type": "tool_call", **call}]
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "x"}

    for block in other:
        found = turns([AIMessage([thought, {"type": "text", "text": "Let me see."}, block], tool_calls=[call])])
        assert found[0]["content"] == 'Let me see.\n{"name": "count", "arguments": {"k": 1}}'


def test_tool_definitions_are_short():
    """Types are named, long enumerations cut, references followed, endless ones ended."""
    condition = {"prefixItems": [{"enum": list(range(40))}, {"const": ">"}, {"type": ["number", "null"]}]}
    tree = {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}}}
    parameters = {
        "$defs": {"Condition": condition, "Tree": tree},
        "properties": {"where": {"items": {"$ref": "#/$defs/Condition"}}, "tree": {"$ref": "#/$defs/Tree"}, "free": {}},
        "required": ["where"],
    }
    tool = {"function": {"name": "count", "description": "Count\n  rows.", "parameters": parameters}}

    line = describe_tools([tool]).splitlines()[1]

    shown = "|".join(map(str, range(SHOWN_VALUES)))
    assert line.startswith(f'count(where: [[{shown}|…, ">", number|null], …], tree?: {{left: ')
    assert line.endswith("free?: any): Count rows.")
    assert "…}" in line


def test_what_is_oldest_is_left_out_first():
    """Exchanges before the last question, then calls with their results, then lines of the answer."""
    call = AIMessage("", tool_calls=[{"name": "count", "args": {}, "id": "1"}])
    results = [ToolMessage(str(at), tool_call_id="1") for at in range(3)]
    system, first, reply = SystemMessage("s"), HumanMessage("first"), AIMessage("reply")
    parts = [HumanMessage("question, first part"), HumanMessage("second part")]
    said = [first, reply, system, *parts, call, results[0], call, *results[1:]]

    found = list(shortened(said, "1. a\n2. b"))

    assert found == [
        (said, "1. a\n2. b"),
        ([system, *parts, call, results[0], call, *results[1:]], "1. a\n2. b"),
        ([system, *parts, call, *results[1:]], "1. a\n2. b"),
        ([system, *parts, call, *results[1:]], "2. b"),
    ]


def test_what_is_shortened_still_alternates():
    """However much is left out, turns begin with the user's and end with the user's."""
    call = AIMessage("", tool_calls=[{"name": "count", "args": {}, "id": "1"}])
    said = [HumanMessage("q"), call, ToolMessage("1", tool_call_id="1")] * 3

    for messages, _ in shortened(said, ""):
        roles = [turn["role"] for turn in turns(messages)]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
