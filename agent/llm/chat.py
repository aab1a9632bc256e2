"""A chat model over a local engine: forks along the token trie, free text under constraint.

A prompt is put together from pieces that are cut into tokens one by one: the chat template's own text, in which control
tokens count; the contents, in which they do not (a cell that says ``<|im_start|>`` is text); the answer so far, which
keeps its tokens as it grows; and an option, which therefore starts on a token boundary.
"""

import json
import random
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, SystemMessage
from pydantic import Field, PrivateAttr

from agent.llm import catalog, trie
from agent.llm.engine import Engine, Usage
from agent.llm.forking import Fork, ForkingChat, Text
from agent.llm.llamacpp import LlamaCpp
from agent.llm.turns import describe_tools, turns
from tools.errors import EngineError

__all__ = ["LocalChat"]

KEPT_PROMPTS = 16
STRING_TOKENS = 512
MARK = re.compile(r"⟦(\d+)⟧")


class LocalChat(ForkingChat):
    """A local model as a LangChain chat model.

    Parameters
    ----------
    model : str, default "smollm2-135m"
        Name in the catalog (fetched when it is not there), path of a GGUF file, which llama.cpp runs, or of a Hugging
        Face directory, which PyTorch runs.
    temperature : float, default 0
        0 takes the most probable option and text.
    seed : int, optional
        For temperatures above 0.
    max_tokens : int, default 256
        The longest free text, tokens.
    context : int, default 4096
        The longest prompt with its answer, tokens.
    threads : int, optional
        Default: the physical cores that are free when it starts.
    quantize, adapter, dtype : str, optional
        For a Hugging Face directory; see `agent.llm.transformers.Transformers`.
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
    quantize: str | None = None
    adapter: str | None = None
    dtype: str | None = None
    engine: Any = Field(default=None, exclude=True, repr=False)

    _engine: Engine = PrivateAttr()
    _cut: Any = PrivateAttr()
    _template: Any = PrivateAttr()
    _prompts: OrderedDict[tuple[int, ...], dict[str, list[int]]] = PrivateAttr(default_factory=OrderedDict)

    def model_post_init(self, context: Any, /) -> None:
        """Start the engine."""
        super().model_post_init(context)
        self._engine = self.engine or self._started()
        self._cut = lru_cache(maxsize=8192)(self._engine.tokenize)
        self._template = lru_cache(maxsize=256)(self._template_pieces)

    def _started(self) -> Engine:
        """Start the engine for the model's file or directory."""
        path = catalog.pull(self.model) if self.model in catalog.CATALOG else Path(self.model)
        if not path.is_dir():
            return LlamaCpp(path, context=self.context, threads=self.threads)
        from agent.llm.transformers import Transformers  # noqa: PLC0415 - PyTorch is slow to import

        return Transformers(
            path,
            context=self.context,
            threads=self.threads,
            quantize=self.quantize,
            adapter=self.adapter,
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
        """All work this model has done so far, the engine's included."""
        return self._usage + self._engine.usage

    def describe(self) -> dict[str, str | None]:
        """Return ``model``, ``engine`` and ``sha256`` of the weights."""
        name = self.model if self.engine is None and self.model in catalog.CATALOG else self._engine.model
        return {"model": name, "engine": self._engine.name, "sha256": self._engine.sha256}

    @property
    def parameters(self) -> int | None:
        """How many parameters the model has."""
        return self._engine.parameters

    def close(self) -> None:
        """Stop the engine; the next call starts it again."""
        self._engine.close()

    def _fork(
        self,
        messages: Sequence[BaseMessage],
        prefix: str,
        options: Sequence[str],
        temperature: float,
        seed: int | None,
    ) -> Fork:
        prompt, kept = self._prompt(messages, prefix)
        cut = [self._cut(option) for option in options]
        self._fits(len(prompt) + max(map(len, cut)))
        asked: list[list[int]] = []

        def ask(path: list[int], allowed: list[int]) -> list[float]:
            asked.append(path)
            return self._engine.next_token([*prompt, *path], allowed)

        if temperature > 0:
            source = random.Random(seed)  # noqa: S311 - no secret
            index, found = trie.sample(cut, self._engine.end, ask, temperature, source)
        else:
            index, found = trie.best(cut, self._engine.end, ask)
        kept[prefix + options[index]] = [*kept[prefix], *cut[index]]
        sampled = sum(path == cut[index][: len(path)] for path in asked if len(path) < len(cut[index]))
        self._usage += Usage(forced_tokens=len(cut[index]) - sampled)
        return Fork(index, options[index], tuple(found))

    def _score(self, messages: Sequence[BaseMessage], prefix: str, options: Sequence[str]) -> list[float]:
        prompt, _ = self._prompt(messages, prefix)
        cut = [self._cut(option) for option in options]
        self._fits(len(prompt) + max(map(len, cut)))
        return trie.score(cut, self._engine.end, lambda path, ok: self._engine.next_token([*prompt, *path], ok))

    def _write(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> Iterator[str]:
        prompt, _ = self._prompt(messages, prefix)
        most = text.max_tokens or self.max_tokens
        self._fits(len(prompt) + 1)
        return self._engine.generate(
            prompt,
            max_tokens=min(most, self._engine.context - len(prompt)),
            temperature=text.temperature,
            seed=text.seed,
            stop=text.stop,
            json_schema=text.json_schema,
            sentence=text.sentence,
        )

    def _string(self, messages: Sequence[BaseMessage], prefix: str, text: Text) -> str:
        bounded = Text(text.temperature, text.seed, STRING_TOKENS, json_schema=text.json_schema)
        written = "".join(self._write(messages, prefix, bounded))
        try:
            return str(json.loads(written))
        except ValueError as error:
            raise EngineError(
                f"The text for a tool argument did not end within {STRING_TOKENS} tokens: {written[:80]!r}…",
                hint="Try again with another question or a larger model.",
            ) from error

    def _with_tools(self, messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> Sequence[BaseMessage]:
        return [*messages, SystemMessage(describe_tools(tools))]

    def _prompt(self, messages: Sequence[BaseMessage], prefix: str) -> tuple[list[int], dict[str, list[int]]]:
        """Return the tokens of the conversation with the answer so far, and the store of such answers."""
        opening = self._opening(messages)
        with self._lock:
            kept = self._prompts.setdefault(tuple(opening), {"": []})
            self._prompts.move_to_end(tuple(opening))
            if len(self._prompts) > KEPT_PROMPTS:
                self._prompts.popitem(last=False)
            if prefix not in kept:
                known = max((text for text in kept if prefix.startswith(text)), key=len)
                added = self._cut(prefix[len(known) :])
                self._usage += Usage(forced_tokens=len(added))
                kept[prefix] = [*kept[known], *added]
        return [*opening, *kept[prefix]], kept

    def _opening(self, messages: Sequence[BaseMessage]) -> list[int]:
        """Return the tokens of the rendered conversation."""
        said = turns(messages)
        tokens = list(self._engine.start)
        for piece, content in self._template(tuple(turn["role"] for turn in said)):
            tokens += self._cut(piece, special=True)
            if content is not None:
                tokens += self._cut(said[content]["content"].strip())
        return tokens

    def _template_pieces(self, roles: tuple[str, ...]) -> list[tuple[str, int | None]]:
        """Return the chat template's own text for these roles, each piece with the number of the content after it."""
        rendered = self._engine.render([{"role": role, "content": f"⟦{at}⟧"} for at, role in enumerate(roles)])
        *pairs, last = MARK.split(rendered)
        return [(pairs[at], int(pairs[at + 1])) for at in range(0, len(pairs), 2)] + [(last, None)]

    def _fits(self, length: int) -> None:
        if length >= self._engine.context:
            raise EngineError(
                f"The prompt has {length} tokens; {self._engine.model} is loaded with {self._engine.context}.",
                hint="Shorten the conversation, or load the model with a larger `context`.",
            )
