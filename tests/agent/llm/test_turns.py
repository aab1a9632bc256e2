"""Messages as plain turns."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agent.llm.turns import SHOWN_VALUES, describe_tools, turns
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
