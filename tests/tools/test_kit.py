"""The LangChain tools."""

import json
import sys

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool

from tools import toolkit
from tools.errors import TableError
from tools.observation import Observation


def call(tools, name, **args):
    """Call a tool as an agent does."""
    return tools[name].invoke({"type": "tool_call", "name": name, "args": args, "id": "a"})


def test_langchain_tools_answer_with_text_and_evidence(bundle_of):
    """Any agent gets readable content, the observation as artifact, and errors it can correct."""
    bundle = bundle_of("cancer")
    tools = {tool.name: tool for tool in toolkit(bundle, bundle.features_of(0))}

    good, bad = call(tools, "predict"), call(tools, "feature_stats", feature="worst aera")

    assert isinstance(good, ToolMessage)
    assert isinstance(good.artifact, Observation)
    assert good.content.startswith("t1: {")
    assert bad.status == "error"
    assert bad.content.startswith("t2: ")
    assert "Did you mean 'worst area'?" in bad.content


def test_tools_of_a_table(bundle_of, table):
    """Conditions and changes go through as an agent writes them, over the bundle's table or another one."""
    bundle = bundle_of("pima")
    tools = {tool.name: tool for tool in toolkit(bundle)}
    seen = call(tools, "count", where=[["glu", ">", 150]], changes=[{"column": "age", "action": "set", "value": 3}])
    wrong = call(tools, "count", where=[["glue", ">", 150]])
    other = {tool.name: tool for tool in toolkit(bundle, data=table("pima")[0].head(9))}

    assert json.loads(seen.content.removeprefix("t1: ")) == {"rows": int((table("pima")[0].glu > 150).sum())}
    assert wrong.content == "t2: there is no column 'glue'. Did you mean 'glu'?"
    assert call(other, "count").artifact.result == {"rows": 9}
    with pytest.raises(TableError, match="lacks 1 of its columns: 'glu'"):
        toolkit(bundle, data=table("pima")[0].drop(columns="glu"))


def test_schemas_name_the_columns(bundle_of):
    """What an agent is shown spells out columns, labels and signs, and is plain JSON without references."""
    bundle = bundle_of("penguins")
    shown = {tool.name: convert_to_openai_tool(tool)["function"]["parameters"] for tool in toolkit(bundle)}
    text = json.dumps(shown)

    condition = shown["count"]["properties"]["where"]["anyOf"][0]["items"]["prefixItems"]
    assert {"sex", "species", "label", "prediction", "row"} <= set(condition[0]["enum"])
    assert condition[1]["enum"] == ["==", "!=", ">", ">=", "<", "<=", "in"]
    assert shown["count"]["properties"]["changes"]["items"]["properties"]["column"]["enum"] == list(bundle.schema.names)
    assert shown["counterfactual"]["properties"]["target"]["enum"] == list(bundle.schema.labels)
    assert "$ref" not in text
    assert len(text) < 40_000


def test_of_one_row_the_tools_are_the_ones_they_were(bundle_of):
    """An agent that explains one row is shown seven tools without conditions, word for word."""
    bundle = bundle_of("penguins")
    shown = [convert_to_openai_tool(tool)["function"] for tool in toolkit(bundle, bundle.features_of(0))]

    assert [(tool["name"], sorted(tool["parameters"]["properties"])) for tool in shown] == [
        ("predict", []),
        ("probability", []),
        ("explain", ["label", "top"]),
        ("feature_stats", ["feature", "value"]),
        ("similar", ["k"]),
        ("calculate", ["expression"]),
        ("describe", ["name", "topic"]),
    ]
    assert shown[0]["description"] == "Label of the row, or the share of each label over all rows."


def test_the_old_place_still_works():
    """What was imported from the toolbox is found there for a release more."""
    from tools import kit, toolbox

    assert toolbox.langchain_tools is kit.langchain_tools
    assert toolbox.toolkit is kit.toolkit
    with pytest.raises(AttributeError, match="has no attribute 'langchain_tool'"):
        _ = toolbox.langchain_tool


def test_the_toolbox_needs_no_langchain():
    """Only this module of the package imports LangChain."""
    import subprocess

    code = "import sys, tools.toolbox; print(any(name.startswith('langchain') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "False"
