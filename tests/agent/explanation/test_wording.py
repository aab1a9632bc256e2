"""The grammar of true sentences."""

import itertools
import re

import pytest

from agent.explanation import plan
from agent.explanation.claims import Contribution, holds
from agent.explanation.evidence import Evidence
from agent.explanation.template import citations, render
from agent.explanation.wording import wordings
from tools.observation import show_name

REF = re.compile(r"\{[^{}]*\}")


def _evidence(explanation):
    return Evidence(explanation.observations, explanation.decision.model_dump())


def _claim_lists(evidence, top):
    named = plan.named_contributions(evidence, top)
    yield plan.opening(evidence)
    for claim in named:
        yield [claim]
        yield from ([claim, detail] for detail in plan.details(claim, evidence))
    yield from itertools.permutations(named, 2)
    yield from ([claim] for topic in plan.remarks(evidence, named) for claim in topic)
    yield from plan.conclusion(evidence, named)


def test_no_wording_has_a_number_or_a_name_of_its_own(by_rule, table):
    """Digits and feature names enter a sentence only by reference."""
    for explanation in by_rule(table):
        evidence = _evidence(explanation)
        for claims in _claim_lists(evidence, 4):
            for template in wordings(claims, evidence):
                words = REF.sub("", template)
                assert not re.search(r"\d", words), template
                assert not any(name in words for name in explanation.row if len(name) > 4), template


def test_every_wording_renders_with_citations(by_rule, table):
    """Each template has facts for all its references, a mark for each observation, and no stray braces."""
    count = 0
    for explanation in by_rule(table):
        evidence = _evidence(explanation)
        for claims in _claim_lists(evidence, 4):
            for template in wordings(claims, evidence):
                text = render(template, evidence)
                count += 1
                assert citations(template)
                assert text.endswith(".")
                assert "{" not in text
                assert all(f"[{ref.split('.')[0]}]" in text for ref in citations(template))
                assert "  " not in text
    assert count > 200


def test_wordings_of_different_claims_never_coincide(by_rule, table):
    """A template says one list of claims only: reading it back is unambiguous."""
    for explanation in by_rule(table):
        evidence, said = _evidence(explanation), {}
        for claims in map(tuple, _claim_lists(evidence, 4)):
            for template in wordings(claims, evidence):
                assert said.setdefault(template, claims) == claims


def test_every_claim_of_the_plan_holds(by_rule, table):
    """What may be said is true."""
    for explanation in by_rule(table):
        evidence = _evidence(explanation)
        for claims in _claim_lists(evidence, 4):
            assert all(holds(claim, evidence) for claim in claims)


@pytest.mark.parametrize(("before", "after"), [(1, 1), (1, -1), (-1, -1)])
def test_connectives_agree_with_the_directions(by_rule, before, after):
    """A contrast is said only where the direction changes, and always there."""
    [explanation] = by_rule("attrition", rows=1)
    evidence = _evidence(explanation)
    claim = plan.named_contributions(evidence, 4)[0]
    previous = [claim.model_copy(update={"sign": before})]
    now = Contribution(**{**claim.model_dump(), "sign": after})

    contrasts = [
        bool(re.match("On the other|By contrast|Against that", t)) for t in wordings([now], evidence, previous)
    ]

    assert all(contrasts) if before != after else not any(contrasts)


def test_no_word_of_a_sentence_can_be_taken_for_a_name(by_rule, table):
    """A column or label that is called like a word of the grammar is shown in quotes."""
    for explanation in by_rule(table):
        evidence = _evidence(explanation)
        for claims in _claim_lists(evidence, 4):
            for template in wordings(claims, evidence):
                words = set(re.findall(r"[a-z]{3,}", REF.sub("", template).lower()))
                assert not {word for word in words if not show_name(word).startswith("“")}
