"""Chat models behind an OpenAI-compatible server: vLLM, llama.cpp, Ollama, and whatever else speaks like them.

A fork is a question whose answer the server constrains to the options, in the form that its kind takes. A form that is
refused or has no effect is left for the next one, once; where none is left, answers are read as they come.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeVar

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from agent.llm.asking import AskingChat, question
from agent.llm.constraint import FORMS, Form, string
from agent.llm.endpoint import Endpoint, RefusedError
from agent.llm.engine import Sentence, Usage
from agent.llm.forking import Text
from agent.llm.turns import describe_tools, turns
from tools.errors import EngineError

__all__ = ["ServerChat"]

OWNERS = {"llamacpp": "llamacpp", "vllm": "vllm", "library": "ollama"}  # what a kind of server says owns its models
SEEDS = 2**31  # some servers keep seeds in 32 bits
Part = TypeVar("Part", bound=BaseModel)
Found = TypeVar("Found")


class _Listed(BaseModel):
    id: str = Field(min_length=1, max_length=500)
    owned_by: str | None = None


class _Models(BaseModel):
    data: list[_Listed] = Field(min_length=1)


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Cached(BaseModel):
    cached_tokens: int | None = Field(default=None, ge=0)


class _Tokens(BaseModel):
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    prompt_tokens_details: _Cached | None = None


class _Answer(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Tokens | None = None


class _Piece(BaseModel):
    delta: _Message


class _Event(BaseModel):
    choices: list[_Piece] = []
    usage: _Tokens | None = None


class ServerChat(AskingChat):
    """A model behind an OpenAI-compatible server as a LangChain chat model.

    Parameters
    ----------
    url : str
        Such as ``http://host:8000/v1``, with ``#model`` behind it where the server has several.
    model : str, optional
        The model's name; default: what the URL says, else the first one that the server lists.
    api_key : str, optional
        Default: the environment's ``TALLYSTICK_API_KEY``, else its ``OPENAI_API_KEY``, which does not go over a network
        in clear text.
    timeout : float, default 120
        The longest time without an answer, s.
    max_tokens : int, default 2048
        The longest answer, tokens; what a model thinks before it counts too.
    temperature : float, default 0
        0 takes the most probable answer.
    seed : int, optional
        For temperatures above 0.

    Raises
    ------
    ModelSpecError
        When the URL is none, or the key cannot be sent.
    EngineError
        When the server cannot be reached, or is no OpenAI-compatible one.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    url: str = Field(repr=False)
    model: str | None = None
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    timeout: float = Field(default=120.0, gt=0)
    max_tokens: int = Field(default=2048, gt=0)

    _endpoint: Endpoint = PrivateAttr()
    _kind: str = PrivateAttr()
    _forms: dict[str, int] = PrivateAttr(default_factory=lambda: {"choice": 0, "schema": 0, "sentence": 0})

    def model_post_init(self, context: Any, /) -> None:
        """Ask the server who it is."""
        super().model_post_init(context)
        key = self.api_key.get_secret_value() if self.api_key else None
        self._endpoint = Endpoint(self.url, key, self.timeout)
        self.url = self._endpoint.url  # without credentials
        self.model, owner = self._introduced(self.model or self._endpoint.fragment)
        self._kind = OWNERS.get(owner) or ("ollama" if self._is_ollama() else "openai-compatible")

    def _introduced(self, wanted: str) -> tuple[str, str]:
        """Return the name of the model and who the server says owns it."""
        try:
            listed = self._as(_Models, self._endpoint.get(f"{self.url}/models")).data
        except RefusedError as error:
            if not wanted or error.status not in (404, 405):
                raise
            return wanted, ""  # some gateways keep no list
        entry = next((entry for entry in listed if entry.id == wanted), listed[0])
        return wanted or entry.id, entry.owned_by or ""

    def _is_ollama(self) -> bool:
        """Return whether a server whose models have owners of their own is Ollama."""
        try:
            answer = self._endpoint.get(f"{self.url.removesuffix('/v1')}/api/version", tries=1)
        except EngineError:
            return False
        return isinstance(answer, dict) and "version" in answer

    @property
    def _llm_type(self) -> str:
        return "tallystick-server"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "url": self.url}

    def describe(self) -> dict[str, str | None]:
        """Return ``model``, ``engine`` (the kind of server) and ``sha256`` (None: nobody vouches for its weights)."""
        name = str(self.model)
        shown = PurePosixPath(name).name if name.startswith("/") else name  # llama.cpp names a model by its file
        return {"model": shown, "engine": f"server:{self._kind}", "sha256": None}

    def _asked(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str], text: Text) -> int:
        """Ask under the best constraint that the server takes; without any, as every model is asked."""
        answers = [option.strip() for option in options]
        if len(set(answers)) < len(answers):
            answers = list(options)

        def ask(form: Form) -> int | None:
            asked = HumanMessage(question(prefix, options, form.how))
            return form.chosen(self._reply([*messages, asked], text, **form.choice(answers)), answers)

        return self._constrained("choice", ask, lambda: super(ServerChat, self)._asked(messages, prefix, options, text))

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        schema = {"type": "string", **(text.json_schema or {})}
        asked = HumanMessage(f'The JSON so far: {prefix}\nReply with JSON: {{"answer": "…"}}, … being the next string.')

        def ask(form: Form) -> str | None:
            return string(self._reply([*messages, asked], text, **form.schema(schema)))

        found = self._constrained("schema", ask, lambda: super(ServerChat, self)._string(messages, prefix, text))
        return found[: schema.get("maxLength")]

    def _composed(self, messages: Sequence[BaseMessage], form: Sentence, text: Text) -> str:
        def ask(how: Form) -> str | None:
            if how.sentence is None:
                return None
            answer = self._reply(messages, text, **how.sentence(form))
            return answer if re.fullmatch(form.regex + "?", f" {answer.strip()}") else None

        return self._constrained("sentence", ask, lambda: super(ServerChat, self)._composed(messages, form, text))

    def _constrained(self, use: str, ask: Callable[[Form], Found | None], plainly: Callable[[], Found]) -> Found:
        """Ask in the first form that has an effect, from the one that had it last; else plainly."""
        forms = FORMS[self._kind]
        for at in range(self._forms[use], len(forms)):
            try:
                found = ask(forms[at])
            except RefusedError as error:
                if error.status not in (400, 422):
                    raise
                found = None
            if found is not None:
                self._forms[use] = at
                return found
        answer = plainly()  # where this is refused too, it was not the form
        self._forms[use] = len(forms)
        return answer

    def _reply(self, messages: Sequence[BaseMessage], text: Text, **constraint: Any) -> str:
        started = time.monotonic()
        body = self._body(messages, text) | constraint
        answer = self._as(_Answer, self._endpoint.post(f"{self.url}/chat/completions", body))
        self._count(answer.usage, started)
        return answer.choices[0].message.content or ""

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:
        asked = [HumanMessage(f"Your answer so far: {prefix}\nHow does it go on?")] if prefix else []
        body = self._body([*messages, *asked], text) | {"stream": True, "stream_options": {"include_usage": True}}
        started, usage = time.monotonic(), None
        for data in self._endpoint.stream(f"{self.url}/chat/completions", body):
            event = self._as(_Event, data)
            usage = event.usage or usage  # some servers send the sum so far with every event
            for piece in event.choices[:1]:
                if piece.delta.content:
                    yield piece.delta.content
        self._count(usage, started)

    def _body(self, messages: Sequence[BaseMessage], text: Text) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": turns(messages),
            "temperature": text.temperature,
            "max_tokens": text.max_tokens or self.max_tokens,
        }
        if text.seed is not None:
            body["seed"] = text.seed % SEEDS
        if text.stop:
            body["stop"] = list(text.stop)
        return body

    def _with_tools(self, messages: Sequence[BaseMessage], tools: Sequence[Any]) -> Sequence[BaseMessage]:
        return [*messages, SystemMessage(describe_tools(tools))]

    def _count(self, tokens: _Tokens | None, started: float) -> None:
        if tokens is not None:
            cached = tokens.prompt_tokens_details and tokens.prompt_tokens_details.cached_tokens
            seconds = time.monotonic() - started
            self._usage += Usage(tokens.prompt_tokens, cached or 0, tokens.completion_tokens, seconds=seconds)

    def _as(self, kind: type[Part], answer: Any) -> Part:
        """Return an answer as what it has to be."""
        try:
            return kind.model_validate(answer)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise EngineError(
                f"{self._endpoint.host} answered in a form that is not OpenAI's: {where}: {first['msg']}.",
                hint="Is this the URL of an OpenAI-compatible server?",
            ) from error
