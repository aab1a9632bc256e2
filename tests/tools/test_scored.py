"""A language model as the predictor: calibrated, explained within a budget, and no claim beyond the error."""

import numpy as np
import pandas as pd
import pytest

from agent.classifier import Classifier
from agent.explanation.verify import verify
from tools import attribution, scored
from tools.bundle import Bundle
from tools.cohort import Cohort, Rows
from tools.contributions import explain
from tools.errors import UserError
from tools.row_prompt import RowPrompt
from tools.toolbox import Toolbox
from tools.where import Condition

ROWS = 240


class _Model:
    """Stands in for a language model: sure where size and colour agree, and a little rough."""

    spec = "there/model"
    sha256 = "0" * 64
    template = None

    def __init__(self):
        self.asked = 0

    def scores(self, prompt, rows):
        self.asked += len(rows)
        found = []
        for row in rows:
            assert set(prompt.labels) == {"no", "yes"}
            odds = 3 * (row["size"] - 0.5) + (1.5 if row["colour"] == "red" else -1.5) + 0.3 * np.sin(40 * row["age"])
            odds += 2 * (row["size"] - 0.5) * (row["age"] - 0.5)
            found.append([-np.logaddexp(0, odds), odds - np.logaddexp(0, odds)])
        return np.array(found)


@pytest.fixture(name="frame")
def _frame():
    chance = np.random.default_rng(0)
    frame = pd.DataFrame({name: chance.random(ROWS).round(3) for name in ("size", "age", "noise")})
    frame["colour"] = chance.choice(["red", "blue"], ROWS)
    score = 3 * (frame["size"] - 0.5) + np.where(frame["colour"] == "red", 1.5, -1.5) + chance.logistic(size=ROWS)
    return frame.assign(ill=np.where(score > 0, "yes", "no"))


@pytest.fixture(name="model")
def _model(monkeypatch):
    model = _Model()

    def opened(spec, sha256=None):
        assert spec == "there/model"
        assert sha256 in {None, model.sha256}
        return model

    monkeypatch.setattr(scored, "opened", opened)
    monkeypatch.setattr("tools.fitting.opened", opened)
    return model


@pytest.fixture(name="fitted")
def _fitted(frame, model):
    return Bundle.fit(frame, "ill", predictor="llm:there/model")


def test_it_is_calibrated_on_rows_that_it_is_not_measured_on(fitted, frame):
    """Probabilities that mean something, the columns in the prompt, and a note on the halves."""
    assert fitted.predictor.kind == "llm"
    assert fitted.performance["n"] == 24
    assert fitted.performance["accuracy"] > fitted.performance["baseline_accuracy"]
    assert any("half of the held-out rows" in note for note in fitted.schema.notes)
    assert set(fitted.predictor.model.prompt.columns) == set(frame.columns) - {"ill"}
    assert np.allclose(fitted.predictor.probabilities(fitted.X).sum(axis=1), 1)


def test_a_bundle_keeps_the_model_by_reference_and_asks_it_again(fitted, model, tmp_path):
    """Spec, digest, prompt and calibration in a JSON file: no weights; nothing is opened before it is needed."""
    loaded = Bundle.load(fitted.save(tmp_path / "bundle"))
    asked = model.asked

    assert loaded.sha256 == fitted.sha256
    assert model.asked == asked
    first = loaded.predictor.probabilities(loaded.X[:5])
    assert model.asked == asked + 5
    assert np.array_equal(loaded.predictor.probabilities(loaded.X[:5]), first)
    assert model.asked == asked + 5
    assert np.array_equal(fitted.predictor.probabilities(loaded.X[:5]), first)


def test_contributions_add_up_and_agree_with_exact_ones_within_their_errors(fitted):
    """Against all coalitions over the same background; what no prompt can see contributes nothing."""
    attributor = fitted.attributor
    exact = attribution.Attributor(fitted.predictor, fitted.schema, attributor.background, 0)
    for x in fitted.held_out()[0][:5]:
        found = attributor.explain(x, "yes")
        expected = exact._enumerated(x, 1)
        assert found.base + found.contributions.sum() == pytest.approx(found.total)
        assert np.all(np.abs(found.contributions - expected) <= 4 * found.errors + 1e-9)
        assert found.contributions[fitted.schema.names.index("noise")] == pytest.approx(0, abs=1e-12)


def test_what_does_not_exceed_its_error_is_not_claimed(fitted):
    """It is not listed, but part of the rest; ranks that the error leaves open are said to be so."""
    open_ranks = 0
    for x in fitted.held_out()[0]:
        row = fitted.schema.decode_row(x)
        result = Toolbox(fitted, row).call("explain", {"top": 4}).result
        entries = result["features"]
        assert all(abs(e["contribution"]) > fitted.attributor.clear(1) * e["standard_error"] for e in entries)
        assert "noise" not in {e["feature"] for e in entries}
        total = result["base"] + result["rest"] + sum(e["contribution"] for e in entries)
        assert total == pytest.approx(result["total"])
        open_ranks += sum(e.get("rank_open", False) for e in entries)
    assert open_ranks


def test_every_row_is_explained_and_verified_with_errors_and_without_open_ranks(fitted, tmp_path):
    """From a bundle that was loaded anew; by the rule and in words chosen by chance."""
    loaded = Bundle.load(fitted.save(tmp_path / "bundle"))
    for llm in ("rule", "uniform"):
        clf = Classifier.load(fitted, llm)
        for number in range(0, ROWS, 12):
            told = clf.classify(fitted.features_of(number))
            assert told.verification.ok
            assert verify(told, loaded).ok
            result = next(call.result for call in told.observations if call.tool == "explain")
            unsure = [e["feature"] for e in result["features"] if e.get("rank_open")]
            for sentence in told.text.splitlines():
                if any(f" {feature}" in sentence for feature in unsure) and "-largest contribution" in sentence:
                    named = [e["feature"] for e in result["features"] if e["feature"] in sentence]
                    assert set(named) - set(unsure)
            if "to the probability of" in told.text.replace("bring the probability", ""):
                assert "standard error" in told.text


def test_questions_about_all_rows_are_answered(fitted):
    """The stored probabilities, contributions over a cohort with their error."""
    clf = Classifier.load(fitted, "rule")

    assert clf.ask("how many are predicted to be yes?").verification.ok
    answer = clf.ask("reasons for row 3")
    assert answer.verification.ok
    assert "standard error" in str(answer), answer


def test_a_template_is_used_and_one_without_a_language_model_refused(frame, model, tmp_path):
    """What it does not show cannot matter."""
    file = tmp_path / "template.yaml"
    file.write_text("user: 'Size {size}, {colour}, {age}?'\nanswer: 'Label:'\n")
    bundle = Bundle.fit(frame, "ill", predictor="llm:there/model", template=file)

    assert bundle.predictor.model.prompt == RowPrompt.read(file, bundle.schema)
    assert list(bundle.predictor.model.asked) == [0, 3, 1]
    with pytest.raises(UserError, match="only a language model"):
        Bundle.fit(frame, "ill", predictor="logistic", template=file)


def test_a_model_that_knows_nothing_is_said_to(frame, model, monkeypatch):
    """Calibration levels what is chance."""
    chance = np.random.default_rng(1)
    monkeypatch.setattr(
        model, "scores", lambda _, rows: np.log(chance.dirichlet([1e-2, 1e-2], len(rows)) * (1 - 2e-9) + 1e-9)
    )

    assert any(
        "hardly tell the labels apart" in note
        for note in Bundle.fit(frame, "ill", predictor="llm:there/model").schema.notes
    )
    assert not any("hardly" in note for note in Bundle.fit(frame, "ill").schema.notes)


def test_a_label_with_one_held_out_row_is_no_reason_to_fail(frame, model):
    """Then all held-out rows do both."""
    rare = pd.concat([frame[frame["ill"] == "no"], frame[frame["ill"] == "yes"].head(5)])

    bundle = Bundle.fit(rare, "ill", predictor="llm:there/model")

    assert bundle.performance["n"] > 20
    assert any("all held-out rows calibrated the predictor" in note for note in bundle.schema.notes)


def test_a_model_is_opened_once_for_all_rows_that_do_not_see_themselves(fitted, tmp_path, model, monkeypatch):
    """A large one is slow to open."""
    loaded, opens = Bundle.load(fitted.save(tmp_path / "bundle")), []
    monkeypatch.setattr(scored, "opened", lambda spec, sha256: opens.append(spec) or model)

    for number in np.flatnonzero(loaded.train)[:3]:
        other = loaded.without(int(number))
        other.predictor.probabilities(other.X[[number]])
        assert number not in {near["row"] for near in other.neighbours.similar(other.X[number], 5)["rows"]}

    assert len(opens) <= 1


def test_of_few_draws_a_contribution_has_to_exceed_more_standard_errors(fitted):
    """Student's t: eight of them leave seven degrees of freedom, and a mean over rows has no more."""
    assert fitted.attributor.clear(1) == pytest.approx(2.05, abs=0.01)
    assert fitted.attributor.clear(10) == pytest.approx(2.43, abs=0.01)
    large = Cohort(Rows(fitted), ((Condition("size", ">", 0.8),),))
    entries = explain(large, "yes")["features"]
    assert entries
    assert all(abs(e["contribution"]) > fitted.attributor.clear(10) * e["standard_error"] for e in entries)
