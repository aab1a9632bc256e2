"""The weight of the model's own answer is learned once."""

import json
import logging

import numpy as np
import pytest

from agent import weight
from agent.explanation.evidence import Evidence
from agent.llm import RuleChat, UniformChat
from agent.weight import ROWS, ask_label, weight_of
from tools.toolbox import Toolbox


class Knowing(UniformChat):
    """Answers with the label that is most frequent among the examples it is shown, and counts how often it is asked."""

    asked: int = 0
    digest: str | None = "a" * 64

    def describe(self):
        """Return a description with a digest of weights that do not exist."""
        return {"model": "knowing", "engine": "toy", "sha256": self.digest}

    def _score(self, messages, prefix, options):
        self.asked += 1
        shown = messages[-1].content
        votes = np.array([1 + shown.count(f"Label:{option}.") for option in options], dtype=float)
        return list(np.log(votes / votes.sum()))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Return an empty cache of this test's own."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_learned_once_per_bundle_and_model(bundle_of, home):
    """The second time nobody is asked; another bundle, model or number of features is another weight."""
    bundle, chat = bundle_of("penguins"), Knowing()
    first = weight_of(bundle, chat, 3)
    asked = chat.asked

    assert 0 <= first <= 1
    assert 0 < asked <= 2 * ROWS
    assert weight_of(bundle, chat, 3) == first
    assert chat.asked == asked
    [kept] = (home / "weights").iterdir()
    assert set(json.loads(kept.read_text())) == {"weight", "gain_nats_per_row", "rows"}

    for other in ((bundle_of("cancer"), chat, 3), (bundle, Knowing(digest="b" * 64), 3), (bundle, chat, 4)):
        weight_of(*other)
    assert len(list((home / "weights").iterdir())) == 4


def test_a_model_without_a_digest_is_learned_each_time(bundle_of, home):
    """Nobody knows whether it is still the same model."""
    chat = Knowing(digest=None)
    weight_of(bundle_of("penguins"), chat, 3)
    asked = chat.asked
    weight_of(bundle_of("penguins"), chat, 3)

    assert chat.asked == 2 * asked
    assert not home.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"weight": "x"}', '{"weight": null}', '{"weight": NaN}', '{"weight": 7}']
)
def test_a_broken_cache_file_is_learned_again(bundle_of, home, content, caplog):
    """With a warning; afterwards it is whole."""
    bundle, chat = bundle_of("penguins"), Knowing()
    first = weight_of(bundle, chat, 3)
    [kept] = (home / "weights").iterdir()
    kept.write_text(content)

    with caplog.at_level(logging.WARNING):
        assert weight_of(bundle, chat, 3) == first
    assert "learned again" in caplog.text
    assert json.loads(kept.read_text())["weight"] == first


def test_a_cache_that_cannot_be_written_only_warns(bundle_of, home, caplog):
    """A file stands where the folder should be: the answer comes all the same."""
    home.write_text("")
    with caplog.at_level(logging.WARNING):
        assert 0 <= weight_of(bundle_of("penguins"), Knowing(), 3) <= 1
    assert "cannot be written" in caplog.text


def test_the_progress_sees_every_row(bundle_of):
    """It is told how many rows there are, and may show them."""
    seen = []

    def progress(rows, total, title):
        for row in rows:
            seen.append((total, title))
            yield row

    weight_of(bundle_of("penguins"), Knowing(), 3, progress)
    assert len(seen) == seen[0][0] <= ROWS
    assert "own answer" in seen[0][1]


def test_half_the_rows_are_the_least_certain():
    """The others are spread over the rest; no row is asked twice."""
    certainty = np.linspace(0.5, 1, 200)[::-1]
    chosen = weight._choose(certainty)

    assert len(set(chosen)) == len(chosen) == ROWS
    assert set(range(200 - ROWS // 2, 200)) <= set(chosen)
    assert weight._choose(np.array([0.9, 0.6, 0.7])) == [0, 1, 2]


def test_the_models_own_answer_is_a_distribution(bundle_of, table):
    """Over all labels; without a preference it is even."""
    bundle = bundle_of(table)
    row = bundle.features_of(0)
    toolbox = Toolbox(bundle, row)
    toolbox.call("probability", {})
    toolbox.call("explain", {"top": 3})

    found = ask_label(bundle, Evidence(toolbox.observations), row, RuleChat())
    assert list(found) == list(bundle.schema.labels)
    assert list(found.values()) == pytest.approx([1 / len(found)] * len(found))
