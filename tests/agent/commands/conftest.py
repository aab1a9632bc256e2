"""A classifier that answers from a script, and the command run in an empty folder."""

import hashlib
import io
import sys
from types import SimpleNamespace

import pytest

from agent import cli
from agent.classifier import Classifier
from agent.conversation.memory import Memory, Session, Turn
from agent.explanation.result import Verification
from tools.errors import UserError
from tools.observation import Observation

COUNT = Observation(id="t1", tool="count", args={"where": [["body_mass", ">", 4000]]}, result={"rows": 17})
SHOW = Observation(
    id="t1",
    tool="show",
    args={"limit": 2},
    result={
        "rows": 2,
        "columns": ["row", "island", "mass", "note"],
        "table": [[0, "=HYPERLINK(1)", 3750.0, None], [7, "[red]Biscoe[/red] :smile:", 0.1 + 0.2, "a\x1b[2J\nb"]],
    },
)
WRONG = Observation(
    id="t1",
    tool="mistakes",
    args={"kind": "examples"},
    result={
        "rows": 100,
        "mistakes": 1,
        "examples": [{"row": 3, "label": "Adelie", "prediction": "Gentoo", "probability": 0.97361}],
    },
)
FAILED = Observation(id="t1", tool="predict", args={"where": [["row", "==", 9999]]}, error="No row 9999.")


class Answer(SimpleNamespace):
    """An answer as far as the commands look at it."""

    def model_dump(self, mode):
        """Return JSON."""
        assert mode == "json"
        calls = [call.model_dump(mode="json") for call in self.calls]
        return {"question": self.question, "text": self.text, "calls": calls, "digest": self.digest}


class Scripted:
    """Answers what its questions name; keeps what it was given in `asked`."""

    def __init__(self, bundle):
        self.bundle, self.asked = bundle, []

    def ask(self, question, session=None, data=None, options=None, on_call=None):
        """Answer, as `Classifier.ask` does."""
        if "nonsense" in question:
            raise UserError("Not a question.", hint="Ask one.")
        if isinstance(session, str):
            session = Memory().session(self.bundle.sha256, session)
        before = [turn.question for turn in session.recent(100)] if session is not None else []
        self.asked.append({"question": question, "data": data, "options": options, "before": before})
        call = next((c for c in (SHOW, WRONG, FAILED) if c.tool in question), COUNT)
        if on_call is not None:
            on_call(call)
        if "interrupted" in question:
            raise KeyboardInterrupt
        digest = hashlib.sha256(question.encode()).hexdigest()
        text = f"There are 17 rows [t1]; {len(before)} questions before."
        if session is not None:
            session.append(Turn(question=question, text=text, digest=digest))
        notes = ["A note\x1b[2J."] if "note" in question else []
        verification = Verification(ok="false" not in question, complete=True, checked=3)
        return Answer(
            choice=None,
            question=question,
            text=text,
            calls=[call],
            notes=notes,
            verification=verification,
            digest=digest,
        )


@pytest.fixture
def stored(bundle_of, tmp_path):
    """Return the path of a bundle."""
    bundle_of("iris").save(tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def penguins(bundle_of, tmp_path):
    """Return the path of a bundle of penguins."""
    bundle_of("penguins").save(tmp_path / "penguins")
    return tmp_path / "penguins"


@pytest.fixture
def scripted(bundle_of, monkeypatch):
    """Put the scripted classifier in place of every classifier, and return it."""
    fake = Scripted(bundle_of("iris"))
    monkeypatch.setattr(Classifier, "load", lambda *_args, **_options: fake)
    return fake


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a function that runs the command in an empty folder: exit code, stdout, stderr."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TALLYSTICK_LLM", "rule")

    def run_command(*arguments, stdin=""):
        monkeypatch.setattr(sys, "argv", ["tallystick", *map(str, arguments)])
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        return stopped.value.code, out, err

    return run_command


@pytest.fixture
def observations():
    """Return the scripted calls by tool."""
    return {call.tool: call for call in (COUNT, SHOW, WRONG, FAILED)}


@pytest.fixture
def kept(tmp_path, monkeypatch, bundle_of):
    """Return a function that keeps sessions of the bundle, and the memory they are in."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    memory = Memory()

    def keep(*names, sha256=""):
        sha256 = sha256 or bundle_of("iris").sha256
        for at, name in enumerate(names):
            session = Session(name, sha256, memory)
            session.append(Turn(question=f"about {name}", text="", digest="a" * 64, at=1_700_000_000 + at))
        return memory

    return keep
