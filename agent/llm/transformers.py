"""The PyTorch engine: Hugging Face weights, decoded by a loop of our own.

Forced tokens - what a grammar or a prompt leaves no choice about - go through the model in one forward pass, and each
slot keeps the keys and values of its prompt for the next one. Knows nothing about LangChain, tools or forks.
"""

import contextlib
import copy
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from agent.llm.adapter import quantized_for
from agent.llm.engine import Quoted, Sentence, Usage
from agent.llm.process import cores
from agent.llm.slots import Slots, shared_length
from agent.llm.template import Template
from agent.llm.weights import check, digest_of, load_weights
from tools.errors import EngineError

__all__ = ["Transformers"]

CHUNK = 512  # tokens that go through the model at once
BATCH = 8  # prompts that do
WIDTH = 16  # their lengths are rounded up to: another shape is rounded otherwise
KEPT_BYTES = 4 * 2**30


class Transformers:
    """A model in a Hugging Face directory, run by PyTorch.

    Parameters
    ----------
    path : path-like
        The directory: ``config.json``, ``tokenizer.json`` and weights in safetensors. No code of the model is run.
    context : int, default 4096
        The longest prompt with its answer, tokens.
    slots : int, default 4
        How many different prompts keep their keys and values at the same time; fewer where full ones would take more
        than 4 GiB.
    threads : int, optional
        On a CPU; default: the physical cores that are free when it starts.
    quantize : {"4bit", "8bit", "int8"}, optional
        ``4bit`` and ``8bit`` by bitsandbytes on CUDA, ``int8`` on a CPU; default: as the adapter was trained.
    adapter : path-like, optional
        A LoRA adapter in safetensors.
    dtype : str, optional
        ``float32``, ``bfloat16``, …; default: bfloat16 on CUDA, float32 elsewhere.

    Raises
    ------
    ModelSpecError
        When the directory lacks a file, or a package that it needs is missing.
    EngineError
        When the weights cannot be loaded, are damaged, or hold numbers that are not finite.
    """

    name = "transformers"

    def __init__(
        self,
        path: str | Path,
        *,
        context: int = 4096,
        slots: int = 4,
        threads: int | None = None,
        quantize: str | None = None,
        adapter: str | Path | None = None,
        dtype: str | None = None,
    ) -> None:
        self.path = check(Path(path))
        self.model = self.path.name
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(threads or cores())  # more than are free wait for each other in a spin
        merged = None if adapter is None else Path(adapter)
        bits = quantize or quantized_for(merged, self.device)
        loaded = load_weights(self.path, self.device, quantize=bits, adapter=merged, dtype=dtype)
        self._tokenizer, self._network = loaded.tokenizer, loaded.network
        longest = getattr(self._network.config, "max_position_embeddings", context)
        self.context = min(context, int(longest))
        self.sha256 = digest_of(self.path, merged)
        self.usage = Usage()
        self.parameters: int | None = loaded.parameters
        self.start: list[int] = []  # the template writes it
        self._ends = _ends(self._tokenizer, self._network, self.model)
        self.end = self._ends[0]
        written = self._tokenizer.chat_template
        self.template = written if isinstance(written, str) else ""
        self._template = Template(self.template, self._tokenizer.special_tokens_map, self.model)
        slots = max(1, min(slots, KEPT_BYTES // _bytes_kept(self._network, self.context)))
        self._slots, self._lock = Slots(slots), threading.RLock()
        self._kept: list[tuple[list[int], Any]] = [([], None) for _ in range(slots)]
        self._begun: tuple[tuple[int, ...] | None, Any] = (None, None)
        self._grammar: Any = None

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Write messages in the model's own chat template."""
        return self._template.render(messages)

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Cut a text into tokens as it continues another one."""
        if special:
            return list(self._tokenizer(text, add_special_tokens=False).input_ids)
        return list(self._tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids)

    def next_token(self, prompt: Sequence[int], allowed: Sequence[int]) -> list[float]:
        """Return the log-probability of each allowed token as the next one, given that it is one of them."""
        with self._lock, self._slots.take(prompt) as slot:
            logits = self._logits(slot, list(prompt))
            self.usage += Usage(generated_tokens=1)
        found = logits[torch.tensor(list(allowed), device=logits.device)].double()
        return [float(value) for value in torch.log_softmax(found, dim=0)]

    def next_tokens(self, prompts: Sequence[Sequence[int]], allowed: Sequence[int]) -> list[list[float]]:
        """Do what `next_token` does for several prompts in one batch: what they have in common is computed once.

        Returns
        -------
        list of list of float, shape (len(prompts), len(allowed))
        """
        common = min(len(prompt) for prompt in prompts) - 1
        for prompt in prompts[1:]:
            common = min(common, shared_length(prompts[0], prompt))
        begun = list(prompts[0][:common])
        with self._lock:
            cache = None
            if begun:
                with self._slots.take(begun) as slot:
                    self._logits(slot, begun)
                    cache = self._kept[slot][1]
            return self._after(cache, common, [list(prompt[common:]) for prompt in prompts], allowed)

    @torch.inference_mode()
    def after(self, common: Sequence[int], rests: Sequence[list[int]], allowed: Sequence[int]) -> list[list[float]]:
        """Do what `next_tokens` does for prompts that begin alike, the same bit by bit whatever was asked before.

        Parameters
        ----------
        common : sequence of int
            What they begin with: computed once, in one go.
        rests : sequence of list of int
            How each goes on. As many as `BATCH`, of one length but for `WIDTH`, for the same sums in the same order.
        allowed : sequence of int
        """
        begun = tuple(common)
        with self._lock:
            if self._begun[0] != begun:
                cache = transformers.DynamicCache(config=self._network.config)
                if begun:
                    with self._failures():
                        ids = torch.tensor([begun], device=self.device)
                        self._network(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
                self._begun = (begun, cache)
            return self._after(self._begun[1], len(begun), rests, allowed)

    @torch.inference_mode()
    def _after(self, cache: Any, held: int, rests: Sequence[list[int]], allowed: Sequence[int]) -> list[list[float]]:
        choice, found = torch.tensor(list(allowed), device=self.device), []
        for at in range(0, len(rests), BATCH):
            logits = self._batched(cache if held else None, held, rests[at : at + BATCH])
            found += torch.log_softmax(logits[:, choice].double(), dim=1).tolist()
        self.usage += Usage(generated_tokens=len(rests))
        return found

    def _batched(self, begun: Any, held: int, rests: Sequence[list[int]]) -> torch.Tensor:
        """Return the logits after each prompt, shape (prompts, vocabulary); shorter ones are padded at their end."""
        cache = transformers.DynamicCache(config=self._network.config) if begun is None else copy.deepcopy(begun)
        if begun is not None:
            cache.batch_repeat_interleave(len(rests))
        started, width = time.perf_counter(), -(-max(map(len, rests)) // WIDTH) * WIDTH
        padded = torch.tensor([rest + [self.end] * (width - len(rest)) for rest in rests], device=self.device)
        last = torch.tensor([len(rest) - 1 for rest in rests], device=self.device)
        with self._failures():
            hidden = self._network.get_decoder()(input_ids=padded, past_key_values=cache, use_cache=True)[0]
            logits = self._network.get_output_embeddings()(hidden[torch.arange(len(rests)), last])
        seen = held * len(rests) + sum(map(len, rests))
        self.usage += Usage(seen, held * len(rests), seconds=time.perf_counter() - started)
        return torch.as_tensor(logits).float()

    def generate(
        self,
        prompt: Sequence[int],
        *,
        max_tokens: int,
        temperature: float,
        seed: int | None,
        stop: Sequence[str],
        json_schema: Mapping[str, Any] | None = None,
        form: Sentence | Quoted | None = None,
    ) -> Iterator[str]:
        """Continue a prompt with free text, piece by piece, with JSON text that fits a schema, or in another form."""
        matcher = None
        if json_schema is not None:
            matcher = self._matcher(LLMatcher.grammar_from_json_schema(json.dumps(json_schema)))
        elif form is not None:
            matcher = self._matcher(LLMatcher.grammar_from_regex(form.regex))
        source = torch.Generator(device="cpu")
        source.manual_seed(seed) if seed is not None else source.seed()
        with self._slots.take(prompt) as slot:
            tokens = self._tokens(slot, list(prompt), max_tokens, temperature, source, matcher)
            yield from self._text(tokens, stop)

    def close(self) -> None:
        """Give the memory of keys and values back; the weights stay until the engine is forgotten."""
        self._template.close()
        with self._lock:
            self._slots.forget()
            self._kept = [([], None) for _ in self._kept]

    # -- decoding ----------------------------------------------------------------------------------------------------

    @torch.inference_mode()
    def _logits(self, slot: int, prompt: list[int]) -> torch.Tensor:
        """Return the logits after a prompt, shape (vocabulary,); what the slot already holds is not computed again."""
        if len(prompt) > self.context:
            raise EngineError(
                f"The prompt has {len(prompt)} tokens; {self.model} is loaded with {self.context}.",
                hint="Shorten the conversation, or load the model with a larger `context`.",
            )
        started = time.perf_counter()
        held, cache = self._kept[slot]
        cached = min(shared_length(held, prompt), len(prompt) - 1)
        if cache is None or cached == 0:
            cache, cached = transformers.DynamicCache(config=self._network.config), 0
        elif len(held) > cached:
            cache.crop(cached - len(held))
        self._kept[slot] = ([], None)  # a failure below leaves an empty slot, not a wrong one
        with self._failures():
            for at in range(cached, len(prompt), CHUNK):
                ids = torch.tensor([prompt[at : at + CHUNK]], device=self.device)
                out = self._network(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        self._kept[slot] = (list(prompt), cache)
        self.usage += Usage(len(prompt), cached, seconds=time.perf_counter() - started)
        return torch.as_tensor(out.logits[0, -1]).float()

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, IndexError) as error:
            raise EngineError(
                f"PyTorch failed on {self.model}: {str(error).splitlines()[0][:200]}.",
                hint="Too little memory? Load it with a smaller `context`, or quantized.",
            ) from error

    def _tokens(
        self,
        slot: int,
        tokens: list[int],
        most: int,
        temperature: float,
        source: torch.Generator,
        matcher: LLMatcher | None,
    ) -> Iterator[int]:
        """Yield tokens, sampled and forced, until the end token or the limit."""
        left = min(most, self.context - len(tokens))
        while left > 0:
            forced = [] if matcher is None else matcher.compute_ff_tokens()[:left]
            if forced and matcher is not None:
                matcher.consume_tokens(forced)
                self.usage += Usage(forced_tokens=len(forced))
                tokens, left = [*tokens, *forced], left - len(forced)
                yield from forced
                continue
            if matcher is not None and matcher.is_stopped():
                return
            with self._lock:
                logits = self._logits(slot, tokens)
                self.usage += Usage(generated_tokens=1)
            if matcher is not None:
                bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
                allowed = torch.from_numpy(np.resize(bits, len(logits)).astype(bool)).to(logits.device)
                logits = logits.masked_fill(~allowed, -torch.inf)
            token = _chosen(logits, temperature, source)
            if token in self._ends or (matcher is not None and not matcher.consume_token(token)):
                return
            tokens, left = [*tokens, token], left - 1
            yield token

    def _text(self, tokens: Iterator[int], stop: Sequence[str]) -> Iterator[str]:
        """Yield the text of tokens as soon as no stop text can begin in it."""
        seen: list[int] = []
        given = 0
        longest = max(map(len, stop), default=1) - 1
        text = ""
        for token in tokens:
            seen.append(token)
            text = self._tokenizer.decode(seen, skip_special_tokens=False, clean_up_tokenization_spaces=False)
            ends = [text.index(word) for word in stop if word in text]
            if ends:
                yield text[given : min(ends)]
                return
            sure = len(text.rstrip("�")) - longest  # a letter may be made of several tokens, each � until the last
            if sure > given:
                yield text[given:sure]
                given = sure
        if text[given:]:
            yield text[given:]

    def _matcher(self, grammar: str) -> LLMatcher:
        """Return what tells the tokens that fit a grammar."""
        if self._grammar is None:
            self._grammar = from_tokenizer(self._tokenizer, n_vocab=self._network.config.vocab_size)
        matcher = LLMatcher(self._grammar, grammar)
        if matcher.is_error():
            raise EngineError(f"The grammar cannot be followed: {matcher.get_error()[:200]}.")
        return matcher


def _ends(tokenizer: Any, network: Any, model: str) -> list[int]:
    """Return the tokens that end a turn: the tokenizer's own first, then those that the model was trained to end on."""
    known = getattr(network.generation_config, "eos_token_id", None)
    found = [tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])]
    ends = list(dict.fromkeys(int(token) for token in found if token is not None))
    if not ends:
        raise EngineError(f"{model} has no token that ends a turn.", hint="Use a chat model, not a base model.")
    return ends


def _bytes_kept(network: Any, context: int) -> int:
    """Return how many bytes the keys and values of a full prompt take."""
    config = network.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * size * context * network.dtype.itemsize)


def _chosen(logits: torch.Tensor, temperature: float, source: torch.Generator) -> int:
    """Return the likeliest token, or for temperatures above 0 one that is drawn."""
    if temperature <= 0:
        return int(logits.argmax())
    probabilities = torch.softmax(logits.cpu() / temperature, dim=0)
    return int(torch.multinomial(probabilities, 1, generator=source))
