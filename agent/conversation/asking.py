"""Asking: a question is understood as calls, the calls are made, what they found is said, and all of it is verified.

The chat model's work is to understand; the numbers are the tools', the sentences those of `compose`. Where the model's
engine fails, the rule understands, and the answer says so.
"""

import hashlib
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from agent.conversation.answer import Answer
from agent.conversation.choice import Choice, by_facts, by_model, calls_for
from agent.conversation.compose import answer_of, compose
from agent.conversation.evidence import AnswerEvidence, Table
from agent.conversation.memory import Memory, Session, Turn
from agent.conversation.options import Option, checked, findings
from agent.conversation.reading.names import terms_of
from agent.conversation.reading.question import Question
from agent.conversation.reading.understanding import understand
from agent.conversation.reading.unread import unread
from agent.explanation import receipt
from agent.explanation.result import Usage
from agent.explanation.verify import verify
from agent.llm.asking import fallback_notes
from agent.llm.choosers import or_by_rule
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.errors import SessionError, StorageError, UserError
from tools.given import Given
from tools.observation import Observation
from tools.table import HALF, read_table
from tools.toolbox import Toolbox

__all__ = ["Asker", "OnCall"]

MOST_CHARACTERS, MOST_NUMBERS = 2000, 100
TURNS = 2  # of the conversation, that a question is understood with

OnCall = Callable[[Observation], None]


@dataclass(frozen=True)
class _Asked:
    """The table that is asked about: the bundle's own rows, or a file's."""

    frame: pd.DataFrame | None = None
    given: Given | None = None
    source: dict[str, str] | None = None


class Asker:
    """Answers questions about one bundle.

    Parameters
    ----------
    bundle : Bundle
    chat : ForkingChat
        Who understands; `RuleChat` for no model.
    """

    def __init__(self, bundle: Bundle, chat: ForkingChat) -> None:
        self.bundle, self.chat = bundle, chat
        self.terms = terms_of(bundle)
        self._ids = frozenset(bundle.row_ids or ())
        self._memory: Memory | None = None
        self._last: tuple[tuple[str, int, int] | None, _Asked] | None = None  # the file that was asked about

    def ask(
        self,
        question: str,
        session: str | Session | None = None,
        data: str | Path | pd.DataFrame | None = None,
        options: Sequence[str] | None = None,
        on_call: OnCall | None = None,
    ) -> Answer:
        """Answer one question; the arguments are those of `Classifier.ask`."""
        reader = self.chat.adapted("questions")
        started, before = time.perf_counter(), self.chat.usage
        asked = _checked(question)
        texts = None if options is None else checked(options)
        conversation = self._session(session)
        turns = conversation.recent(TURNS)
        table = self._table(data)
        previous = next((turn.resolved for turn in reversed(turns) if turn.resolved is not None), None)
        before_this = [dict(call) for call in turns[-1].calls] if turns else []
        read = Question(asked, self.terms, self._is_id(table), before_this)
        if not all(math.isfinite(number.value) for number in read.numbers):
            raise UserError("The question has a number beyond 1e308.", hint="Ask with smaller numbers.")
        said = [{"question": turn.question, "calls": [dict(call) for call in turn.calls]} for turn in turns]
        notes: list[str] = []
        calls = or_by_rule(
            reader,
            notes,
            lambda chat: understand(read, chat, self.bundle.schema, said, follows=previous is not None)[0],
        )
        read_options = [Option.of(text, self.terms) for text in texts or ()]
        observations = self._carried_out(calls_for(calls, read_options), previous, table, on_call)
        choice = self._choice(read, read_options, observations, notes, follows=previous is not None)
        work = self.chat.usage - before
        answer = answer_of(
            asked,
            observations,
            self.bundle.schema,
            unread(read),
            choice,
            notes=[*notes, *fallback_notes(work)],
            llm=reader.describe(),
            usage=Usage.of(work, time.perf_counter() - started),
            bundle={"sha256": self.bundle.sha256} | ({"path": str(self.bundle.path)} if self.bundle.path else {}),
            data=table.source,
            session=conversation.name,
        )
        answer.verification = verify(answer, self.bundle, data=table.frame)
        return _remembered(receipt.seal(answer), conversation, _rows_of(observations, previous))

    def _choice(
        self,
        read: Question,
        options: Sequence[Option],
        observations: Sequence[Observation],
        notes: list[str],
        *,
        follows: bool,
    ) -> Choice | None:
        """Choose one of the options: by facts where they decide, else by the chat model."""
        if not options:
            return None
        plain, schema = Question(read.asked, self.terms), self.bundle.schema
        evidence = AnswerEvidence(observations, table=Table.of(schema, observations))
        choice = by_facts(plain, options, observations, evidence)
        if choice is None:
            columns = {name.column for part in (plain, *(option.read for option in options)) for name in part.names}
            known = [f"{f.name}: {f.description}" for f in schema.features if f.name in columns and f.description]
            said = [sentence.text for sentence in compose(observations, schema)] if observations else []
            choice = or_by_rule(self.chat, notes, lambda chat: by_model(plain, options, chat, [*known, *said]))
        return choice.model_copy(update={"findings": findings(plain, options, unread(read), follows=follows)})

    def _session(self, session: str | Session | None) -> Session:
        if isinstance(session, str):
            memory = Memory()
            if self._memory is None or self._memory.path != memory.path:  # it looks through its file once
                self._memory = memory
            return self._memory.session(self.bundle.sha256, session)
        return Session() if session is None else session

    def _table(self, data: str | Path | pd.DataFrame | None) -> _Asked:
        """Return the table asked about."""
        if data is None:
            return _Asked()
        if isinstance(data, pd.DataFrame):
            digest = data.attrs.get("sha256") or hashlib.sha256(data.to_csv(index=False).encode()).hexdigest()
            return _Asked(data, Given.of(data, self.bundle.schema), {"sha256": str(digest)})
        stamp = _stamp(Path(data))
        if stamp is None or self._last is None or self._last[0] != stamp:
            frame = read_table(str(data))
            source = {"sha256": str(frame.attrs["sha256"]), "path": str(Path(data).resolve())}
            self._last = stamp, _Asked(frame, Given.of(frame, self.bundle.schema), source)
        return self._last[1]

    def _is_id(self, table: _Asked) -> Callable[[str], bool]:
        ids = self._ids if table.given is None else frozenset(table.given.ids or ())
        if ids:
            return ids.__contains__
        rows = self.bundle.row_count if table.given is None else len(table.given.values)
        return lambda text: text.isascii() and text.isdigit() and int(text) < rows

    def _carried_out(
        self, calls: Sequence[Mapping[str, Any]], previous: Any, table: _Asked, on_call: OnCall | None
    ) -> list[Observation]:
        toolbox = Toolbox(self.bundle, data=table.given, previous=previous)
        for call in calls:
            seen = toolbox.call(call["tool"], call["args"])
            if on_call is not None:
                on_call(seen)
        return toolbox.observations


def _remembered(answer: Answer, conversation: Session, resolved: Any) -> Answer:
    """Store the turn and return the answer; where it cannot be stored, the answer says so and is not lost."""
    try:
        conversation.append(
            Turn(
                question=answer.question,
                calls=[{"tool": seen.tool, "args": seen.args} for seen in answer.calls],
                resolved=resolved,
                text=answer.text,
                digest=str(answer.digest),
            )
        )
    except (SessionError, StorageError) as error:
        answer.notes.append(f"This turn could not be remembered: {error}")
        return receipt.seal(answer)
    return answer


def _stamp(file: Path) -> tuple[str, int, int] | None:
    """Return what tells a file that was changed: its path, size and time; None where there is none."""
    try:
        found = file.stat()
    except OSError:  # `read_table` says what is wrong with it
        return None
    return str(file.resolve()), found.st_size, found.st_mtime_ns


def _checked(question: str) -> str:
    asked = " ".join(question.split())
    if not asked:
        raise UserError("The question is empty.", hint="Ask something, such as: What can you do?")
    if HALF.search(asked):
        raise UserError("The question holds half a character.", hint="Write the whole character, or leave it out.")
    if len(asked) > MOST_CHARACTERS:
        raise UserError(f"The question has {len(asked)} characters.", hint=f"Ask in at most {MOST_CHARACTERS}.")
    if (numbers := len(re.findall(r"\d+", asked))) > MOST_NUMBERS:  # each may belong to every column
        raise UserError(f"The question has {numbers} numbers.", hint=f"Ask with at most {MOST_NUMBERS}, or a range.")
    return asked


def _rows_of(observations: Sequence[Observation], previous: Any) -> Any:
    """Return the rows an answer was about, as a where: what "those" means next."""
    for seen in reversed(observations):
        if seen.result is not None and seen.tool not in {"calculate", "describe"}:
            return seen.resolved["where"] if seen.resolved is not None else seen.args.get("where") or []
    return previous
