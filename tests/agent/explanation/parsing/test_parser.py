"""The claim parser: constructs of English with their verdicts, the labelled test set, any text, and our own."""

import json
import time
from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris

from agent.classifier import Classifier
from agent.explanation.evidence import Evidence
from agent.explanation.parsing import read
from agent.llm import RuleChat, load
from agent.loop import gather
from benchmarks.sentences import FOLDER, VERDICTS, figures, verdicts
from tools.bundle import Bundle
from tools.observation import Observation


@cache
def _evidence(sheet):
    """Return the facts of one of the test set's rows."""
    for line in (FOLDER / "facts.jsonl").read_text(encoding="utf-8").splitlines():
        facts = json.loads(line)
        if facts["sheet"] == sheet:
            return Evidence([Observation(**seen) for seen in facts["observations"]])
    raise LookupError(sheet)


def _lines(name):
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("line", _lines("short.jsonl"), ids=lambda line: line["text"][:60])
def test_short_sentences(line):
    """Each construct, true and minimally changed, has the verdict it should have; null is not understood."""
    reading = read(line["text"], _evidence(line["sheet"]))

    assert reading.verdict is line["verdict"], reading


@pytest.mark.parametrize("line", _lines("holes.jsonl"), ids=lambda line: line["text"][:60])
def test_what_must_not_stand(line):
    """Sentences made to slip through, false or unsupported, do not stand."""
    assert read(line["text"], _evidence(line["sheet"])).verdict is not True


def test_labelled_sentences():
    """Of false sentences at least 98 % do not stand; of true ones a quarter do, and 1 % at most are called false."""
    found = Counter((label, VERDICTS[verdict]) for _, label, verdict in verdicts("all"))
    true = {verdict: found["true", verdict] for verdict in VERDICTS.values()}

    assert figures(found)["recall"] >= 0.98
    assert figures(found)["true_sentences_that_stand"] >= 0.25  # who understands nothing lets nothing false stand
    assert true["false"] <= 0.01 * sum(true.values())


_SOME = (
    "the perimeter error radius is not above below mean of 0 1 label 12.5 5% 1e99 more than twice , ( ) ; : and or "
    "which pushes towards against largest contribution probability nearest neighbours ten all none of together "
    "standard deviations rows training Adelie Gentoo Yes No OverTime island Biscoe flippers quartile first third in "
    "at by so because 99.8% -1.59 +2.08 – both each the model predicts therefore"
)
_WORDS = st.sampled_from(_SOME.split())


@given(
    st.text(max_size=200) | st.lists(_WORDS, max_size=40).map(" ".join),
    st.sampled_from(["cancer-12", "penguins-153", "attrition-12"]),
)
@settings(max_examples=300, deadline=None)
def test_nothing_raises(text, sheet):
    """Any text has a reading."""
    assert read(text, _evidence(sheet)).verdict in {True, False, None}


@pytest.mark.parametrize(
    "unit",
    ["of ", "the perimeter error is above the mean ", "((((", "9", "1,000 ", "and which is ", "5% of the rows ", "no "],
)
def test_two_thousand_characters_are_quick(unit):
    """A long text takes no more than a moment, whatever it repeats."""
    start = time.perf_counter()
    read((unit * 2000)[:2000], _evidence("cancer-12"))

    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("table", ["cancer", "attrition", "penguins"])
def test_strict_sentences_are_never_false(bundle, table):
    """What the strict grammar writes is true, so that it is read as true or not understood."""
    fitted = bundle(table, "auto")
    for at in fitted.held_out()[2][:3]:
        told = Classifier(fitted, load("uniform"), top=4).classify(fitted.features_of(int(at)))
        evidence = Evidence(told.observations, told.decision.model_dump())
        readings = {step.text: read(step.text, evidence) for step in told.steps}

        assert not [text for text, reading in readings.items() if reading.verdict is False]
        assert any(reading.verdict for reading in readings.values())


def test_a_value_in_percent_is_read():
    """Of a feature that is measured in percent, and of no other."""
    frame = load_iris(as_frame=True).frame.rename(columns={"petal width (cm)": "cover", "petal length (cm)": "length"})
    bundle = Bundle.fit(frame, "target", dictionary={"cover": {"unit": "%"}}, predictor="logistic")
    evidence = Evidence(gather(bundle, bundle.features_of(149), RuleChat(), 4))

    def said(name, value):
        return f"{name} speaks for 2: its value of {value} is above the mean of the training rows."

    assert read(said("cover", "1.8 %"), evidence).verdict is True
    assert read(said("cover", "2.8 %"), evidence).verdict is False
    assert read(said("length", "5.1 %"), evidence).verdict is None
