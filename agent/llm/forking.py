"""Chat models that can be asked to continue with one of several given texts.

Tool calls are made of such forks: the name and every argument are chosen, not sampled, so that a call is always
valid. Knows LangChain; knows nothing about tokens or engines.
"""

import json
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCall, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from agent.llm.calling import Form, numbers_in
from agent.llm.engine import Quoted, Sentence, Usage
from agent.llm.turns import CALL_OPENING
from tools.errors import ToolError, did_you_mean

__all__ = ["Fork", "ForkingChat", "Text"]

# What an answer in plain words begins with where it competes with tool calls; it is not part of the answer.
PLAIN = "Answer:"
SENTENCE_TOKENS = 80
ARGUMENTS = ', "arguments": '
CHOICES = ("auto", "any", "required", "none")


@dataclass(frozen=True)
class Fork:
    """A choice between texts.

    Attributes
    ----------
    index : int
        Which one was chosen.
    option : str
        Its text.
    log_probabilities : tuple of float or None, shape (options,), or None
        Of every option, summing to 1 over all of them; None for an option that was out of the race before its
        probability was needed (`ForkingChat.score` computes them all), and None as a whole where the chooser has none.
    """

    index: int
    option: str
    log_probabilities: tuple[float | None, ...] | None = None


@dataclass(frozen=True)
class Text:
    """How a free text is to be written.

    Attributes
    ----------
    temperature : float
        0 for the most probable text.
    seed : int or None
        For temperatures above 0.
    max_tokens : int or None
        The longest text; None for the model's own limit.
    stop : sequence of str
        Texts before which it ends.
    json_schema : mapping or None
        Write JSON text that fits this schema.
    form : Sentence, Quoted or None
        Write a text of this form.
    """

    temperature: float = 0.0
    seed: int | None = None
    max_tokens: int | None = None
    stop: Sequence[str] = ()
    json_schema: Mapping[str, Any] | None = None
    form: Sentence | Quoted | None = None


class ForkingChat(BaseChatModel):
    """Base of the chat models that choose between texts.

    A subclass says how one of several texts is chosen (`_fork`), how probable each is (`_score`), and how free text
    is written (`_write`).

    Parameters
    ----------
    temperature : float, default 0
        Of forks and of free text; 0 takes the most probable.
    seed : int, optional
        For temperatures above 0.
    stop : sequence of str, optional
        Texts before which a plain answer ends.
    trained : set of str
        What the model was fine-tuned for, as `agent.training.example.KINDS` has it: prompts are shorter there.
    """

    temperature: float = 0.0
    seed: int | None = None
    stop: Sequence[str] | None = None

    trained: frozenset[str] = frozenset()

    _lock: Any = PrivateAttr(default_factory=threading.RLock)
    _usage: Usage = PrivateAttr(default_factory=Usage)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return super()._get_ls_params(list(self.stop or ()) if stop is None else stop, **kwargs)

    @property
    def usage(self) -> Usage:
        """All work this model has done so far."""
        return self._usage

    def adapted(self, kind: str) -> "ForkingChat":  # noqa: ARG002 - see `LocalChat`
        """Return the model as it is best for a kind of task: this one."""
        return self

    def describe(self) -> dict[str, str | None] | None:
        """Return ``model``, ``engine`` and ``sha256`` for a receipt, or None where no model is at work."""
        return {"model": self._llm_type, "engine": self._llm_type, "sha256": None}

    def fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        *,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> Fork:
        """Choose how the answer to `messages`, written as far as `prefix`, goes on.

        Parameters
        ----------
        messages : sequence of BaseMessage
            The conversation.
        prefix : str
            The answer so far.
        options : sequence of str
            Distinct texts; where there is only one, nobody is asked.
        temperature : float, optional
            Default: the model's own.
        seed : int, optional
            Default: the model's own.

        Returns
        -------
        Fork
            The choice.

        Raises
        ------
        ToolError
            When there is no option, or two are the same.
        EngineError
            When the model's engine fails.
        """
        _check(options)
        if len(options) == 1:
            return Fork(0, options[0], (0.0,))
        warmth = self.temperature if temperature is None else temperature
        with self._lock:
            self._usage += Usage(forks=1)
            return self._fork(messages, prefix, options, warmth, self.seed if seed is None else seed)

    def score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        """Return the log-probability of every option as the continuation, given that it is one of them.

        Returns
        -------
        list of float, shape (options,)
            Their exponentials sum to 1.

        Raises
        ------
        ToolError, EngineError
            As `fork`.
        """
        _check(options)
        if len(options) == 1:
            return [0.0]
        with self._lock:
            self._usage += Usage(forks=1)
            return self._score(messages, prefix, options)

    @property
    def parameters(self) -> int | None:
        """How many parameters the model has; None where that is not known."""
        return None

    def compose(
        self, messages: Sequence[BaseMessage], prefix: str, form: Sentence, *, temperature: float, seed: int
    ) -> str:
        """Write one sentence in free words, with references in braces.

        Parameters
        ----------
        messages : sequence of BaseMessage
            The conversation.
        prefix : str
            The answer so far.
        form : Sentence
            What may stand in braces. A model whose decoding cannot be constrained may write something else: the caller
            reads what comes back.
        temperature : float
            0 for the most probable text.
        seed : int
            For temperatures above 0.

        Returns
        -------
        str
            Without white space around it.

        Raises
        ------
        EngineError
            When the model's engine fails.
        """
        with self._lock:
            text = Text(temperature, seed, SENTENCE_TOKENS, form=form)
            return "".join(self._write(messages, prefix, text)).strip()

    def score_all(
        self, conversations: Sequence[Sequence[BaseMessage]], prefix: str, options: Sequence[str]
    ) -> list[list[float]]:
        """Do what `score` does for several conversations; an engine that can takes them in one batch.

        Returns
        -------
        list of list of float, shape (conversations, options)
        """
        return [self.score(messages, prefix, options) for messages in conversations]

    @abstractmethod
    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,
        seed: int | None,
    ) -> Fork:
        """Choose between two or more options."""

    @abstractmethod
    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        """Score two or more options."""

    @abstractmethod
    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:
        """Continue the answer with free text, piece by piece."""

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        """Return a free string that fits ``text.json_schema``."""
        raise NotImplementedError

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | bool | dict[str, Any] | None = None,
        final: str | None = None,
        described: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the model call tools.

        Parameters
        ----------
        tools : sequence
            LangChain tools, pydantic classes, functions, or dicts in the OpenAI format.
        tool_choice : str, bool or dict, optional
            ``"auto"`` (default): a tool or a plain answer; ``"any"``, ``"required"`` or True: some tool; ``"none"``: a
            plain answer; else the name of the tool.
        final : str, optional
            The plain answer, word by word; nothing is generated then.
        described : sequence, optional
            Tools that the prompt describes instead of `tools`: a loop that offers fewer and fewer calls can keep its
            prompt, and with it the model's cache.
        **kwargs
            Bound with them.

        Returns
        -------
        Runnable
            Messages in, one message with at most one tool call out.

        Raises
        ------
        ToolError
            When `tool_choice` names no tool.
        """
        bound = [convert_to_openai_tool(tool) for tool in tools]
        names = [tool["function"]["name"] for tool in bound]
        choice = _choice(tool_choice)
        if choice not in (*CHOICES, *names):
            raise ToolError(f"tool_choice names no tool: {choice!r}.", hint=did_you_mean(choice, [*names, *CHOICES]))
        shown = bound if described is None else [convert_to_openai_tool(tool) for tool in described]
        return self.bind(tools=bound, tool_choice=choice, final=final, described=shown, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        with self._lock:
            before = self.usage
            forks: list[dict[str, Any]] = []
            text = self._text(stop, kwargs)
            tools, choice = kwargs.get("tools") or [], kwargs.get("tool_choice") or "auto"
            offered = [] if choice == "none" else [t for t in tools if choice in (*CHOICES, t["function"]["name"])]
            if offered:
                message = self._call_or_answer(messages, kwargs, offered, text, forks)
            else:
                message = AIMessage(kwargs.get("final") or self._plain(messages, "", text))
            message.usage_metadata = _usage_metadata(self.usage - before)
        message.response_metadata = {"model_name": (self.describe() or {}).get("model"), "forks": forks}
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        if kwargs.get("tools") or kwargs.get("final"):
            message = self._generate(messages, stop, None, **kwargs).generations[0].message
            assert isinstance(message, AIMessage)  # noqa: S101
            yield _announced(_as_chunk(message), run_manager)
            return
        before = self.usage
        for piece in self._write(messages, "", self._text(stop, kwargs)):
            yield _announced(AIMessageChunk(content=piece), run_manager)
        metadata: dict[str, Any] = {"model_name": (self.describe() or {}).get("model"), "forks": []}
        last = AIMessageChunk(
            content="",
            usage_metadata=_usage_metadata(self.usage - before),
            response_metadata=metadata,
            chunk_position="last",
        )
        yield _announced(last, run_manager)

    def _text(self, stop: list[str] | None, kwargs: Mapping[str, Any]) -> Text:
        return Text(
            temperature=kwargs.get("temperature", self.temperature),
            seed=kwargs.get("seed", self.seed),
            max_tokens=kwargs.get("max_tokens"),
            stop=(self.stop if stop is None else stop) or (),
            json_schema=kwargs.get("json_schema"),
        )

    def _plain(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        return "".join(self._write(messages, prefix, text)).strip()

    def _call_or_answer(
        self,
        messages: Sequence[BaseMessage],
        bound: Mapping[str, Any],
        offered: Sequence[Mapping[str, Any]],
        text: Text,
        forks: list[dict[str, Any]],
    ) -> AIMessage:
        """Choose between the tools and the plain answer, then write the arguments or the answer."""
        shown, final = self._with_tools(messages, bound.get("described") or bound["tools"]), bound.get("final")

        def choose(prefix: str, options: Sequence[str]) -> int:
            seed = None if text.seed is None else text.seed + len(forks)  # forks of one call are drawn apart
            fork = self.fork(shown, prefix, options, temperature=text.temperature, seed=seed)
            forks.append({"options": list(options), "chosen": fork.option, "log_probabilities": fork.log_probabilities})
            return fork.index

        openings: dict[str, Mapping[str, Any] | None] = {_opening(tool): tool for tool in offered}
        if (bound.get("tool_choice") or "auto") == "auto":
            plain: dict[str, Mapping[str, Any] | None] = {final or PLAIN: None}
            # The first option is the rule's: after a result it answers, so that its loops end.
            openings = plain | openings if isinstance(messages[-1], ToolMessage) else openings | plain
        opening = list(openings)[choose("", list(openings)) if len(openings) > 1 else 0]
        tool = openings[opening]
        if tool is None:
            return AIMessage(final or self._plain(shown, PLAIN, text))

        def write(prefix: str, schema: Mapping[str, Any]) -> str:
            return self._string(shown, prefix, Text(text.temperature, text.seed, text.max_tokens, json_schema=schema))

        form = Form(opening + ARGUMENTS, choose, write, _numbers(messages))
        function = tool["function"]
        arguments = form.fill({"type": "object", **function.get("parameters", {})})
        made = sum(len(message.tool_calls) for message in messages if isinstance(message, AIMessage))
        call = ToolCall(name=function["name"], args=arguments, id=f"call_{made + 1}", type="tool_call")
        return AIMessage("", tool_calls=[call])

    def _with_tools(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[Mapping[str, Any]],  # noqa: ARG002
    ) -> Sequence[BaseMessage]:
        """Return the messages as they are shown when tools are bound; a model that reads definitions adds them."""
        return messages


def _check(options: Sequence[str]) -> None:
    if not options:
        raise ToolError("A fork needs at least one option.")
    if len(set(options)) < len(options):
        twice = next(option for option in options if options.count(option) > 1)
        raise ToolError(f"The options of a fork have to differ; {twice!r} is there more than once.")


def _choice(given: str | bool | dict[str, Any] | None) -> str:
    """Return what is chosen in our words; a dict is OpenAI's or Anthropic's way to name a tool."""
    if isinstance(given, dict):
        given = given.get("function", given).get("name") or given.get("type")
    return "any" if given is True else str(given or "auto")


def _opening(tool: Mapping[str, Any]) -> str:
    return f'{CALL_OPENING}"{tool["function"]["name"]}"'


def _numbers(messages: Sequence[BaseMessage]) -> list[int | float]:
    """Return the numbers of the row, the question and the results: not what a model wrote."""
    return numbers_in(str(message.text) for message in messages if not isinstance(message, AIMessage))


def _usage_metadata(work: Usage) -> UsageMetadata:
    return UsageMetadata(
        input_tokens=work.prompt_tokens,
        output_tokens=work.generated_tokens + work.forced_tokens,
        total_tokens=work.prompt_tokens + work.generated_tokens + work.forced_tokens,
        input_token_details={"cache_read": work.cached_tokens},
    )


def _as_chunk(message: AIMessage) -> AIMessageChunk:
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=at)
        for at, call in enumerate(message.tool_calls)
    ]
    return AIMessageChunk(
        content=message.content,
        tool_call_chunks=calls,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        chunk_position="last",
    )


def _announced(chunk: AIMessageChunk, run_manager: CallbackManagerForLLMRun | None) -> ChatGenerationChunk:
    found = ChatGenerationChunk(message=chunk)
    if run_manager:
        run_manager.on_llm_new_token(str(chunk.text), chunk=found)
    return found
