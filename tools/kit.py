"""The tools as LangChain tools, for anybody's agent.

This is the only module of `tools` that imports LangChain.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pandas as pd
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, ToolException
from pydantic import BaseModel

from tools.bundle import Bundle
from tools.forms import Args
from tools.observation import Observation
from tools.toolbox import Tool, Toolbox

__all__ = ["langchain_tools", "toolkit"]


def toolkit(bundle: Bundle, row: Mapping[str, Any] | None = None, data: pd.DataFrame | None = None) -> list[BaseTool]:
    """Return the tools of a bundle as LangChain tools.

    The tools of one toolkit share a record: the first call is ``t1``, and `calculate` may refer to earlier ones.

    Parameters
    ----------
    bundle : Bundle
        What they answer from.
    row : mapping, optional
        One row that they answer about; without one, they answer about the rows of a table, selected by conditions.
    data : DataFrame, optional
        That table, where it is not the bundle's own.

    Returns
    -------
    list of BaseTool
        Each returns ``"t1: {…}"`` for the model, and the `Observation` as its artifact. A call that cannot be carried
        out returns what is wrong and the mend, so that the model can correct it.

    Raises
    ------
    TableError
        If the row or the table does not fit the bundle's schema.
    """
    return langchain_tools(Toolbox(bundle, None if row is None else bundle.schema.check_row(row, []), data), bundle)


def langchain_tools(toolbox: Toolbox, bundle: Bundle) -> list[BaseTool]:
    """Return LangChain tools that call one toolbox; columns and labels are spelled out in their schemas."""
    return [_langchain_tool(toolbox, name, tool, bundle) for name, tool in toolbox.tools.items()]


def _narrowed(form: type[Args], bundle: Bundle) -> dict[str, Any]:
    """Return the arguments' JSON schema with the bundle's columns and labels in place of any text."""
    schema = deepcopy(form.model_json_schema())
    features, labels = list(bundle.schema.names), list(bundle.schema.labels)
    columns = [*features, bundle.schema.target]
    ids = [bundle.schema.id_column] if bundle.schema.id_column else []
    all_columns = list(dict.fromkeys([*columns, "label", "prediction", *ids, "row"]))
    choices = {"label": labels, "target": labels, "feature": columns, "name": columns}
    properties = schema["properties"]
    for name, described in properties.items():
        if name in choices:
            properties[name] = {"enum": choices[name], "description": described.get("description", "")}
    if "where" in properties:
        listed, either = properties["where"]["anyOf"]
        for conditions in (listed, either["properties"]["any"]["items"]):
            conditions["items"]["prefixItems"][0] = {"enum": all_columns}
        properties["changes"]["items"]["properties"]["column"] = {"enum": features}
    if "columns" in properties:
        about = properties["columns"]["description"]
        properties["columns"] = {"type": "array", "items": {"enum": all_columns}, "minItems": 1, "description": about}
    return schema


class _Tool(StructuredTool):
    """A tool that shows a narrowed schema; `form` is what its arguments have to fit."""

    form: type[Args]

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:  # noqa: ARG002
        """Return the form."""
        return self.form


def _langchain_tool(toolbox: Toolbox, name: str, tool: Tool, bundle: Bundle) -> BaseTool:
    """Return one tool; its arguments are checked by the toolbox, which records what went wrong and says the mend."""

    def run(**args: Any) -> tuple[str, Observation]:
        seen = toolbox.call(name, args)
        if seen.error is not None:
            raise ToolException(f"{seen.id}: {seen.error}")
        return f"{seen.id}: {json.dumps(seen.result, ensure_ascii=False)}", seen

    return _Tool.from_function(
        run,
        name=name,
        description=tool.what,
        args_schema=_narrowed(tool.form, bundle),
        form=tool.form,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )
