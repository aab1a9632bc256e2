"""A larger model's sentences are learned where they are true and complete for what the smaller one is shown."""

import sys

import pytest

from agent.explanation.prose import LEAD
from agent.llm import load
from agent.training import told
from agent.training.example import read_examples


@pytest.mark.model
def test_what_a_model_writes_is_learned_where_it_passes(tmp_path, monkeypatch):
    """As the templates' sentences are, in words of its own; and what was begun goes on."""
    out = tmp_path / "told.jsonl"
    monkeypatch.setattr(told, "load", lambda spec: load(spec).adapted("prose"))

    def run(tables):
        monkeypatch.setattr(sys, "argv", ["told", "--llm", "smollm2-135m", "--tables", str(tables), "--out", str(out)])
        told.main()
        return list(read_examples([out]))

    first = run(1)
    both = run(2)

    assert first
    assert both[: len(first)] == first
    assert {example.table for example in both} == {"told 0", "told 1"}
    for example in both:
        fact, text = example.turns[-1].content, example.answer[1].text.strip()
        assert example.answer[0].text == LEAD
        assert text not in fact
        assert all(word.strip("(),;:.") in fact for word in text.split() if word[0].isdigit())
