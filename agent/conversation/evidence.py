"""What an answer may say: the results of its calls, their arguments, and the few words of the schema it needs.

Beside ``t1.rows`` (in a result) there are ``t1@args.where.0.2`` (what was asked), ``t1@resolved.where.0.2`` (the rows
that "those" stood for), ``t1@error.text``, ``table.units.age`` ``question.unread.0``, a word of the
question, and ``choice.option``, the option that was chosen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from agent.explanation.evidence import Evidence
from tools.observation import Observation
from tools.schema import Schema

__all__ = ["AnswerEvidence", "Table"]

COLUMNS = 6  # that are named where a question cannot be answered


class Table(BaseModel):
    """The words of the schema that the sentences of one answer need.

    Attributes
    ----------
    target : str
        The column that is predicted.
    labels : list of str
        In the schema's order.
    id : str or None
        The column that names the rows.
    named, numbered : list of str
        What conditions call the id of a row, and its number.
    units : dict
        Of the columns that the calls mention.
    columns : list of str
        The first features, where no call was made: what can be asked about.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"size": [1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10], "class": list("aaaaabbbbb")})
    >>> schema = Schema.infer(rows, "class", dictionary={"size": {"unit": "mm"}})
    >>> asked = Observation(id="t1", tool="count", args={"where": [["size", ">", 3]]}, result={"rows": 7})
    >>> table = Table.of(schema, [asked])
    >>> table.units, table.numbered
    ({'size': 'mm'}, ['row', 'id'])
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    labels: list[str]
    id: str | None = None
    named: list[str] = Field(default_factory=list)
    numbered: list[str] = Field(default_factory=list)
    units: dict[str, str] = Field(default_factory=dict)
    columns: list[str] = Field(default_factory=list)

    @classmethod
    def of(cls, schema: Schema, observations: Iterable[Observation]) -> Self:
        """Take them from a schema."""
        observations = list(observations)
        mentioned = {
            text for seen in observations for part in (seen.args, seen.resolved, seen.result) for text in _texts(part)
        }
        units = {f.name: f.unit for f in schema.features if f.unit and f.name in mentioned}
        own = [] if schema.id_column is None else list(dict.fromkeys([schema.id_column, "id"]))
        named = [name for name in own if name not in schema.by_name]
        numbered = [name for name in ("row", "id") if name not in schema.by_name and name not in named]
        ids = {"id": schema.id_column, "named": named, "numbered": numbered}
        columns = [] if observations else list(schema.names[:COLUMNS])
        return cls(target=schema.target, labels=list(schema.labels), units=units, columns=columns, **ids)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


@dataclass(frozen=True)
class AnswerEvidence(Evidence):
    """The observations of one answer, addressed by reference.

    Examples
    --------
    >>> seen = Observation(id="t1", tool="count", args={"where": [["age", ">", 50]]}, result={"rows": 109})
    >>> evidence = AnswerEvidence([seen], table=Table(target="ill", labels=["no", "yes"]))
    >>> evidence.shown("t1.rows"), evidence.shown("t1@args.where.0.0"), evidence.shown("t1@args.where.0.2")
    ('109', 'age', '50')
    """

    table: Table = field(kw_only=True)
    unread: Sequence[str] = field(default=(), kw_only=True)
    option: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._add("table", self.table.model_dump(), "table")
        self._add("question", {"unread": list(self.unread)}, "args")
        self._add("choice", {"option": self.option}, "args")
        for seen in self.observations:
            self._add(f"{seen.id}@args", seen.args, "args")
            self._add(f"{seen.id}@resolved", seen.resolved or {}, "args")
            if seen.error is not None:
                self._add(f"{seen.id}@error", {"text": seen.error}, "text")

    def _add(self, head: str, values: Any, tool: str) -> None:
        self._results[head] = values
        self._tools[head] = tool
