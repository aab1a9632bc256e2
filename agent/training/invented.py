"""Invented tables for training: real names with real ranges, drawn from many tables and mixed, and labels by a rule.

What is learned from them is how to say what the tools found, not what is true of any table.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from tools.bundle import Bundle

__all__ = ["invented", "known_tables"]

ROWS = 160
COLUMNS = (4, 12)
UNITS = ("mm", "kg", "years", "%", "dollars", "km", "points", "hours")
WITH_UNIT = 0.3  # of the numeric columns
RENAMED = 0.5  # of all columns: many tables name theirs in several words
BEFORE = ("mean", "worst", "total", "previous", "maximum", "average", "last", "net", "annual", "upper", "early", "own")
AFTER = ("points", "score", "rate", "area", "error", "level", "index", "width", "per day", "ratio", "share", "of leaf")
NOISE = 0.5  # of the label's score, in standard deviations: no predictor should be certain


def known_tables() -> dict[str, dict[str, Any]]:
    """Return what is known of the tables whose questions are trained on; see `bank.py`."""
    text = files("agent.training").joinpath("data", "tables.json").read_text("utf-8")
    return dict(json.loads(text))


def invented(tables: Mapping[str, Mapping[str, Any]], chance: np.random.Generator) -> Bundle:
    """Return a bundle of a table that there is not.

    Parameters
    ----------
    tables : mapping of str to mapping
        Where names come from: ``target``, ``labels`` and ``columns`` with their categories or their ends.
    chance : Generator
        Which names, which values, which rule.
    """
    about = tables[str(chance.choice(sorted(tables)))]
    pool = [(name, known) for table in tables.values() for name, known in table["columns"].items() if known]
    count = int(chance.integers(*COLUMNS, endpoint=True))
    drawn = {pool[at][0]: pool[at][1] for at in chance.permutation(len(pool))[: 2 * count]}
    drawn = {
        _renamed(name, chance): known
        for name, known in list(drawn.items())[:count]
        if name not in {about["target"], "label"}
    }
    columns = {name: _values(known, chance) for name, known in drawn.items()}
    frame = pd.DataFrame({name: values for name, (values, _) in columns.items()})
    standing = np.array([score for _, score in columns.values()])
    labels = list(about["labels"])[:3]
    scores = chance.normal(size=(len(labels), len(standing))) @ standing
    scores += chance.normal(scale=NOISE * scores.std(), size=scores.shape)
    scores -= scores.mean(axis=1, keepdims=True)  # every label occurs
    frame[about["target"]] = [labels[at] for at in scores.argmax(axis=0)]
    numeric = [name for name, known in drawn.items() if not isinstance(known[0], str)]
    units = {name: {"unit": str(chance.choice(UNITS))} for name in numeric if chance.random() < WITH_UNIT}
    return Bundle.fit(frame, about["target"], predictor="logistic", dictionary=units, seed=int(chance.integers(1000)))


def _renamed(name: str, chance: np.random.Generator) -> str:
    """Return a column's name, or one of two to four words made of it, in one of the usual spellings."""
    if chance.random() >= RENAMED:
        return name
    before, after = str(chance.choice(BEFORE)), str(chance.choice(AFTER))
    words = [[before, name], [name, after], [before, name, after]][chance.integers(3)]
    joined = " ".join(words)
    return joined if chance.random() < 0.7 else joined.replace(" ", "_")


def _values(known: Sequence[Any], chance: np.random.Generator) -> tuple[Any, np.ndarray[Any, Any]]:
    """Return the values of a column, and each as a number around 0."""
    if isinstance(known[0], str):
        codes = chance.choice(len(known), size=ROWS)
        return [known[code] for code in codes], chance.normal(size=len(known))[codes]
    low, high = float(known[0]), float(known[-1])
    shares = chance.beta(chance.uniform(0.8, 4.0), chance.uniform(0.8, 4.0), size=ROWS)
    whole = low == int(low) and high == int(high) and high - low > 1
    values = low + shares * (high - low)
    values = np.round(values) if whole else np.round(values, int(chance.integers(1, 5)))
    return values, (values - values.mean()) / (values.std() or 1.0)
