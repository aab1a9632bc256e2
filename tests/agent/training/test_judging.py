"""Judging a training: by rows and sentences that it does not see."""

import pytest

from agent.llm import UniformChat
from agent.training.judging import by_rows, by_sentences


@pytest.mark.parametrize("recipe", ["label-only", "explain"])
def test_rows_are_explained_with_and_without_constraints(bundle_of, recipe):
    """The agent is without fault, whoever chooses; the rule's free words explain nothing."""
    found = by_rows([bundle_of("penguins")], recipe, seed=0)(UniformChat(seed=0))

    assert found["agent_clean"] == 1
    assert found["agent_faithful"] == 1
    assert found["quality"] == found["free_clean"]


def test_sentences_pass_or_not():
    """What writes nothing passes never."""
    assert by_sentences(tables=1, rows=1)(UniformChat(seed=0))["quality"] == 0
