"""`tallystick chat`: questions and answers in turn, until Ctrl-D; Ctrl-C stops an answer and not the chat."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from agent import console
from agent.commands.lines import Lines, reading
from agent.commands.options import (
    BundlePath,
    Data,
    Fingerprint,
    Llm,
    Receipts,
    ReceiptsFolder,
    SessionName,
    apart,
    bundle,
    model,
)
from agent.commands.sessions import session_line
from agent.commands.showing import plain, show_answer, show_call
from tools.errors import TallystickError, UserError, did_you_mean

if TYPE_CHECKING:
    from agent.classifier import Classifier
    from agent.conversation.answer import Answer
    from agent.conversation.memory import Memory
    from agent.conversation.memory import Session as Conversation

__all__ = ["EXAMPLE", "chat"]

EXAMPLE = 'Example: tallystick chat bundle/ --session "ward 3"'
HELP = """\
Ask in your own words, for instance: What can you do? How accurate are you? Why row 7? And if it were 10 more?
/help            this text
/sessions        the conversations about this bundle that are kept
/delete NAME     delete one of them
/receipt FILE    write the receipt of the last answer; `tallystick verify FILE` runs it again
/quit            leave, as Ctrl-D does; Ctrl-C stops an answer"""


def chat(
    path: BundlePath,
    llm: Llm = None,
    session: SessionName = None,
    data: Data = None,
    receipts: ReceiptsFolder = None,
    fingerprint: Fingerprint = None,
) -> None:
    """Ask and answer in turn; without --session the conversation is forgotten at its end."""
    from agent.classifier import Classifier
    from agent.conversation.memory import Memory
    from agent.conversation.memory import Session as Conversation
    from agent.llm.cache import home

    apart(data, None)
    opened, kept, memory = bundle(path, fingerprint), Receipts(receipts), Memory()
    conversation = Conversation() if session is None else memory.session(opened.sha256, session)
    before = conversation.recent(1)  # a file that cannot be read is told before a model is loaded
    talk = Chat(Classifier.load(opened, model(llm)), conversation, memory, kept, data)
    with reading(home() / "chat_history") as lines:
        if lines.typed:
            talk.greet(before[-1].question if before else None)
        talk.run(lines)


class Chat:
    """One conversation on a terminal or in a pipe.

    Parameters
    ----------
    clf : Classifier
        Answers.
    conversation : Session
        What was said before; kept where it has a name.
    memory : Memory
        The kept conversations.
    receipts : Receipts
        Where each answer's receipt goes.
    data : str, optional
        The file that the questions are about.
    """

    def __init__(
        self, clf: "Classifier", conversation: "Conversation", memory: "Memory", receipts: Receipts, data: str | None
    ) -> None:
        self._clf, self._data, self._receipts = clf, data, receipts
        self._conversation, self._memory = conversation, memory
        self._out, self._err = console.results(), console.notes()
        self._last: Answer | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "/help": lambda _: self._out.print(HELP),
            "/sessions": self._list,
            "/delete": self._delete,
            "/receipt": self._write,
            "/quit": self._quit,
        }

    def greet(self, last: str | None) -> None:
        """Say what this is about, and where the conversation stands."""
        self._err.print(f"{self._clf.bundle.path}: ask about its rows and its classifier; /help, Ctrl-D leaves.")
        if last is not None:
            self._err.print(f"Continued. The last question was: {plain(last)[:200]}", style="dim")

    def run(self, lines: Lines) -> None:
        """Answer line by line; an interruption stops what is being done and no more."""
        waiting, told = True, None
        while True:
            try:
                if told is not None:  # said here, so that another interruption meanwhile does not end the chat
                    self._err.print(told)
                waiting, told = True, None
                line = lines.read().strip()
                waiting = False
                if line:
                    self._do(line)
            except EOFError:
                return
            except KeyboardInterrupt:
                if waiting and not lines.typed:
                    raise
                told = "" if waiting else "Stopped."
            except TallystickError as error:
                told = f"tallystick: {plain(str(error))}"

    def _do(self, line: str) -> None:
        if not line.startswith("/"):
            self._answer(line)
            return
        name, _, argument = line.partition(" ")
        if name not in self._commands:
            raise UserError(f"{name[:80]}: is no command.", hint=did_you_mean(name, self._commands))
        self._commands[name](argument.strip())

    def _answer(self, question: str) -> None:
        conversation = self._conversation
        session = conversation if conversation.name is None else conversation.name
        with console.working("looking", self._err):
            answer = self._clf.ask(
                question, session=session, data=self._data, on_call=lambda call: show_call(call, self._err)
            )
        self._last = answer
        show_answer(answer, self._out, self._err)
        self._receipts.keep(answer)

    def _list(self, _: str) -> None:
        for kept in self._memory.sessions(self._clf.bundle.sha256):
            here = "  (this one)" if kept.name == self._conversation.name else ""
            self._out.print(session_line(kept) + here)

    def _delete(self, name: str) -> None:
        if not name:
            raise UserError("/delete: which?", hint="/sessions lists the names.")
        turns = self._memory.delete(self._clf.bundle.sha256, name)
        known = [kept.name for kept in self._memory.sessions(self._clf.bundle.sha256)]
        if not turns:
            hint = did_you_mean(name, known) if known else "None is kept."
            raise UserError(f"There is no session {name!r} about this bundle.", hint=hint)
        self._out.print(f"Deleted {name!r}: {turns} {'turn' if turns == 1 else 'turns'}.")

    def _write(self, file: str) -> None:
        from agent.explanation import receipt
        from tools.storage import outside_bundles

        if not file:
            raise UserError("/receipt: into which file?", hint="Name a new one.")
        if self._last is None:
            raise UserError("/receipt: there is no answer yet.", hint="Ask something first.")
        path = _new(file)
        outside_bundles(path)
        receipt.write(self._last, path)
        self._out.print(f"Written: {path}")

    def _quit(self, _: str) -> None:
        raise EOFError


def _new(file: str) -> Path:
    """Return the path of a file that is not there yet."""
    impossible = UserError(f"{file[:80]}: cannot be the name of a file.", hint="Name another file.")
    if plain(file) != file:
        raise impossible
    try:
        path = Path(file).expanduser()
        there = path.exists()
    except (OSError, RuntimeError) as error:  # too long; no such home
        raise impossible from error
    if there:
        raise UserError(f"{path}: is there already.", hint="Name another file.")
    return path
