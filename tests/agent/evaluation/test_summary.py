"""Figures with intervals, and where another method is better than the agent."""

import json

import numpy as np
import pytest

from agent.evaluation.evaluate import evaluate
from agent.evaluation.metrics import ABOUT, BETTER, METRICS
from agent.evaluation.run import Table
from agent.evaluation.summary import Lines, summarize
from agent.llm import RuleChat
from tools.errors import UserError

PROMISED = [
    *("accuracy", "auc", "log_loss", "brier", "ece", "agreement", "selective_accuracy"),
    *("value_coverage", "fully_faithful", "citation_recall", "citation_precision"),
    *("label_only", "echo", "invented_numbers", "false_comparisons", "contradiction"),
    *("completeness", "conciseness", "readability", "repetition", "simulatability"),
    *("tokens", "forward_passes", "seconds", "memory"),
]
PROMISED += [
    f"{part}_accuracy_{form}_k{k}"
    for part in ("rank", "sign", "value")
    for form in ("published", "strict")
    for k in (4, 8)
]


@pytest.fixture(scope="module")
def compared(bundle_of, tmp_path_factory):
    """Return the summary of a comparison without a model, and its folder."""
    out = tmp_path_factory.mktemp("compared")
    bundle = bundle_of("cancer")
    methods = ["rule", "agent-strict", "cot-template", "label-only"]
    return evaluate(bundle, Table.held_out(bundle, 8), RuleChat(), methods, out), out


def test_every_metric_that_is_promised_is_there(compared):
    """With value, interval and number of rows, for every method."""
    summary, _ = compared

    assert set(PROMISED) <= set(METRICS)
    for figures in summary["methods"].values():
        assert list(figures) == METRICS
        for figure in figures.values():
            assert set(figure) == {"value", "low", "high", "n"}
            if figure["value"] is not None and figure["low"] is not None:
                assert figure["low"] <= figure["high"]


def test_intervals_hold_the_value_and_shares_are_shares(compared):
    """A percentile of the bootstrap may miss a mean by rounding alone."""
    summary, _ = compared

    for figures in summary["methods"].values():
        for name in ("accuracy", "completeness", "simulatability", "fully_faithful"):
            figure = figures[name]
            assert 0 <= figure["low"] <= figure["value"] + 1e-9
            assert figure["value"] - 1e-9 <= figure["high"] <= 1


def test_the_agent_by_rule_is_faultless_and_no_worse_than_the_predictor(compared):
    """And a template that is filled in at random is not."""
    summary, _ = compared
    agent, chance = summary["methods"]["agent-strict"], summary["methods"]["cot-template:uniform"]

    assert all(
        agent[f"{part}_accuracy_strict_k{k}"]["value"] == 1 for part in ("rank", "sign", "value") for k in (4, 8)
    )
    assert agent["agreement"]["value"] == 1
    assert agent["label_only"]["value"] == agent["echo"]["value"] == 0
    assert chance["fully_faithful"]["value"] == 0
    assert chance["false_comparisons"]["value"] > 0


def test_differences_are_paired_and_losses_are_told(compared):
    """Where another method is better beyond chance, the summary says so."""
    summary, _ = compared
    gap = summary["differences"]["cot-template:uniform"]["completeness"]

    assert gap["value"] < 0
    assert gap["high"] < 0
    for one in summary["better_than_the_agent"]:
        better = BETTER[one["metric"]]
        assert (one["value"] - one["agent"]) * better > 0
    assert any(one["metric"] == "readability" for one in summary["better_than_the_agent"])


def test_figures_of_decisions_are_those_worked_out_by_hand(bundle_of):
    """Four rows, three of them right: accuracy, log loss, Brier score, selective accuracy, agreement."""
    labels = bundle_of("cancer").schema.labels
    given = [(0, 0.9), (0, 0.6), (1, 0.2), (1, 0.8)]  # truth, and the probability of the first label
    lines = [
        {
            "truth": labels[truth],
            "answer": labels[int(p < 0.5)],
            "probabilities": dict(zip(labels, (p, 1 - p), strict=True)),
            "text": "",
            "cost": {},
        }
        for truth, p in given
    ]
    method = Lines(lines, [{}] * 4)
    predictor = np.array([[p, 1 - p] for p in (0.7, 0.3, 0.3, 0.9)])

    figures = summarize(bundle_of("cancer"), {"agent-strict": method, "twin": method}, predictor)

    values = {name: figure["value"] for name, figure in figures["methods"]["agent-strict"].items()}
    assert values["accuracy"] == values["agreement"] == 0.75
    assert values["selective_accuracy"] == pytest.approx(2 / 3, abs=1e-6)  # the row at 0.6 is left to a person
    assert values["log_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.8, 0.2]).mean(), abs=1e-6)
    assert values["brier"] == pytest.approx(np.mean([x**2 for x in (0.1, 0.4, 0.2, 0.8)]), abs=1e-6)
    assert values["auc"] == 0.75
    for gap in figures["differences"]["twin"].values():  # the same rows are drawn for both
        assert {gap[end] for end in ("value", "low", "high")} <= {0.0, None}


def test_the_files_are_written_and_the_report_needs_nothing_else(compared):
    """No script, no address: one file that opens anywhere."""
    summary, out = compared
    report = (out / "report.html").read_text(encoding="utf-8")

    assert json.loads((out / "summary.json").read_text())["methods"].keys() == summary["methods"].keys()
    assert "http" not in report
    assert "<script" not in report
    assert all(name in report for name in ABOUT)
    assert "agent-strict" in report


def test_text_of_a_table_or_a_model_is_escaped(bundle_of, tmp_path):
    """A column called like a tag stays text."""
    frame = (
        bundle_of("penguins").rows.drop(columns="split").rename(columns={"label": "kind", "island": "<b>island{{7*7}}"})
    )
    bundle = type(bundle_of("penguins")).fit(frame, "kind")

    evaluate(bundle, Table.held_out(bundle, 2), RuleChat(), ["agent-strict", "cot-template"], tmp_path)

    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>island" not in report
    assert "&lt;b&gt;island{{7*7}}" in report


def test_the_same_rows_give_the_same_figures(bundle_of, tmp_path):
    """All but time and memory, which are measured."""
    bundle = bundle_of("penguins")
    found = [
        evaluate(bundle, Table.held_out(bundle, 3), RuleChat(), ["rule"], tmp_path / str(n))["methods"]["rule"]
        for n in range(2)
    ]

    for name in set(METRICS) - {"seconds", "memory"}:
        assert found[0][name] == found[1][name]


def test_nothing_to_compare_is_said(bundle_of, tmp_path):
    """No method or no row."""
    bundle = bundle_of("penguins")

    with pytest.raises(UserError, match="nothing to compare"):
        evaluate(bundle, Table.held_out(bundle, 1), RuleChat(), [], tmp_path)
