"""The strict writer."""

import itertools
import re

import pytest

from agent.classifier import Classifier
from agent.explanation.claims import Contribution
from agent.explanation.evidence import Evidence
from agent.explanation.writer import Writer
from agent.llm import RuleChat, UniformChat


def _named(explanation):
    return [c for step in explanation.steps for c in step.claims if isinstance(c, Contribution)]


@pytest.mark.parametrize("top", [1, 4, 8, 40])
def test_the_largest_contributions_are_named(by_rule, table, top):
    """The K largest, or as many as contribute, each once, with its true rank, sign and value."""
    for explanation in by_rule(table, top=top):
        features = Evidence(explanation.observations).explained.result["features"]
        expected = [entry for entry in features[:top] if entry["contribution"] != 0]
        named = sorted(_named(explanation), key=lambda claim: claim.rank)

        assert [c.feature for c in named] == [entry["feature"] for entry in expected]
        assert [c.rank for c in named] == list(range(len(named)))
        assert all((c.sign > 0) == (e["contribution"] > 0) for c, e in zip(named, expected, strict=True))
        assert all(explanation.row[c.feature] == c.value for c in named)
        assert explanation.verification.ok, explanation.verification.failures


def test_reasons_come_before_what_speaks_against(by_rule, table):
    """First everything for the label, strongest first; then everything against it, strongest first."""
    for explanation in by_rule(table, top=8):
        places = [(-claim.sign, claim.rank) for claim in _named(explanation)]

        assert places == sorted(places)


@pytest.mark.parametrize("seed", range(12))
def test_whoever_chooses_the_text_is_true(bundle_of, table, seed):
    """With chance as the chooser, every text that the grammar can make verifies against the bundle."""
    bundle = bundle_of(table)
    clf = Classifier(bundle, UniformChat(seed=seed), top=1 + seed % 8, decide="predictor")
    number = int(bundle.held_out()[2][seed])

    explanation = clf.classify(bundle.features_of(number))

    assert explanation.verification.ok, explanation.verification.failures
    assert explanation.verification.complete
    assert explanation.writer == "model"


def test_every_number_in_the_text_is_a_fact_as_shown(by_rule, table):
    """Read back from the plain text: each number is what one of the step's cited facts shows, list numbers aside."""
    for explanation in by_rule(table, top=8):
        evidence = Evidence(explanation.observations, explanation.decision.model_dump())
        for step in explanation.steps:
            facts = [evidence.shown(ref.strip("{}")) for ref in re.findall(r"\{[^}]*\}", step.template)]
            text = re.sub(r"\[[a-z0-9]+\]", "", step.text)
            for fact in sorted(facts, key=len, reverse=True):
                text = text.replace(fact, "", 1)
            assert not re.search(r"\d", text), step.text


def test_steps_do_not_begin_alike(by_rule, table):
    """No two neighbouring steps begin with the same two words where the grammar has another way."""
    for explanation in by_rule(table, top=8):
        starts = [" ".join(re.sub(r"\{[^}]*\}", "{}", step.template).split()[:2]) for step in explanation.steps]
        repeats = sum(a == b for a, b in itertools.pairwise(starts))

        assert repeats <= 1


def test_the_rule_is_deterministic(by_rule, bundle_of):
    """The same evidence gives the same text."""
    [explanation] = by_rule("cancer", rows=1)
    evidence = Evidence(explanation.observations, explanation.decision.model_dump())

    steps = Writer(evidence, 4, RuleChat(), []).write()

    assert [step.text for step in steps] == [step.text for step in explanation.steps]


def test_the_chooser_sees_true_texts_only(bundle_of):
    """Options at a fork are ways to go on; forced text is never asked for."""
    asked = []

    class Watching(UniformChat):
        def _fork(self, messages, prefix, options, temperature, seed):
            asked.append((prefix, list(options)))
            return super()._fork(messages, prefix, options, temperature, seed)

    bundle = bundle_of("cancer")
    clf = Classifier(bundle, Watching(seed=3), decide="predictor")
    explanation = clf.classify(bundle.features_of(0))
    writing = [(prefix, options) for prefix, options in asked if prefix.startswith(("1.", "2.", "3."))]

    assert all(len(options) > 1 for _, options in writing)
    assert all(len({option.split()[0] for option in options}) == len(options) for _, options in writing)
    assert any(explanation.text.startswith(prefix) for prefix, _ in writing)
