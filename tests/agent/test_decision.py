"""How two opinions become one label."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.decision import combine, decide, learn_weight
from agent.explanation.result import Decision


@st.composite
def opinions(draw, least=2):
    """Return two distributions over the same labels."""
    k = draw(st.integers(least, 5))
    raw = [draw(st.lists(st.floats(1e-6, 1), min_size=k, max_size=k)) for _ in range(2)]
    return [{f"label {i}": part / math.fsum(parts) for i, part in enumerate(parts)} for parts in raw]


@given(opinions(), st.floats(0, 1))
def test_combined_is_a_distribution(both, weight):
    """Over the same labels, in the same order, summing to 1."""
    found = combine(*both, weight)

    assert list(found) == list(both[0])
    assert all(0 <= p <= 1 for p in found.values())
    assert math.fsum(found.values()) == pytest.approx(1, abs=1e-9)


@given(opinions())
def test_weight_zero_or_no_model_is_the_predictor(both):
    """Exactly."""
    assert combine(*both, 0.0) == combine(both[0], None, 1.0) == both[0]


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.floats(0.01, 1))
def test_two_labels_add_log_odds(p, own, weight):
    """Log-odds of the predictor plus weight times the model's."""
    found = combine({"a": p, "b": 1 - p}, {"a": own, "b": 1 - own}, weight)

    expected = math.log(p / (1 - p)) + weight * math.log(own / (1 - own))
    assert found["a"] == pytest.approx(1 / (1 + math.exp(-expected)), abs=1e-9)


@given(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]))
def test_certainties_do_not_break_the_arithmetic(p, own):
    """Probabilities of exactly 0 and 1."""
    assert math.fsum(combine({"a": p, "b": 1 - p}, {"a": own, "b": 1 - own}, 0.7).values()) == pytest.approx(1)


@given(opinions(), st.floats(0, 1), st.sampled_from(["combined", "llm", "predictor"]), st.none() | st.floats(0, 1))
def test_the_decision_is_what_counted_says(both, weight, mode, limit):
    """Label, counted, agreed and abstained fit together, and deciding again from the record gives the record."""
    predictor, own = both
    label, decision = decide(predictor, own, weight, mode, limit)
    first, second = max(predictor, key=predictor.get), max(own, key=own.get)

    assert decision.counted == ("predictor" if mode == "combined" and weight == 0 else mode)
    combined = combine(predictor, own, weight)
    assert label == {"combined": max(combined, key=combined.get), "llm": second, "predictor": first}[decision.counted]
    assert (decision.predictor, decision.llm, decision.agreed) == (first, second, first == second)
    assert decision.llm_probability == own[second]
    assert decision.abstained == (limit is not None and predictor[label] < limit)
    assert (decision.weight > 0) == (decision.counted == "combined")
    recorded = decision.llm_probabilities, decision.weight, decision.counted, decision.abstain_below_probability
    assert decide(predictor, *recorded) == (label, decision)


@given(opinions(), st.floats(0, 1), st.sampled_from(["combined", "llm", "predictor"]))
def test_without_a_model_the_predictor_counts(both, weight, mode):
    """Whatever was asked for: nothing is recorded of a model."""
    label, decision = decide(both[0], None, weight, mode)

    assert decision == Decision(predictor=label)
    assert label == max(both[0], key=both[0].get)


def _rows(rng, n, strength, own_strength):
    """Return the probabilities of two noisy, independent observers of the same truth, and the truth."""
    truth = rng.integers(0, 2, n)
    sides = np.where(truth == 1, 1.0, -1.0)
    found = []
    for informed in (strength, own_strength):
        # log-odds of an observer of the side in unit noise, which is calibrated
        p = 1 / (1 + np.exp(-2 * informed * (informed * sides + rng.normal(size=n))))
        found.append(np.column_stack([1 - p, p]))
    return (*found, truth.tolist())


def test_noise_seldom_gets_a_weight():
    """A model that knows nothing beside a calibrated predictor: at most one time in five, on few rows."""
    weights = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        predictor, _, truth = _rows(rng, 24, 1.0, 1.0)
        own = rng.dirichlet([1, 1], 24)
        weights.append(learn_weight(predictor, own, truth)[0])

    assert sum(weight > 0 for weight in weights) <= 12


def test_an_informative_model_gets_a_weight():
    """A second, independent observer: nearly always, and it gains."""
    found = [learn_weight(*_rows(np.random.default_rng(seed), 60, 0.6, 1.5)) for seed in range(20)]

    assert sum(weight > 0 for weight, _ in found) >= 18
    assert all(gain > 0 for weight, gain in found if weight > 0)


@pytest.mark.parametrize("n", [0, 1, 7])
def test_few_rows_teach_nothing(n):
    """Below the least number of rows the predictor counts."""
    own = np.tile([0.9, 0.1], (n, 1))
    assert learn_weight(np.tile([0.5, 0.5], (n, 1)), own, [0] * n) == (0.0, 0.0)


def test_an_echo_gets_no_weight():
    """A model that repeats the predictor, or sharpens it, changes nothing."""
    for seed in range(100):
        predictor, _, truth = _rows(np.random.default_rng(seed), 24, 1.0, 1.0)
        sharper = predictor**3 / (predictor**3).sum(axis=1, keepdims=True)
        assert learn_weight(predictor, predictor, truth)[0] == 0
        assert learn_weight(predictor, sharper, truth)[0] == 0
