"""The result of a classification: `Explanation`, which written to a file is a receipt."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from agent.explanation.claims import Claim
from agent.explanation.parsing.assertions import Assertion
from agent.llm.engine import Usage as Work
from tools.observation import Observation

__all__ = ["VERSION", "Decision", "Explanation", "Failure", "Step", "Usage", "Verification"]

VERSION = 1
Writer = Literal["model", "rule", "mixed"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Failure(_Part):
    """One difference that a verification found."""

    where: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected!r}, found {self.found!r}"


class Verification(_Part):
    """The outcome of a verification.

    Attributes
    ----------
    ok : bool
        No check failed.
    complete : bool
        Everything could be checked: the observations were recomputed from the bundle.
    checked : int
        The number of checks.
    failures : list of Failure
        Every difference.
    """

    ok: bool = False
    complete: bool = False
    checked: int = Field(0, ge=0)
    failures: list[Failure] = Field(default_factory=list)


class Decision(_Part):
    """Who said what about the label, and whose answer counted.

    Attributes
    ----------
    predictor, llm : str
        The label each chose on its own; `llm` is None without a language model.
    llm_probability : float or None
        The language model's own probability of the label it chose.
    llm_probabilities : dict or None
        The same for every label: the mean over both orders in which the labels were shown.
    weight : float
        How much the language model's log-odds count beside the predictor's calibrated ones.
    """

    predictor: str
    llm: str | None = None
    llm_probability: float | None = None
    llm_probabilities: dict[str, float] | None = None
    weight: float = Field(0.0, ge=0, le=1)
    agreed: bool = True
    counted: Literal["combined", "llm", "predictor"] = "predictor"
    abstained: bool = False
    abstain_below_probability: float | None = Field(None, ge=0, le=1)


class Step(_Part):
    """One sentence with its claims and citations.

    Attributes
    ----------
    claims : list of Claim and Assertion
        What it says; a sentence in free words has what its step claims and then what is read from it.
    style : {"strict", "prose"}
        Whether it is one of the sentences of the grammar, or free words that were checked.
    """

    text: str
    template: str
    citations: list[str]
    claims: list[Claim | Assertion]
    writer: Literal["model", "rule"]
    style: Literal["strict", "prose"] = "strict"

    @model_serializer(mode="wrap")
    def _leave_out_strict(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        return {k: v for k, v in dumped.items() if k != "style" or v != "strict"}


class Usage(_Part):
    """What the language model cost."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    forced_tokens: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, work: Work, seconds: float) -> Self:
        """Return what some work of a model cost, and how long it took with all the rest."""
        counted = {name: getattr(work, name) for name in cls.model_fields if name != "seconds"}
        return cls(**counted, seconds=round(seconds, 3))


class Explanation(_Part):
    """One classified row with its explanation; `model_dump()` is the JSON that INTERFACE promises."""

    version: int = Field(VERSION, ge=1, le=VERSION)
    row: dict[str, Any]
    row_id: str | None = None
    label: str
    probabilities: dict[str, float]
    decision: Decision
    observations: list[Observation]
    steps: list[Step]
    text: str
    writer: Writer
    verification: Verification = Field(default_factory=Verification)
    llm: dict[str, Any] | None = None
    usage: Usage = Field(default_factory=Usage)
    bundle: dict[str, Any] | None = None
    notes: list[str] = Field(default_factory=list)
    digest: str | None = None

    @model_serializer(mode="wrap")
    def _leave_out_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        return {k: v for k, v in dumped.items() if v is not None or k not in {"row_id", "digest"}}

    def __str__(self) -> str:
        return self.text


def writer_of(steps: Sequence[Step]) -> Writer:
    """Return who wrote the steps: the model, the rule, or both."""
    writers = {step.writer for step in steps}
    return "mixed" if len(writers) > 1 else "model" if writers == {"model"} else "rule"
