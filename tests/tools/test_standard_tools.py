"""LangChain's own standard tests, which every tool passes."""

import jsonschema
import pytest
from langchain_tests.unit_tests import ToolsUnitTests

from tools import toolkit

ROW_EXAMPLES = {
    "predict": {},
    "probability": {},
    "explain": {"top": 3},
    "feature_stats": {"feature": "bill_length_mm", "value": 40},
    "similar": {"k": 3},
    "calculate": {"expression": "2 / 3"},
    "describe": {"topic": "feature", "name": "bill_length_mm"},
}
WHERE = {"any": [[["bill_length_mm", ">", 40], ["sex", "!=", None]], [["island", "in", ["Dream", "Biscoe"]]]]}
CHANGES = [{"column": "bill_length_mm", "action": "increase", "value": 2}]
EXAMPLES = {
    **ROW_EXAMPLES,
    "predict": {"where": WHERE, "changes": CHANGES},
    "probability": {"where": [["row", "==", 7]]},
    "importance": {"feature": "bill_length_mm"},
    "interactions": {"top": 3},
    "counterfactual": {"where": [["row", "==", 7]], "target": "Gentoo"},
    "score": {"metric": "accuracy", "where": [["sex", "==", "male"]]},
    "mistakes": {"kind": "patterns"},
    "labels": {},
    "count": {"where": [["prediction", "!=", "Adelie"]]},
    "show": {"columns": ["row", "label"], "limit": 2},
    "similar": {"k": 3, "where": [["row", "==", 7]]},
}


class TestRowTool(ToolsUnitTests):
    """Each tool of a toolkit on one row."""

    @pytest.fixture(autouse=True, params=ROW_EXAMPLES)
    def _chosen(self, request, bundle_of):
        bundle = bundle_of("penguins")
        self.kit = {tool.name: tool for tool in toolkit(bundle, bundle.features_of(0))}
        self.name = request.param

    @property
    def tool_constructor(self):
        """The tool."""
        return self.kit[self.name]

    @property
    def tool_invoke_params_example(self):
        """Arguments that fit its schema."""
        return ROW_EXAMPLES[self.name]


class TestTool(ToolsUnitTests):
    """Each tool of a toolkit on the rows of a table."""

    @pytest.fixture(autouse=True, params=EXAMPLES)
    def _chosen(self, request, bundle_of):
        self.kit = {tool.name: tool for tool in toolkit(bundle_of("penguins"))}
        self.name = request.param

    @property
    def tool_constructor(self):
        """The tool."""
        return self.kit[self.name]

    @property
    def tool_invoke_params_example(self):
        """Arguments that fit its schema."""
        return EXAMPLES[self.name]


def test_every_tool_is_tested(bundle_of):
    """No tool is left out, and no example is for a tool that is gone."""
    bundle = bundle_of("penguins")

    assert {tool.name for tool in toolkit(bundle)} == set(EXAMPLES)
    assert {tool.name for tool in toolkit(bundle, bundle.features_of(0))} == set(ROW_EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_answered_and_fit_the_schema_shown(bundle_of, name):
    """What a tool shows as its schema accepts the example, and the tool answers it."""
    tool = {tool.name: tool for tool in toolkit(bundle_of("penguins"))}[name]

    jsonschema.validate(EXAMPLES[name], tool.tool_call_schema)
    assert tool.invoke(EXAMPLES[name]).startswith("t1: {")
