"""LangChain's own standard tests, which every tool passes."""

import pytest
from langchain_tests.unit_tests import ToolsUnitTests

from tools import toolkit

EXAMPLES = {
    "predict": {},
    "probability": {},
    "explain": {"top": 3},
    "feature_stats": {"feature": "bill_len", "value": 40},
    "similar": {"k": 3},
    "calculate": {"expression": "2 / 3"},
    "describe": {"topic": "feature", "name": "bill_len"},
}


class TestTool(ToolsUnitTests):
    """Each tool of a toolkit."""

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
    assert {tool.name for tool in toolkit(bundle_of("penguins"))} == set(EXAMPLES)
