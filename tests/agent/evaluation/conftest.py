"""Texts about one row whose facts are known."""

import pytest

from agent.evaluation.told import Told
from agent.explanation.evidence import Evidence
from tools.observation import Observation


def _numbers(feature, value, mean, by_label):
    return {
        "feature": feature,
        "value": value,
        "overall": {"mean": mean, "std": 10.0},
        "by_label": {label: {"mean": part} for label, part in by_label.items()},
        "below": 80.0,
        "above": 19.0,
    }


@pytest.fixture(name="seen")
def _seen() -> list[Observation]:
    """Return what was found for a row with three features, classified as ill."""
    entries = [
        {"feature": "age", "value": 61, "contribution": 1.25, "rank": 0},
        {"feature": "dose", "value": 3.5, "contribution": -0.75, "rank": 1},
        {"feature": "ward", "value": "north", "contribution": 0.25, "rank": 2},
    ]
    explained = {
        "towards": "ill",
        "space": "log-odds",
        "base": 0.5,
        "total": 1.25,
        "absolute": 2.25,
        "features": entries,
    }
    return [
        Observation(id="t1", tool="predict", result={"label": "ill"}),
        Observation(id="t2", tool="probability", result={"ill": 0.7773, "well": 0.2227}),
        Observation(id="t3", tool="explain", args={"top": 3}, result=explained),
        Observation(
            id="t4",
            tool="feature_stats",
            args={"feature": "age"},
            result=_numbers("age", 61, 50.0, {"ill": 58.0, "well": 44.0}),
        ),
        Observation(
            id="t5",
            tool="feature_stats",
            args={"feature": "dose"},
            result=_numbers("dose", 3.5, 2.0, {"ill": 1.5, "well": 3.0}),
        ),
    ]


@pytest.fixture(name="known")
def _known(seen) -> Evidence:
    return Evidence(seen, {"predictor": "ill", "counted": "predictor"})


@pytest.fixture(name="told")
def _told(known):
    """Return a function that reads a text."""
    return lambda text: Told(text, known)
