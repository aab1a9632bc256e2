"""Forks for chat models of any LangChain provider: each is asked as a question.

Free text and tool calls are the wrapped model's own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agent.llm.asking import AskingChat
from agent.llm.engine import Usage
from agent.llm.forking import Text
from agent.llm.masking import retold, secrets_in
from tools.errors import EngineError, TallystickError

__all__ = ["PromptedChat"]


class PromptedChat(AskingChat):
    """A chat model without log-probabilities that can choose between texts.

    Parameters
    ----------
    inner : BaseChatModel
        The wrapped model; its own temperature and seed count.
    """

    inner: BaseChatModel

    @property
    def _llm_type(self) -> str:
        return f"prompted-{self.inner._llm_type}"

    def describe(self) -> dict[str, str | None]:
        """Return ``model``, ``engine`` (the provider) and ``sha256`` (None)."""
        known = self.inner._get_ls_params()  # the name a provider gives for tracing
        kind = self.inner._llm_type
        return {
            "model": known.get("ls_model_name") or kind,
            "engine": known.get("ls_provider") or kind,
            "sha256": None,
        }

    def _reply(self, messages: Sequence[BaseMessage], text: Text) -> str:  # noqa: ARG002
        with self._failures():
            answer = self.inner.invoke(list(messages))
            self._count(answer)
            return str(answer.text)

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:
        shown = [*messages, AIMessage(prefix)] if prefix else list(messages)
        with self._failures():
            for chunk in self.inner.stream(shown, stop=list(text.stop) or None):
                self._count(chunk)
                yield str(chunk.text)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        tools, final = kwargs.get("tools"), kwargs.get("final")
        if not tools:
            return super()._generate(messages, stop, run_manager, **kwargs)
        try:
            bound = self.inner.bind_tools(tools, tool_choice=kwargs.get("tool_choice") or "auto")
        except NotImplementedError:  # a model without tools of its own: the call is put together fork by fork
            return super()._generate(messages, stop, run_manager, **kwargs)
        with self._failures():
            message = bound.invoke(messages, stop=stop)
        self._count(message)
        if final and not message.tool_calls:
            message = AIMessage(final, usage_metadata=message.usage_metadata)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _count(self, message: AIMessage) -> None:
        known = message.usage_metadata
        if known:
            cached = known.get("input_token_details", {}).get("cache_read", 0)
            self._usage += Usage(known["input_tokens"], cached, known["output_tokens"])

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn any error of a provider into an EngineError without its keys: each has errors of its own."""
        try:
            yield
        except TallystickError:
            raise
        except Exception as error:  # noqa: BLE001 - it is told again
            said, cause = retold(error, secrets_in(dict(self.inner)))
            raise EngineError(f"{self._llm_type}: {said}") from cause
