"""One call as its sentences see it: references to its facts, and the rows it is about in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from agent.conversation.claims import Fact, Rows
from agent.conversation.evidence import AnswerEvidence
from agent.conversation.saying.conditions import Phrase, phrased, supposed, worded
from agent.conversation.saying.words import braced
from tools.observation import Observation, reference

__all__ = ["Call"]

SPLITS = {"held-out": "held-out ", "train": "training ", "data": "given "}


@dataclass(frozen=True)
class Call:
    """One successful call.

    Parameters
    ----------
    seen : Observation
        The call.
    evidence : AnswerEvidence
        All calls of the answer.
    before : Observation, optional
        The call that was said just before: the same rows are not described again.
    """

    seen: Observation
    evidence: AnswerEvidence
    before: Observation | None = None

    @property
    def id(self) -> str:
        """The observation's id."""
        return self.seen.id

    @cached_property
    def result(self) -> dict[str, Any]:
        """What the tool returned."""
        return self.seen.result or {}

    @property
    def labels(self) -> list[str]:
        """All labels, in the schema's order."""
        return self.evidence.table.labels

    def raw(self, *path: str | int) -> str:
        """Return the reference of a fact in the result."""
        return reference(self.id, *path)

    def ref(self, *path: str | int, form: str = "") -> str:
        """Return the same as it stands in a template."""
        return braced(self.raw(*path), form)

    def fact(self, *path: str | int) -> Fact:
        """Claim a fact of the result."""
        return Fact.of(self.evidence, self.raw(*path))

    # -- the rows ----------------------------------------------------------------------------------------------------

    @property
    def where(self) -> Any:
        """The conditions, with those of the answer before."""
        return _where(self.seen)

    @cached_property
    def about(self) -> Rows:
        """Claim which rows the call looked at."""
        return Rows.of(self.evidence, self.id)

    @property
    def again(self) -> bool:
        """Whether the call before was about the same rows."""
        before = self.before
        if before is None or before.result is None or not self.where or self.where != _where(before):
            return False
        return all(before.result.get(key) == self.result.get(key) for key in ("rows", "split"))

    def rows(self, article: Literal["the", "all"] = "the") -> str:
        """Return "the 109 rows with …", or the one row by its id."""
        count = self.result["rows"]
        phrase = self._phrase(count)
        if phrase.row:
            return phrase.row + phrase.rest
        noun = f"{self.ref('rows')} {SPLITS.get(self.result.get('split', ''), '')}row{'' if count == 1 else 's'}"
        if self.again:
            return f"{'the' if article == 'the' else 'all the'} same {noun}"
        return f"{article if self.where or 'split' in self.result else 'all'} {noun}{phrase.rest}"

    def looked_at(self) -> str:
        """Return the rows that were looked at: a sample of them where there are many."""
        rows = self.rows() if self.where else f"{self.ref('rows')} rows"
        return f"a sample of {self.ref('sample')} of {rows}" if "sample" in self.result else rows

    def conditions(self) -> str:
        """Return the conditions alone, beginning with a space; empty where there are none."""
        return worded(self.where, self._at, self.evidence.table, self.result["rows"], named=False).rest

    def row(self) -> str:
        """Return "row 7", or "the row with …" for a call about one row."""
        phrase = self._phrase(1)
        return (phrase.row or "the row") + phrase.rest

    def _phrase(self, rows: int) -> Phrase:
        return worded(self.where, self._at, self.evidence.table, rows)

    def only(self, conds: Sequence[tuple[int, Any]]) -> Phrase:
        """Return some of the conditions in words, each given with its place."""
        count = self.result.get("rows", 1)
        return phrased(conds, self._at, self.evidence.table, count if isinstance(count, int) else 1)

    @property
    def _at(self) -> str:
        return f"{self.id}@{'resolved' if self.seen.resolved else 'args'}.where"

    @property
    def changed(self) -> bool:
        """Whether the rows were changed before the tool looked."""
        return bool(self.seen.args.get("changes"))

    @property
    def supposed(self) -> str:
        """Return "If age were 3 years higher, ", or nothing where nothing was changed."""
        if not self.changed:
            return ""
        return supposed(self.seen.args["changes"], f"{self.id}@args.changes", self.evidence.table) + ", "

    def start(self, text: str) -> str:
        """Return the beginning of a sentence after its supposition, if it has one."""
        return self.supposed + text if self.changed else text[0].upper() + text[1:]


def _where(seen: Observation) -> Any:
    return (seen.resolved or seen.args).get("where") or None
