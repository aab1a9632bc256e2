"""The answer to a question: `Answer`, which written to a file is a receipt."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from agent.conversation.choice import Choice
from agent.conversation.claims import AnswerClaim
from agent.conversation.evidence import Table
from agent.explanation.result import VERSION, Usage, Verification
from tools.observation import Observation

__all__ = ["Answer", "Sentence"]

_OPTIONAL = {"choice", "data", "digest", "session"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sentence(_Part):
    """One sentence of an answer.

    Attributes
    ----------
    text : str
        As it is read, with marks such as [t1].
    template : str
        The same with references in place of facts.
    citations : list of str
        The facts it shows or rests on.
    claims : list of AnswerClaim
        What it says.
    """

    text: str
    template: str
    citations: list[str]
    claims: list[AnswerClaim]


class Answer(_Part):
    """One answered question; `model_dump()` is the JSON that INTERFACE promises.

    Attributes
    ----------
    calls : list of Observation
        Every tool call; a failed one has its error instead of a result.
    table : Table
        The words of the schema that the sentences need.
    data : dict or None
        ``{"sha256", "path"?}`` of the file that was asked about; None for the bundle's own rows.
    session, choice
        The conversation the question belongs to; the option chosen, and how.
    unread : list of str
        Words of the question that the calls do not account for; the text says so.
    notes : list of str
        What to know beside the answer, such as that the language model failed; no part of its text.
    """

    version: int = Field(VERSION, ge=1, le=VERSION)
    question: str
    text: str
    calls: list[Observation]
    sentences: list[Sentence]
    citations: list[str]
    claims: list[AnswerClaim]
    table: Table
    verification: Verification = Field(default_factory=Verification)
    llm: dict[str, Any] | None = None
    usage: Usage = Field(default_factory=Usage)
    bundle: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    session: str | None = None
    choice: Choice | None = None
    unread: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    digest: str | None = None

    @model_serializer(mode="wrap")
    def _leave_out_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        return {key: value for key, value in dumped.items() if value is not None or key not in _OPTIONAL}

    def __str__(self) -> str:
        return self.text
