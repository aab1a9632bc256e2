"""Deliberate changes, told again by the rule writer and sealed again, that a careless verifier would accept."""

import copy
import json

import numpy as np
import pandas as pd
import pytest

from agent import narrate
from agent.classifier import Classifier
from agent.explanation import receipt
from agent.explanation.evidence import Evidence
from agent.explanation.result import Explanation
from agent.explanation.template import assemble
from agent.explanation.verify import verify
from agent.explanation.writer import Writer
from agent.llm import RuleChat
from tools.bundle import Bundle
from tools.errors import ReceiptError

TABLES = ("cancer", "attrition", "penguins", "biopsy")


@pytest.fixture
def made(by_rule, table):
    """Return one receipt of each table, as JSON."""
    return json.loads(by_rule(table)[0].model_dump_json())


def _retold(raw):
    """Return the receipt with the text that its observations, as they now are, lead to."""
    explanation = Explanation.model_validate(raw)
    evidence = Evidence(explanation.observations, explanation.decision.model_dump())
    steps = Writer(evidence, int(evidence.explained.args["top"]), RuleChat(), []).write()
    raw = raw | {
        "steps": [step.model_dump(mode="json") for step in steps],
        "text": assemble([step.text for step in steps]),
    }
    return raw | {"digest": receipt.digest(raw)}


def _call(raw, tool):
    return next(seen for seen in raw["observations"] if seen["tool"] == tool)


def test_told_again_without_a_change_it_passes(made, bundle_of, table):
    """The forger's tools leave an honest receipt honest."""
    assert verify(_retold(made), bundle_of(table)).ok


def test_a_count_is_a_whole_number(made, bundle_of, table):
    """Not one that is cut to another one when it is shown."""
    call = _call(made, "similar")["result"]
    label = made["label"]
    call["labels"][label] -= 1e-6 if call["labels"][label] else 0
    call["k"] = call["k"] - 1e-6

    assert not verify(_retold(made), bundle_of(table)).ok


def test_a_contribution_of_nothing_has_no_sign():
    """The least difference from 0 is one, far below the tolerance of the others."""
    n = 200
    x = np.random.default_rng(0).normal(size=n)
    frame = pd.DataFrame({"x": x, "idle": np.arange(n) // 198, "y": np.where(x > 0, "yes", "no")})
    bundle = Bundle.fit(frame, "y", predictor="gbdt")
    raw = json.loads(Classifier(bundle, RuleChat()).classify(bundle.features_of(0)).model_dump_json())
    entry = next(e for e in _call(raw, "explain")["result"]["features"] if e["feature"] == "idle")
    assert entry["contribution"] == 0

    entry["contribution"] = -1e-9 * _call(raw, "explain")["result"]["absolute"]
    assert not verify(_retold(raw), bundle).ok


def test_a_value_of_the_row_is_exact(made, bundle_of, table):
    """There is no tolerance for what nobody computed."""
    feature = next(f for f, value in made["row"].items() if isinstance(value, int | float))
    value = made["row"][feature] * (1 + 1e-9)
    made["row"][feature] = value
    for seen in made["observations"]:
        result = seen.get("result") or {}
        for entry in [*result.get("features", []), result]:
            if entry.get("feature") == feature and "value" in entry:
                entry["value"] = value

    assert not verify(_retold(made), bundle_of(table)).ok


@pytest.mark.parametrize(
    "change",
    [
        {"llm": None, "decision": {"llm": "nobody"}},
        {"writer": "model"},
        {"bundle": {"accuracy": 1.0}},
        {"decision": {"llm_probabilities": {"nobody": 17.0}}},
    ],
)
def test_fields_that_contradict_each_other(made, bundle_of, table, change):
    """Where nothing can be recomputed, the receipt still has to agree with itself."""
    tampered = copy.deepcopy(made)
    for key, value in change.items():
        tampered[key] = tampered[key] | value if isinstance(value, dict) else value
    tampered["digest"] = receipt.digest(tampered)

    assert not verify(tampered, bundle_of(table)).ok


def test_a_key_that_is_there_twice_is_refused(made, tmp_path):
    """Other programs might read the other one."""
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(made).replace('{"version"', '{"label": "other", "version"', 1))

    with pytest.raises(ReceiptError, match="'label' is there twice"):
        verify(file, text_only=True)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("row", "age"), 16),
        (("row",), {}),
        (("observations", 0, "result", "ill"), 7.5),
        (("observations", 1, "result", "absolute"), 0.1),
        (("observations", 2, "result", "value"), 16),
        (("observations", 2, "result", "z_score"), 9.0),
        (("decision", "predictor"), "healthy"),
        (("observations", 1, "result", "features", 0, "value"), 62),
    ],
)
def test_a_narrated_receipt_agrees_with_itself(path, value):
    """What was given is taken as given, but it was given once."""
    told = narrate(
        {"age": 61, "dose": 2.0},
        label="ill",
        probability=0.8,
        contributions={"age": 0.4, "dose": -0.1},
        statistics={"age": {"mean": 40.0, "std": 10.0}},
        llm="rule",
    )
    raw = json.loads(told.model_dump_json())
    assert verify(raw, text_only=True).ok
    inner = raw
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    for again in (raw | {"digest": receipt.digest(raw)}, _retold(raw)):
        assert not verify(again, text_only=True).ok


@pytest.mark.parametrize("path", ["a\0b", "a\ud800b"])
def test_a_path_that_no_file_can_have(made, path):
    """Is told like one that is not there."""
    with pytest.raises(ReceiptError, match="--text-only"):
        verify(made | {"bundle": made["bundle"] | {"path": path}})
