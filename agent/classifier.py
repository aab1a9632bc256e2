"""`Classifier`: one row in, one verified explanation out. Start reading here.

The flow is a LangGraph graph: gather (`loop.py`) → decide (`weight.py`, `decision.py`) → write
(`explanation/writer.py`) → verify (`explanation/verify.py`). A node whose model fails is done again by rule, so that no
row is lost.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, get_args

import pandas as pd
from langchain_core.language_models import BaseChatModel
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.conversation.answer import Answer
from agent.conversation.asking import Asker, OnCall
from agent.conversation.memory import Session
from agent.decision import Decide, decide
from agent.explanation import receipt
from agent.explanation.evidence import Evidence
from agent.explanation.prose import ProseWriter, style_of
from agent.explanation.result import Decision, Explanation, Step, Usage, writer_of
from agent.explanation.template import assemble
from agent.explanation.verify import verify
from agent.explanation.writer import Writer
from agent.llm import load
from agent.llm.asking import fallback_notes
from agent.llm.choosers import or_by_rule
from agent.llm.forking import ForkingChat
from agent.loop import gather
from agent.prompts import explaining
from agent.weight import ask_label, weight_of
from tools.bundle import Bundle
from tools.errors import UserError
from tools.observation import Observation
from tools.toolbox import Toolbox

__all__ = ["Classifier", "Question", "Verified"]

Style = Literal["auto", "strict", "prose"]
Progress = Callable[[Iterator[int], int, str], Iterator[int]]


class Question(TypedDict):
    """What goes into the graph."""

    row: Mapping[str, Any]
    row_id: NotRequired[str | None]


class Verified(TypedDict):
    """What comes out of the graph: nothing that is not verified."""

    explanation: Explanation


class State(TypedDict, total=False):
    """What flows from node to node."""

    row: Mapping[str, Any]
    row_id: str | None
    explanation: Explanation
    checked: dict[str, Any]
    observations: list[Observation]
    label: str
    decision: Decision
    steps: list[Step]
    notes: list[str]
    started: tuple[float, Any]


class Classifier:
    """Classifies rows of a bundle's kind and explains each label.

    Parameters
    ----------
    bundle : Bundle
        The stored predictor with its data.
    chat : ForkingChat
        The chat model that chooses; `RuleChat` for none.
    top : int
        Every text names the `top` largest contributions, or as many as contribute.
    decide : {"combined", "llm", "predictor"}
        Whose answer counts.
    abstain_below : float, optional
        Leave the case to a person below this probability of the final label.
    style : {"auto", "strict", "prose"}
        How the text is written: in sentences of a grammar of true sentences, or in free words that are checked. `auto`
        is strict for models below 7 billion parameters, and where their number is not known.
    temperature : float
        Of the choice of words; tool calls and labels are always the likeliest.
    progress : callable, optional
        Shows long loops: ``progress(rows, total, title)`` returns the rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from tools import Bundle
    >>> frame = load_iris(as_frame=True).frame.astype({"target": str})
    >>> clf = Classifier.load(Bundle.fit(frame, "target"), llm="rule")
    >>> explanation = clf.classify(dict(frame.drop(columns="target").iloc[0]))
    >>> explanation.label, explanation.verification.ok
    ('0', True)
    """

    def __init__(
        self,
        bundle: Bundle,
        chat: ForkingChat,
        *,
        top: int = 4,
        decide: Decide = "combined",
        abstain_below: float | None = None,
        style: Style = "auto",
        temperature: float = 0.7,
        progress: Progress | None = None,
    ) -> None:
        if top < 1:
            raise UserError(f"top is {top}.", hint="Name at least 1 feature.")
        if abstain_below is not None and not 0 <= abstain_below <= 1:
            raise UserError(f"abstain_below is {abstain_below}.", hint="Give a probability between 0 and 1.")
        if style not in get_args(Style):
            raise UserError(f"There is no style {style!r}.", hint=f"Use one of {', '.join(get_args(Style))}.")
        if decide not in get_args(Decide):
            raise UserError(f"decide is {decide!r}.", hint=f"Use one of {', '.join(get_args(Decide))}.")
        self.bundle, self.chat, self.top = bundle, chat, min(top, len(bundle.schema.features))
        self._decide, self._abstain_below, self._temperature = decide, abstain_below, temperature
        self._progress = progress
        self.style = style_of(style, chat)
        self._weight: float | None = None
        self.graph = self._compile()

    @classmethod
    def load(cls, bundle: Bundle | str | Path, llm: str | BaseChatModel | None = None, **options: Any) -> "Classifier":
        """Load a bundle and a language model.

        Parameters
        ----------
        bundle : Bundle or path
            A directory written by `Bundle.save`.
        llm : str or BaseChatModel, optional
            A SPEC as on the command line, or any LangChain chat model; by default `TALLYSTICK_LLM`, else the small
            local model.
        **options
            As the constructor's.

        Raises
        ------
        BundleError, ModelSpecError, DownloadError, EngineError
            If one of them cannot be used.
        """
        opened = bundle if isinstance(bundle, Bundle) else Bundle.load(bundle)
        return cls(opened, load(llm), **options)

    def classify(self, row: Mapping[str, Any], row_id: str | None = None) -> Explanation:
        """Classify one row and explain its label.

        Parameters
        ----------
        row : mapping of str to value
            Every feature of the bundle; None where a value is missing. Other keys are ignored.
        row_id : str, optional
            Recorded in the receipt.

        Returns
        -------
        Explanation
            Verified; `str()` is the text.

        Raises
        ------
        TableError
            If the row does not fit the bundle's schema.
        """
        state = self.graph.invoke({"row": row, "row_id": row_id})
        explanation = state["explanation"]
        assert isinstance(explanation, Explanation)  # noqa: S101 - the last node sets it
        return explanation

    def ask(
        self,
        question: str,
        session: str | Session | None = None,
        data: str | Path | pd.DataFrame | None = None,
        options: Sequence[str] | None = None,
        on_call: OnCall | None = None,
    ) -> Answer:
        """Answer a question about the table and its classifier through the tools.

        Parameters
        ----------
        question : str
            In anybody's own words.
        session : str or Session, optional
            A conversation that goes on: a name, kept on disk, or a `Session`. Without one, nothing is remembered.
        data : path or DataFrame, optional
            Ask about this table instead of the bundle's own rows.
        options : sequence of str, optional
            The answers to choose from.
        on_call : callable, optional
            Called with each observation as it is made.

        Returns
        -------
        Answer
            Verified; `str()` is the text.

        Raises
        ------
        UserError
            The question is empty or too long, the session cannot be used, or the table does not fit.
        """
        return self._asker.ask(question, session, data, options, on_call)

    @cached_property
    def _asker(self) -> Asker:
        return Asker(self.bundle, self.chat)

    # -- the graph ---------------------------------------------------------------------------------------------------

    def _compile(self) -> "CompiledStateGraph[State, None, Question, Verified]":
        graph = StateGraph(State, input_schema=Question, output_schema=Verified)
        nodes = {"gather": self._gather, "decide": self._decide_label, "write": self._write, "verify": self._verify}
        for name, node in nodes.items():
            graph.add_node(name, node)
        for before, after in zip([START, *nodes], [*nodes, END], strict=True):
            graph.add_edge(before, after)
        return graph.compile(name="tallystick")

    def _gather(self, state: State) -> State:
        notes: list[str] = []
        started = time.perf_counter(), self.chat.usage
        row = self.bundle.schema.check_row(state["row"], notes)
        observations = or_by_rule(self.chat, notes, lambda chat: gather(self.bundle, row, chat, self.top))
        notes += [f"{call.id} {call.tool} was not possible: {call.error}" for call in observations if call.error]
        return {"checked": row, "observations": observations, "notes": notes, "started": started}

    def _decide_label(self, state: State) -> State:
        evidence, notes = Evidence(state["observations"]), list(state["notes"])
        predictor = {label: float(p) for label, p in (evidence.find("probability")[-1].result or {}).items()}

        def ask(chat: ForkingChat) -> tuple[dict[str, float] | None, float]:
            if chat.describe() is None or self._decide == "predictor":
                return None, 0.0
            own = ask_label(self.bundle, evidence, state["checked"], chat)
            return own, self._learned_weight(chat)

        own, weight = or_by_rule(self.chat, notes, ask)
        label, decision = decide(predictor, own, weight, self._decide, self._abstain_below)
        observations = list(state["observations"])
        if label != evidence.label:
            toolbox = Toolbox(self.bundle, state["checked"])
            toolbox.observations = observations
            toolbox.call("explain", {"top": self.top, "label": label})
        return {"label": label, "decision": decision, "observations": observations, "notes": notes}

    def _learned_weight(self, chat: ForkingChat) -> float:
        if self._decide != "combined":
            return 0.0
        if self._weight is None:
            self._weight = weight_of(self.bundle, chat, self.top, self._progress)
        return self._weight

    def _write(self, state: State) -> State:
        evidence, notes = Evidence(state["observations"], state["decision"].model_dump()), list(state["notes"])
        seed = int.from_bytes(hashlib.sha256(receipt.canonical(state["checked"])).digest()[:4])

        def write(chat: ForkingChat) -> list[Step]:
            prose = self.style == "prose" and chat is self.chat
            kind, who = (ProseWriter, chat.adapted("prose")) if prose else (Writer, chat)
            writer = kind(evidence, self.top, who, explaining(evidence), self._temperature, seed)
            steps = writer.write()
            notes.extend(writer.notes)
            return steps

        return {"steps": or_by_rule(self.chat, notes, write), "notes": notes}

    def _verify(self, state: State) -> State:
        evidence, steps = Evidence(state["observations"]), state["steps"]
        begun, before = state["started"]
        work = self.chat.usage - before
        path = str(self.bundle.path.resolve()) if self.bundle.path is not None else None
        explanation = Explanation(
            row=state["checked"],
            row_id=state.get("row_id"),
            label=state["label"],
            probabilities=evidence.find("probability")[-1].result or {},
            decision=state["decision"],
            observations=state["observations"],
            steps=steps,
            text=assemble([step.text for step in steps]),
            writer=writer_of(steps),
            llm=_described(self.chat, self.style),
            usage=Usage.of(work, time.perf_counter() - begun),
            bundle={"sha256": self.bundle.sha256} | ({"path": path} if path else {}),
            notes=[*state["notes"], *fallback_notes(work)],
        )
        explanation.verification = verify(explanation, self.bundle)
        return {"explanation": receipt.seal(explanation)}


def _described(chat: ForkingChat, style: str) -> dict[str, Any] | None:
    about = (chat.adapted("prose") if style == "prose" else chat).describe()
    return None if about is None else {**about, "style": style}
