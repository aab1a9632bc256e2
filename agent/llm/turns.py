"""LangChain messages and tools as the plain turns (system, user, assistant) that every chat template knows.

Knows how calls, results and tool definitions are written down; knows nothing about models.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from tools.errors import ToolError

__all__ = ["call_text", "describe_schema", "describe_tools", "shortened", "turns"]

SHOWN_VALUES = 12
DEPTH = 6
# Blocks of a model's own message that are read elsewhere (its calls) or are not shown to it again (its thoughts).
OWN = {"tool_use", "tool_call", "invalid_tool_call", "thinking", "redacted_thinking", "reasoning"}
CALL_OPENING = '{"name": '


def turns(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    r"""Return messages as turns; the system comes first, neighbours of one role become one.

    Parameters
    ----------
    messages : sequence of BaseMessage
        The conversation.

    Returns
    -------
    list of dict
        Each with ``role`` and ``content``.

    Raises
    ------
    ToolError
        When a message carries something other than text.

    Examples
    --------
    >>> from langchain_core.messages import HumanMessage
    >>> turns([HumanMessage("Hello"), HumanMessage("again")])
    [{'role': 'user', 'content': 'Hello\n\nagain'}]
    """
    system = [_text(message) for message in messages if isinstance(message, SystemMessage)]
    found = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    for message in messages:
        if isinstance(message, SystemMessage):
            continue
        role, content = _turn(message)
        if found and found[-1]["role"] == role:
            found[-1]["content"] += f"\n\n{content}"
        else:
            found.append({"role": role, "content": content})
    return found


def _turn(message: BaseMessage) -> tuple[str, str]:
    if isinstance(message, AIMessage):
        calls = [call_text(call["name"], call["args"]) for call in message.tool_calls]
        return "assistant", "\n".join([_text(message), *calls]).strip()
    if isinstance(message, ToolMessage):
        return "user", f"Result: {_text(message)}"
    return "user", _text(message)


def _text(message: BaseMessage) -> str:
    blocks = message.content if isinstance(message.content, list) else []
    read = {"text"} | (OWN if isinstance(message, AIMessage) else set())
    other = [block.get("type") for block in blocks if isinstance(block, dict) and block.get("type") not in read]
    if other:
        raise ToolError(f"Only text is read; a {message.type} message carries {other[0]!r}.")
    return str(message.text)


def shortened(messages: Sequence[BaseMessage], answer: str) -> Iterator[tuple[list[BaseMessage], str]]:
    r"""Yield a conversation and the answer so far, whole and then with more and more of what is oldest left out.

    First go the exchanges before the last question, then calls with their results, then lines of the answer. What the
    system says, the last question, the last call with its result and the last line stay.

    Examples
    --------
    >>> said = [HumanMessage("a"), AIMessage("b"), HumanMessage("c")]
    >>> [(len(messages), answer) for messages, answer in shortened(said, "d\ne")]
    [(3, 'd\ne'), (1, 'd\ne'), (1, 'e')]
    """
    system = [message for message in messages if isinstance(message, SystemMessage)]
    said = [message for message in messages if not isinstance(message, SystemMessage)]
    kept = list(messages)
    yield kept, answer
    humans = [at for at, message in enumerate(said) if isinstance(message, HumanMessage)]
    questions = [at for at in humans if at - 1 not in humans]  # one question may be several messages
    for at in questions[1:]:
        kept = [*system, *said[at:]]
        yield kept, answer
    last = questions[-1] if questions else 0
    calls = [at for at, message in enumerate(said) if at > last and isinstance(message, AIMessage)]
    for at in calls[1:]:
        kept = [*system, *said[last : calls[0]], *said[at:]]
        yield kept, answer
    lines = answer.split("\n")
    for at in range(1, len(lines)):
        yield kept, "\n".join(lines[at:])


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """Return a tool call as the JSON text a model writes.

    Examples
    --------
    >>> call_text("count", {"top": 2})
    '{"name": "count", "arguments": {"top": 2}}'
    """
    return f'{CALL_OPENING}{json.dumps(name)}, "arguments": {json.dumps(arguments, ensure_ascii=False)}}}'


def describe_tools(tools: Sequence[Mapping[str, Any]]) -> str:
    """Return the definitions of tools in few words, one line each.

    Examples
    --------
    >>> parameters = {"properties": {"k": {"type": "integer"}, "by": {"enum": ["a", "b"]}}, "required": ["k"]}
    >>> tool = {"function": {"name": "top", "description": "Ranks.", "parameters": parameters}}
    >>> print(describe_tools([tool]).splitlines()[1])
    top(k: integer, by?: "a"|"b"): Ranks.
    """
    lines = [_signature(tool["function"]) for tool in tools]
    how = f'To call a tool, write {CALL_OPENING}…, "arguments": {{…}}}} and nothing else.'
    return "\n".join(["Tools:", *lines, how])


def describe_schema(schema: Mapping[str, Any]) -> str:
    """Return what JSON is asked for, in few words.

    Examples
    --------
    >>> describe_schema({"properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}}})
    'Reply with JSON and nothing else: {name: string, age: integer|null}'
    """
    return f"Reply with JSON and nothing else: {_short(schema, _definitions(schema))}"


def _definitions(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema.get("definitions", {}), **schema.get("$defs", {})}


def _signature(function: Mapping[str, Any]) -> str:
    parameters = function.get("parameters", {})
    required = parameters.get("required", [])
    definitions = _definitions(parameters)
    arguments = [
        f"{name}{'' if name in required else '?'}: {_short(schema, definitions)}"
        for name, schema in parameters.get("properties", {}).items()
    ]
    description = " ".join(function.get("description", "").split())
    return f"{function['name']}({', '.join(arguments)})" + (f": {description}" if description else "")


def _short(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int = 0) -> str:
    """Return a schema in the notation of a type; a definition that uses itself ends at an ellipsis."""

    def inner(part: Mapping[str, Any]) -> str:
        return _short(part, definitions, depth + 1)

    parts = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    kind = schema.get("type", "any")
    text = kind if isinstance(kind, str) else "|".join(kind)
    if depth > DEPTH:
        text = "…"
    elif "$ref" in schema:
        text = inner(definitions.get(schema["$ref"].rsplit("/", 1)[-1], {}))
    elif parts:
        text = "|".join(dict.fromkeys(inner(part) for part in parts))
    elif "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        shown = [json.dumps(value, ensure_ascii=False) for value in values[:SHOWN_VALUES]]
        text = "|".join(shown + (["…"] if len(values) > SHOWN_VALUES else []))
    elif "prefixItems" in schema:
        text = f"[{', '.join(inner(part) for part in schema['prefixItems'])}]"
    elif "items" in schema:
        text = f"[{inner(schema['items'])}, …]"
    elif "properties" in schema:
        fields = ", ".join(f"{name}: {inner(part)}" for name, part in schema["properties"].items())
        text = f"{{{fields}}}"
    return text
