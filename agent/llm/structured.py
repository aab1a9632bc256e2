"""Structured output as JSON text that is decoded under its schema, without a tool call.

Knows schemas and LangChain's parsers; knows nothing about engines.
"""

from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

from agent.llm.calling import MAX_STRING

__all__ = ["as_json"]


def as_json(
    chat: BaseChatModel, schema: dict[str, Any] | type | None, method: str, *, include_raw: bool
) -> Runnable[LanguageModelInput, Any]:
    """Return a chat model that writes JSON under a schema, with a parser behind it.

    Parameters
    ----------
    chat : BaseChatModel
        A model that takes ``json_schema`` with a call, and ``shown``: whether it shows the schema to its weights.
    schema : type, dict or None
        A pydantic class, a TypedDict, a JSON schema; None for any JSON object.
    method : {"json_schema", "json_mode"}
        With the second, the question says itself which JSON it wants.
    include_raw : bool
        Return the message and the parser's error too.
    """
    form = {"type": "object"} if schema is None else bounded(convert_to_json_schema(schema))
    traced = {"kwargs": {"method": method}, "schema": schema or form}
    model = chat.bind(json_schema=form, shown=method == "json_schema", ls_structured_output_format=traced)
    pydantic = isinstance(schema, type) and is_basemodel_subclass(schema)
    parser: Runnable[Any, Any] = PydanticOutputParser(pydantic_object=schema) if pydantic else JsonOutputParser()
    if not include_raw:
        return model | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")


def bounded(schema: Any) -> Any:
    """Return a schema whose objects have no properties but those they name, and whose texts have an end.

    Examples
    --------
    >>> bounded({"anyOf": [{"properties": {"q": {"type": "string"}}}]})
    {'anyOf': [{'additionalProperties': False, 'properties': {'q': {'maxLength': 200, 'type': 'string'}}}]}
    """
    if isinstance(schema, list):
        return [bounded(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: bounded(part) for name, part in schema.items()}
    if "properties" in schema:
        return {"additionalProperties": False, **found}
    kinds = schema.get("type")
    is_text = kinds == "string" or (isinstance(kinds, list) and "string" in kinds)
    return {"maxLength": MAX_STRING, **found} if is_text else found
