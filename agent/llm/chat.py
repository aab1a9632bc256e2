"""A chat model over a local engine: forks along the token trie, free text under constraint.

A prompt is the conversation as the model's format has it (`agent.llm.format`); the answer so far, which keeps its
tokens as it grows; and an option, which therefore starts on a token boundary. What would not fit into the model's
context is left out from the oldest on.
"""

import json
import logging
import random
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field, PrivateAttr

from agent.llm import catalog, trie
from agent.llm.adapter import GGUF, NONE, checked, read_card, shipped
from agent.llm.calling import MAX_STRING
from agent.llm.engine import Engine, Quoted, Usage
from agent.llm.forking import Fork, ForkingChat, Text
from agent.llm.format import Format, format_of
from agent.llm.llamacpp import LlamaCpp
from agent.llm.structured import as_json
from agent.llm.turns import describe_schema, describe_tools, shortened, turns
from tools.errors import EngineError, ToolError

__all__ = ["LocalChat"]

KEPT_PROMPTS = 16
SHORT = 2048  # tokens: a model that was trained for a task is shown little
METHODS = ("function_calling", "json_schema", "json_mode")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Prompt:
    """The tokens of a conversation with the answer so far, `added` of them new, and those of other answers to it."""

    opening: tuple[int, ...]
    answer: str
    kept: dict[str, list[int]]
    added: int

    @property
    def tokens(self) -> list[int]:
        return [*self.opening, *self.kept[self.answer]]


class LocalChat(ForkingChat):
    """A local model as a LangChain chat model.

    Parameters
    ----------
    model : str, default "smollm2-135m"
        Name in the catalog or ``owner/name`` on the hub (fetched when it is not there), path of a GGUF file, which
        llama.cpp runs, or of a Hugging Face directory, which PyTorch runs.
    temperature : float, default 0
        0 takes the most probable option and text.
    seed : int, optional
        For temperatures above 0.
    stop : sequence of str, optional
        Texts before which a plain answer ends.
    max_tokens : int, default 256
        The longest free text, and the longest text in a call, tokens.
    context : int, default 4096
        The longest prompt with its answer, tokens.
    threads : int, optional
        Default: the physical cores that are free when it starts.
    cache_type : {"f16", "q8_0"}, default "f16"
        For a GGUF file; see `agent.llm.llamacpp.LlamaCpp`.
    quantize, dtype : str, optional
        For a Hugging Face directory; see `agent.llm.transformers.Transformers`.
    adapter : str, optional
        The directory of a LoRA adapter, as `tallystick finetune` writes it, for everything that the model is asked. By
        default a model of the catalog has those that come with it, each for its own task (`adapted`); ``none`` for no
        adapter at all.
    engine : Engine, optional
        A running engine to use instead of starting one for `model`.

    Raises
    ------
    ModelSpecError
        When there is no such model.
    DownloadError
        When it has to be fetched and cannot be.
    EngineError
        When it cannot be loaded.
    """

    model: str = "smollm2-135m"
    max_tokens: int = 256
    context: int = 4096
    threads: int | None = None
    cache_type: str = "f16"
    quantize: str | None = None
    adapter: str | None = None
    dtype: str | None = None
    engine: Any = Field(default=None, exclude=True, repr=False)

    _engine: Engine = PrivateAttr()
    _cut: Any = PrivateAttr()
    _format: Format = PrivateAttr()
    _prompts: OrderedDict[tuple[int, ...], dict[str, list[int]]] = PrivateAttr(default_factory=OrderedDict)
    _other: "LocalChat | None" = PrivateAttr(default=None)
    _adapted: dict[Path, "LocalChat"] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Start the engine."""
        super().model_post_init(context)
        folder = self._folder
        card = None if folder is None else read_card(checked(folder, self.model))
        if card is not None:
            self.trained = frozenset(card.trained)
        self._engine = self.engine or self._started()
        if self.engine:
            self.model = self.engine.model
        self._cut = lru_cache(maxsize=8192)(self._engine.tokenize)
        self._format = format_of(self._engine, self._cut)

    def _started(self) -> Engine:
        """Start the engine for the model's file or directory."""
        named = catalog.is_name(self.model)
        path = catalog.pull(self.model) if named else Path(self.model)
        engine = self._transformers(path) if path.is_dir() else self._llamacpp(path)
        if named:
            engine.model = self.model
        return engine

    @property
    def _folder(self) -> Path | None:
        """The directory of the adapter that is always there."""
        return None if self.adapter in {None, NONE} else Path(str(self.adapter))

    def adapted(self, kind: str) -> "LocalChat":
        """Return the model with the adapter that comes with it for a kind of task: itself where there is none.

        It runs beside this one, so that neither's prompts push out the other's; it starts when it is first needed.
        """
        folder = None if self.adapter is not None or self.engine is not None else shipped(self.model, kind)
        if folder is None:
            return self
        with self._lock:
            if folder not in self._adapted:
                same = self._same() | {"adapter": str(folder), "context": min(self.context, SHORT)}
                self._adapted[folder] = LocalChat(**same)
            return self._adapted[folder]

    def _same(self) -> dict[str, Any]:
        """Return the settings that another model takes over from this one."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"adapter", "engine"}}

    def _llamacpp(self, path: Path) -> Engine:
        adapter = None if self._folder is None else self._folder / GGUF
        return LlamaCpp(path, context=self.context, threads=self.threads, cache_type=self.cache_type, adapter=adapter)

    def _transformers(self, path: Path) -> Engine:
        from agent.llm.transformers import Transformers  # noqa: PLC0415 - PyTorch is slow to import

        return Transformers(
            path,
            context=self.context,
            threads=self.threads,
            quantize=self.quantize,
            adapter=self._folder,
            dtype=self.dtype,
        )

    @property
    def _llm_type(self) -> str:
        return "tallystick-local"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "sha256": self._engine.sha256}

    @property
    def usage(self) -> Usage:
        """All work this model has done so far, the engine's and that of its adapted ones included."""
        return sum((chat.usage for chat in self._adapted.values()), self._usage + self._engine.usage)

    def describe(self) -> dict[str, str | None]:
        """Return ``model``, ``engine`` and ``sha256`` of the weights."""
        return {"model": self._engine.model, "engine": self._engine.name, "sha256": self._engine.sha256}

    @property
    def parameters(self) -> int | None:
        """How many parameters the model has."""
        return self._engine.parameters

    def close(self) -> None:
        """Stop the engine; the next call starts it again."""
        self._engine.close()
        for chat in [*self._adapted.values(), *([self._other] if self._other else [])]:
            chat.close()

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        include_raw: bool = False,
        method: str = "function_calling",
        strict: bool | None = None,  # noqa: ARG002 - it always is
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return this model with a parser: what comes out always fits the schema.

        Parameters
        ----------
        schema : type or dict
            A pydantic class, a TypedDict or a JSON schema; None, for any JSON object, only with ``json_mode``.
        include_raw : bool, default False
            Return a dict with the message (``raw``), ``parsed`` and ``parsing_error``.
        method : {"function_calling", "json_schema", "json_mode"}
            ``function_calling`` (default) makes a tool call fork by fork: numbers come from the question, and each text
            ends at `max_tokens`. The others let the model write JSON under the schema: any number, and `max_tokens`
            for the whole. A text for which the schema sets no length ends after 200 characters.
        strict : bool, optional
            Taken, without an effect.

        Raises
        ------
        ToolError
            When there is no such method.
        """
        if method == "function_calling" and schema is not None:
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        if method not in METHODS or (schema is None and method != "json_mode"):
            raise ToolError(f"{method!r} does not make {schema!r}.", hint=f"Use one of {', '.join(METHODS)}.")
        return as_json(self, schema, method, include_raw=include_raw)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chat = self._named(kwargs.pop("model", None) or self.model)
        return super(LocalChat, chat)._generate(_with_schema(messages, kwargs), stop, run_manager, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        chat = self._named(kwargs.pop("model", None) or self.model)
        return super(LocalChat, chat)._stream(_with_schema(messages, kwargs), stop, run_manager, **kwargs)

    def _named(self, model: str) -> "LocalChat":
        """Return the model that a call names: this one, or another one, of which the last is kept."""
        with self._lock:
            if model == self.model:
                return self
            if self._other is None or self._other.model != model:
                if self._other:
                    self._other.close()
                self._other = LocalChat(**self._same() | {"model": model})
            return self._other

    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,
        seed: int | None,
    ) -> Fork:
        cut = self._cut_options(prefix, options)
        prompt = self._prompt(messages, prefix, max(map(len, cut)))
        asked: list[list[int]] = []

        def ask(path: list[int], allowed: list[int]) -> list[float]:
            asked.append(path)
            return self._engine.next_token([*prompt.tokens, *path], allowed)

        if temperature > 0:
            source = random.Random(seed)  # noqa: S311 - no secret
            index, found = trie.sample(cut, self._engine.end, ask, temperature, source)
        else:
            index, found = trie.best(cut, self._engine.end, ask)
        prompt.kept[prompt.answer + options[index]] = [*prompt.kept[prompt.answer], *cut[index]]
        sampled = sum(path == cut[index][: len(path)] for path in asked if len(path) < len(cut[index]))
        self._usage += Usage(forced_tokens=len(cut[index]) - sampled)
        return Fork(index, options[index], tuple(found))

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        cut = self._cut_options(prefix, options)
        prompt = self._prompt(messages, prefix, max(map(len, cut))).tokens
        return trie.score(cut, self._engine.end, lambda path, ok: self._engine.next_token([*prompt, *path], ok))

    def score_all(
        self, conversations: Sequence[Sequence[BaseMessage]], prefix: str, options: Sequence[str]
    ) -> list[list[float]]:
        """Score the options for several conversations, in one batch where the engine takes one."""
        batched = getattr(self._engine, "next_tokens", None)
        if batched is None or len(options) < 2:
            return super().score_all(conversations, prefix, options)
        cut, end = self._cut_options(prefix, options), self._engine.end
        asked: dict[tuple[int, ...], list[int]] = {}

        def note(path: list[int], allowed: list[int]) -> list[float]:
            asked[tuple(path)] = allowed
            return [0.0] * len(allowed)

        trie.score(cut, end, note)
        with self._lock:
            self._usage += Usage(forks=len(conversations))
            prompts = [self._prompt(messages, prefix, max(map(len, cut))).tokens for messages in conversations]
            found = {path: batched([[*prompt, *path] for prompt in prompts], ok) for path, ok in asked.items()}

        def answer(path: list[int], _: list[int], *, of: int) -> list[float]:
            return list(found[tuple(path)][of])

        return [trie.score(cut, end, partial(answer, of=at)) for at in range(len(prompts))]

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:
        most = text.max_tokens or self.max_tokens
        prompt = self._prompt(messages, prefix, min(most, self._engine.context // 2), least=1).tokens
        pieces = self._engine.generate(
            prompt,
            max_tokens=min(most, self._engine.context - len(prompt)),
            temperature=text.temperature,
            seed=text.seed,
            stop=text.stop,
            json_schema=text.json_schema,
            form=text.form,
        )
        return pieces if prefix else _after(self._format.lead, pieces)

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        schema = text.json_schema or {}
        if schema.keys() & {"pattern", "format"}:
            return _unquoted("".join(self._write(messages, prefix, text))[1:])
        # The quotation mark is cut together with what stands before it: alone it is no token that a model expects.
        form = Quoted(schema.get("minLength", 0), schema.get("maxLength", MAX_STRING))
        rest = self._write(messages, f'{prefix}"', Text(text.temperature, text.seed, text.max_tokens, form=form))
        return _unquoted("".join(rest))

    def _with_tools(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Sequence[BaseMessage]:
        return [*messages, SystemMessage(describe_tools(tools))]

    def _prompt(self, messages: Sequence[BaseMessage], prefix: str, room: int, least: int | None = None) -> _Prompt:
        """Return the conversation with the answer so far, without so much of the oldest that `room` tokens still fit.

        Where leaving out is not enough, `least` tokens will do.
        """
        with self._lock:
            for said, answer in shortened(messages, prefix):
                prompt = self._tokens(said, answer, whole=answer == prefix)
                length = len(prompt.tokens)
                if length + room < self._engine.context:
                    break
            if length + (least or room) >= self._engine.context:
                raise EngineError(
                    f"The shortest prompt has {length} tokens; {self._engine.model} is loaded with "
                    f"{self._engine.context}.",
                    hint="Shorten the question, or load the model with a larger `context`.",
                )
            if answer != prefix or len(said) < len(messages):
                _log.info("The oldest parts of a conversation were left out to fit %d tokens.", self._engine.context)
            self._usage += Usage(forced_tokens=prompt.added)
            self._prompts[prompt.opening] = prompt.kept
            self._prompts.move_to_end(prompt.opening)
            if len(self._prompts) > KEPT_PROMPTS:
                self._prompts.popitem(last=False)
            return prompt

    def _tokens(self, messages: Sequence[BaseMessage], answer: str, *, whole: bool) -> _Prompt:
        opening = tuple(self._format.opening(turns(messages)))
        kept = self._prompts.get(opening, {"": []})
        known = max((text for text in kept if answer.startswith(text)), key=len)
        [added] = self._cut_options(known, [answer[len(known) :]]) if answer != known else [[]]
        new = len(added) if known or whole else 0  # what is left of a longer answer was counted before
        return _Prompt(opening, answer, kept | {answer: [*kept[known], *added]}, new)

    def _cut_options(self, prefix: str, options: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each option as it continues the answer so far."""
        lead = "" if prefix else self._format.lead
        return [self._cut(lead + option) for option in options]


def _with_schema(messages: list[BaseMessage], bound: Mapping[str, Any]) -> list[BaseMessage]:
    return [*messages, SystemMessage(describe_schema(bound["json_schema"]))] if bound.get("shown") else messages


def _unquoted(rest: str) -> str:
    r"""Return the text of a JSON string whose opening quotation mark is gone; it may have no end.

    Examples
    --------
    >>> _unquoted(r'so \"so\""'), _unquoted('an unfinished \\')
    ('so "so"', 'an unfinished ')
    """
    whole = re.match(r'(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*', rest)
    return str(json.loads(f'"{whole[0] if whole else ""}"')).rstrip("�")


def _after(lead: str, pieces: Iterator[str]) -> Iterator[str]:
    """Yield an answer without what the format puts before it."""
    yield next(pieces, "").removeprefix(lead)
    yield from pieces
