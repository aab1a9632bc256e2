"""The agent's own texts have no fault whatever is chosen, and a text that is made false has one."""

import json

import numpy as np
import pandas as pd
import pytest

from agent.classifier import Classifier
from agent.evaluation.faithfulness import PARTS
from agent.evaluation.falsification import changes
from agent.evaluation.scoring import score, usual
from agent.llm import UniformChat
from tools.bundle import Bundle

# What stands in the text and can be read back; the other kinds are for the verifier alone.
IN_THE_TEXT = ("sign word", "rank word", "label", "neighbour's value", "permuted", "dropped reason", "digit")
FAULTLESS = [f"{part}_accuracy_strict_k{k}" for part in PARTS for k in (4, 8)]
FAULTLESS += ["fully_faithful", "citation_recall", "citation_precision", "value_coverage"]


def _record(explanation):
    return {
        "answer": explanation.label,
        "text": explanation.text,
        "question": "Why?",
        "observations": [call.model_dump(mode="json") for call in explanation.observations],
        "decision": explanation.decision.model_dump(),
    }


@pytest.mark.parametrize("table", ["cancer", "attrition", "penguins", "biopsy", "default"])
def test_whatever_is_chosen_the_agents_texts_are_faithful_and_cited(bundle_of, table):
    """Chance chooses calls and words: read back from plain text, every part is right, at K = 4 and 8."""
    bundle = bundle_of(table)

    for seed, number in enumerate(bundle.held_out()[2][:4]):
        row = bundle.features_of(int(number))
        clf = Classifier(bundle, UniformChat(seed=seed), top=8, decide="predictor")
        scored = score(bundle, row, _record(clf.classify(row)))
        assert {name: scored.scores[name] for name in FAULTLESS if len(set(scored.scores[name])) > 1} == {}
        assert not any(scored.scores[name][0] for name in ("label_only", "echo", "invented_numbers", "contradiction"))
        assert not scored.notes["false"]


def test_names_and_values_that_look_like_other_words_are_read_as_what_they_are():
    """Negative values with a unit, a column called Amount, states called IN and OR, labels called A and N."""
    rng = np.random.default_rng(0)
    change, amount = rng.normal(-1, 2, 400).round(3), (10 ** rng.uniform(2, 7, 400)).round()
    state = rng.choice(["IN", "OR", "NY", "very high"], 400)
    score_ = change + (state == "IN") - (state == "OR") + np.log10(amount) / 3 + rng.normal(0, 1, 400)
    frame = pd.DataFrame(
        {"Change": change, "Amount": amount, "state": state, "vote": np.where(score_ > np.median(score_), "A", "N")}
    )
    bundle = Bundle.fit(frame, "vote", dictionary={"Change": {"unit": "USD", "description": "change since May"}})

    for seed, number in enumerate(bundle.held_out()[2][:12]):
        row = bundle.features_of(int(number))
        told = Classifier(bundle, UniformChat(seed=seed), top=3, decide="predictor").classify(row)
        scored = score(bundle, row, _record(told))
        assert {name for name in FAULTLESS if len(set(scored.scores[name])) > 1} == set(), told.text
        assert not scored.notes["false"] + scored.notes["invented"], told.text
        assert not scored.scores["contradiction"][0], told.text


@pytest.mark.parametrize("kind", IN_THE_TEXT)
def test_a_false_text_has_a_fault(by_rule, bundle_of, kind):
    """Four of five changes of a kind show in a measure, at least; all of them are the verifier's to find."""
    found = []
    for table in ("cancer", "attrition", "penguins"):
        bundle = bundle_of(table)
        receipt = json.loads(by_rule(table, top=8)[0].model_dump_json())
        made = [change.receipt for change in changes(receipt, [kind])]
        for changed in made[:: -(-len(made) // 6) or 1]:
            if changed["text"] == receipt["text"]:
                continue
            record = {**changed, "answer": receipt["label"], "question": "Why?"}
            scores = score(bundle, receipt["row"], record).scores
            found.append(
                any(scores[name][0] < scores[name][1] for name in FAULTLESS)
                or any(scores[name][0] for name in ("invented_numbers", "false_comparisons", "contradiction"))
            )
    assert len(found) >= 4
    assert np.mean(found) >= 0.8


@pytest.mark.parametrize(("less", "hit"), [(0.9, 1.0), (0.1, 0.0)])
def test_a_reader_is_right_who_foresees_that_the_answer_becomes_less_likely(by_rule, bundle_of, less, hit):
    """Where the strongest reason for the answer takes its usual value, and the answer does lose probability."""
    bundle, receipt = bundle_of("cancer"), by_rule("cancer", top=8)[0]
    strongest = next(claim.feature for step in receipt.steps for claim in step.claims if claim.kind == "contribution")
    at, row = bundle.schema.labels.index(receipt.label), dict(receipt.row)
    rows = [row, {**row, strongest: usual(bundle, strongest)}]
    before, after = bundle.predictor.probabilities(bundle.schema.encode(rows))[:, at]
    record = {**_record(receipt), "change": {"feature": strongest, "less": less}}

    found = score(bundle, row, record).scores["simulated_change_by_model"]

    assert after < before
    assert found == (hit, 1.0)


def test_the_usual_value_is_the_median_or_the_commonest_category(bundle_of):
    """What a change is made to."""
    bundle = bundle_of("attrition")

    assert usual(bundle, "Age") == 36
    assert usual(bundle, "OverTime") == "No"
