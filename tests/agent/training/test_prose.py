"""Sentences that are learned are such as pass, about tables that there are not."""

import numpy as np
import pytest

from agent.explanation.prose import LEAD
from agent.training.invented import invented, known_tables
from agent.training.prose import sentences


@pytest.fixture(scope="module", name="learned")
def _learned():
    return list(sentences(tables=3, seed=5))


def test_what_is_asked_is_what_a_trained_model_is_asked(learned):
    """A short conversation, the answer's lead, and one sentence."""
    assert len(learned) > 20
    for example in learned:
        given, written = example.answer
        assert [turn.role for turn in example.turns] == ["system", "user"]
        assert given.text == LEAD
        assert written.written
        assert written.text[0] == " "
        assert written.text.endswith(".")
        assert "[t" not in written.text


def test_a_sentence_is_in_words_of_its_own(learned):
    """None repeats a statement that it is made from."""
    for example in learned:
        assert example.answer[1].text.strip() not in example.turns[-1].content
    assert len({example.answer[1].text.split()[0] for example in learned}) > 5


def test_every_number_of_a_sentence_stands_in_what_is_known(learned):
    """A model learns to take them over."""
    for example in learned:
        for word in example.answer[1].text.rstrip(".").replace("(", " ").replace(")", " ").split():
            if word[0].isdigit():
                assert word.strip(",;:") in example.turns[-1].content


def test_the_same_seed_gives_the_same_sentences():
    """An adapter can be made again."""
    assert list(sentences(tables=1, seed=7)) == list(sentences(tables=1, seed=7))


@pytest.mark.parametrize("seed", range(6))
def test_an_invented_table_can_be_learned_from(seed):
    """Names of many tables, every label there, a predictor that is neither blind nor certain of all."""
    bundle = invented(known_tables(), np.random.default_rng(seed))

    probabilities = bundle.predictor.probabilities(bundle.X)
    assert 3 <= len(bundle.schema.features) <= 12
    assert set(np.unique(bundle.y)) == set(range(len(bundle.schema.labels)))
    assert 0.5 < probabilities.max(axis=1).mean() < 0.999
