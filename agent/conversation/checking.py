"""Checks of an answer: every call is made again, and every sentence is said again from what the calls found.

Sentences are compared with what `compose` says of the recorded results, after these were held against recomputed ones:
so a last digit that another machine computes differently is no difference, and any other change of a word is one.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from agent.conversation.answer import Answer
from agent.conversation.choice import Choice, by_facts
from agent.conversation.claims import holds
from agent.conversation.compose import compose, text_of
from agent.conversation.evidence import AnswerEvidence, Table
from agent.conversation.options import NONE, Option, checked, findings
from agent.conversation.reading.names import terms_of
from agent.conversation.reading.question import Question
from agent.conversation.reading.spelling import words
from agent.explanation.checks import NOTHING, Checks
from agent.explanation.receipt import canonical
from tools.bundle import Bundle
from tools.errors import TableError, UserError
from tools.observation import Observation
from tools.table import read_table
from tools.toolbox import Toolbox

__all__ = ["AnswerChecks"]


class AnswerChecks(Checks):
    """Checks one answer.

    Parameters
    ----------
    answer : Answer
    bundle : Bundle or None
        Where to make the calls again; without one, the text is held against the results that the answer carries.
    data : DataFrame, optional
        The table that was asked about.
    """

    def __init__(self, answer: Answer, bundle: Bundle | None, data: pd.DataFrame | None = None) -> None:
        super().__init__()
        self._answer, self._bundle, self._data = answer, bundle, data

    def content(self) -> None:
        """Check the calls, then what is said about them."""
        answer = self._answer
        for number, seen in enumerate(answer.calls, start=1):
            self.equal(f"calls.{number - 1}.id", f"t{number}", seen.id)
        if self._bundle is not None:
            self._against(self._bundle)
        if not self.complete:
            self._carried()
        self._told()
        if answer.choice is not None:
            self._chosen(answer.choice)

    def seal(self, raw: Mapping[str, Any]) -> None:
        """Check form, recorded outcome and digest; whether a file was at hand then is taken as recorded."""
        answer = self._answer
        self.sealed(raw, answer, complete=answer.data is None or answer.verification.complete)
        odd = set(answer.data or {}) - {"sha256", "path"}
        self.expect("data", not odd, "sha256 and path", sorted(odd))

    # -- the calls ---------------------------------------------------------------------------------------------------

    def _against(self, bundle: Bundle) -> None:
        """Make every call again on the bundle, or on the file that was asked about."""
        answer = self._answer
        self.equal("bundle.sha256", bundle.sha256, (answer.bundle or {}).get("sha256"))
        self._exactly("table", Table.of(bundle.schema, answer.calls).model_dump(), answer.table.model_dump())
        data = self._given()
        if answer.data is not None and data is None:
            return
        self.complete = True
        for number, seen in enumerate(answer.calls):
            toolbox = Toolbox(bundle, data=data, previous=_where(seen))
            toolbox.observations = list(answer.calls[:number])
            again = self.rerun(toolbox, seen)
            self._resolved(seen, again)

    def _given(self) -> pd.DataFrame | None:
        """Return the table that was asked about, where it is at hand and the one that was recorded."""
        recorded, data = self._answer.data, self._data
        if recorded is None:
            return None
        if data is None and "path" in recorded:
            try:
                data = read_table(str(recorded["path"]))
            except TableError:
                return None
        found = None if data is None else data.attrs.get("sha256", recorded.get("sha256"))
        return data if found == recorded.get("sha256") else None

    def _resolved(self, seen: Observation, again: Observation) -> None:
        """Check the rows that "those" stood for: all that was asked for beside them is among their conditions."""
        if seen.resolved is None:
            self.expect(f"{seen.id}.resolved", again.resolved is None, again.resolved or NOTHING, NOTHING)
            return
        known, recorded = (_alternatives(part.resolved) for part in (again, seen))
        fits = bool(recorded) and all(listed in known for listed in recorded) and set(seen.resolved) == {"where"}
        self.expect(f"{seen.id}.resolved", fits, again.resolved, seen.resolved)

    def _carried(self) -> None:
        """Check what can be checked without the rows: the calculations."""
        for number, seen in enumerate(self._answer.calls):
            if seen.tool == "calculate":
                toolbox = Toolbox(None)
                toolbox.observations = list(self._answer.calls[:number])
                self.rerun(toolbox, seen)

    # -- what is said ------------------------------------------------------------------------------------------------

    def _told(self) -> None:
        """Say everything again, and compute every claim."""
        answer = self._answer
        choice = answer.choice
        evidence = AnswerEvidence(
            answer.calls, table=answer.table, unread=answer.unread, option=None if choice is None else choice.option
        )
        sentences = compose(answer.calls, answer.table, answer.unread, choice)
        asked = set(words(answer.question))
        for number, word in enumerate(answer.unread):
            self.expect(f"unread.{number}", word in asked and word.isalpha(), "a word of the question", word)
        self.expect("sentences", len(sentences) == len(answer.sentences), len(sentences), len(answer.sentences))
        for number, (expected, found) in enumerate(zip(sentences, answer.sentences, strict=False)):
            for key, value in expected.model_dump(mode="json").items():
                self._exactly(f"sentences.{number}.{key}", value, found.model_dump(mode="json")[key])
            for at, claim in enumerate(found.claims):
                self.expect(f"sentences.{number}.claims.{at}", holds(claim, evidence), "a true claim", str(claim))
        self._exactly("text", text_of(sentences), answer.text)
        cited = list(dict.fromkeys(ref for sentence in sentences for ref in sentence.citations))
        self._exactly("citations", cited, answer.citations)
        claims = [claim.model_dump(mode="json") for sentence in sentences for claim in sentence.claims]
        self._exactly("claims", claims, [claim.model_dump(mode="json") for claim in answer.claims])

    def _chosen(self, choice: Choice) -> None:
        """Make the choice again where facts make it; where a model did, hold it against its probabilities."""
        self.expect("choice.options", _proper(choice), "distinct options, one of them chosen", choice.option)
        if self._bundle is None:
            return
        answer = self._answer
        terms = terms_of(self._bundle)
        question, options = Question(answer.question, terms), [Option.of(text, terms) for text in choice.options]
        evidence = AnswerEvidence(answer.calls, table=answer.table)
        made = by_facts(question, options, answer.calls, evidence)
        found = choice.model_dump(mode="json", exclude={"findings"})
        if made is not None or choice.by == "facts":
            expected = None if made is None else made.model_dump(mode="json", exclude={"findings"})
            self._exactly("choice", expected, found)
        follows = any(finding.kind == "referent" for finding in choice.findings)
        again = [finding.model_dump() for finding in findings(question, options, answer.unread, follows=not follows)]
        self._exactly("choice.findings", again, [finding.model_dump() for finding in choice.findings])

    def _exactly(self, where: str, expected: Any, found: Any) -> None:
        """Compare what is made of recorded things alone: to the last digit."""
        self.expect(where, canonical(expected) == canonical(found), expected, found)


def _proper(choice: Choice) -> bool:
    """Tell whether the option is the one that the index names, and the most probable where a model chose."""
    try:
        texts = [*checked(choice.options), NONE]
    except UserError:
        return False
    index = len(choice.options) if choice.index is None else choice.index
    named = texts[:-1] == choice.options and 0 <= index < len(texts) and choice.option == texts[index]
    if choice.by != "model":
        return named and choice.probabilities is None and (choice.by == "facts" or choice.index is None)
    chances = choice.probabilities or []
    return named and not choice.facts and len(chances) == len(texts) and max(chances) == chances[index]


def _where(seen: Observation) -> Any:
    return None if seen.resolved is None else seen.resolved.get("where")


def _alternatives(resolved: Mapping[str, Any] | None) -> list[Any]:
    """Return the lists of conditions of which one has to hold."""
    where = (resolved or {}).get("where", [])
    return list(where["any"]) if isinstance(where, Mapping) else [where]
