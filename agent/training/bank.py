"""Questions that people asked about many tables, with the calls that answer them, as examples.

``data/tables.json`` says what each table has: its rows' name, target, labels, columns with their categories or their
lowest and highest value, and its dictionary. ``data/questions.jsonl`` holds a question a line. No table of the tests is
among them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from agent.conversation.reading.names import Terms
from agent.conversation.reading.question import Question
from agent.training.example import Example
from agent.training.questions import asked
from tools.dictionary import read_dictionary
from tools.feature import Feature, Words
from tools.schema import Schema

__all__ = ["people"]

_WHOLE = re.compile(r"(?<![\w.-])[1-9]\d{1,2}(?![\w.%-])")  # small ones may be categories or counts of parts
ROWS = 6000  # ids that a table without its rows is taken to have


def people(varied: int = 0, seed: int = 0) -> Iterator[Example]:
    """Yield an example for each question whose calls the grammar reaches.

    Parameters
    ----------
    varied : int
        How many times each question is asked once more with other numbers and another order of columns.
    seed : int
        Of the numbers.
    """
    chance = np.random.default_rng(seed)
    for row, schema, terms in _bank():
        yield from _asked(row, schema, terms)
        for _ in range(varied):
            yield from _asked(other_numbers(row, chance), shuffled(schema, chance), terms)


def _bank() -> Iterator[tuple[dict[str, Any], Schema, Terms]]:
    data = files("agent.training").joinpath("data")
    tables = {
        name: _table(about) for name, about in json.loads(data.joinpath("tables.json").read_text("utf-8")).items()
    }
    for line in data.joinpath("questions.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield row, *tables[row["table"]]


def _table(about: Mapping[str, Any]) -> tuple[Schema, Terms]:
    words, features = dict[str, Any](read_dictionary(about.get("dictionary"))), []
    for name, known in about["columns"].items():
        texts = bool(known) and isinstance(known[0], str)
        kind = "categorical" if texts else "numeric"
        features.append(Feature(name=name, kind=kind, categories=tuple(known) if texts else (), **words.get(name, {})))
    schema = Schema(
        target=about["target"],
        labels=tuple(about["labels"]),
        id_column=about["rows"],
        features=tuple(features),
        description=words.get("description"),
        target_words=Words(**words.get(about["target"], {})),
        id_words=Words(**words.get(about["rows"], {})),
    )
    ranges = {name: tuple(known) for name, known in about["columns"].items() if known and not isinstance(known[0], str)}
    return schema, Terms(schema, ranges)


def _asked(row: Mapping[str, Any], schema: Schema, terms: Terms) -> list[Example]:
    return asked(_question(row, terms), row["calls"], schema, row["table"], row.get("before") or [])


def _question(row: Mapping[str, Any], terms: Terms) -> Question:
    before = [call for turn in (row.get("before") or [])[-1:] for call in turn["calls"]]
    return Question(row["question"], terms, _is_row, before)


def _is_row(text: str) -> bool:
    return text.isdigit() and 0 < int(text) <= ROWS


def shuffled(schema: Schema, chance: np.random.Generator) -> Schema:
    """Return a schema with its columns in another order."""
    order = chance.permutation(len(schema.features))
    return schema.model_copy(update={"features": tuple(schema.features[at] for at in order)})


def other_numbers(row: Mapping[str, Any], chance: np.random.Generator) -> dict[str, Any]:
    """Return a question with other whole numbers, the same in its text and in its calls.

    Examples
    --------
    >>> row = {"question": "How many over 50?", "calls": [{"tool": "count", "args": {"where": [["age", ">", 50]]}}]}
    >>> other_numbers(row, np.random.default_rng(0))["calls"]
    [{'tool': 'count', 'args': {'where': [['age', '>', 54]]}}]
    """
    text = json.dumps(row, ensure_ascii=False)
    numbers = set(_WHOLE.findall(row["question"]))
    changed = {number: str(max(2, int(int(number) * chance.uniform(0.7, 1.3)))) for number in sorted(numbers)}
    if len(set(changed.values())) < len(changed):
        return dict(row)
    return dict(json.loads(_WHOLE.sub(lambda match: changed.get(match[0], match[0]), text)))
