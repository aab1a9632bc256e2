"""The llama.cpp engine: GGUF files on a CPU.

The weights live in a child process (`agent.llm.llamacpp_child`) that is spoken to over loopback HTTP.
Knows nothing about LangChain, tools or forks.
"""

import contextlib
import hashlib
import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from agent.llm import catalog
from agent.llm.engine import Quoted, Sentence, Usage
from agent.llm.process import Child, cores
from agent.llm.slots import Slots
from tools.errors import EngineError, ModelSpecError

__all__ = ["LlamaCpp"]

# Added to the logits of the allowed tokens: far beyond what separates two tokens, and float32 still holds 1e-5 of it.
BIAS = 100.0
CACHE_TYPES = ("f16", "q8_0")
CHATML = "<|im_start|>"


class LlamaCpp:
    """A GGUF model run by llama.cpp.

    Parameters
    ----------
    path : path-like
        The GGUF file.
    context : int, default 4096
        The longest prompt with its answer, tokens.
    threads : int, optional
        Default: the physical cores that are free when it starts.
    slots : int, default 4
        How many different prompts keep their keys and values at the same time.
    timeout : float, default 600
        The longest time without an answer, s.
    cache_type : {"f16", "q8_0"}, default "f16"
        The numbers in which keys and values are kept; ``q8_0`` takes about half the memory.
    adapter : path-like, optional
        A LoRA adapter as GGUF.

    Raises
    ------
    ModelSpecError
        When the file is missing or no GGUF file, or there is no such `cache_type`.
    EngineError
        When the engine cannot load it.
    """

    name = "llamacpp"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        context: int = 4096,
        threads: int | None = None,
        slots: int = 4,
        timeout: float = 600.0,
        cache_type: str = "f16",
        adapter: str | os.PathLike[str] | None = None,
    ) -> None:
        if cache_type not in CACHE_TYPES:
            raise ModelSpecError(f"There is no cache type {cache_type!r}.", hint=f"Use {' or '.join(CACHE_TYPES)}.")
        self.path = check(Path(path))
        self.model = self.path.stem
        self.sha256 = catalog.digest(self.path)
        adapted = None if adapter is None else check(Path(adapter))
        if adapted is not None:
            self.sha256 = hashlib.sha256(f"{self.sha256}{catalog.digest(adapted)}".encode()).hexdigest()
        self.context = context
        self.usage = Usage()
        self._settings = {
            "path": str(self.path),
            "context": context,
            "threads": threads or cores(),
            "slots": slots,
            "cache_type": cache_type,
            "adapter": None if adapted is None else str(adapted),
        }
        self._timeout = timeout
        self._lock = threading.RLock()
        self._child: Child | None = None
        self._deaths = 0
        self._slots = Slots(slots)
        self._anchor: list[int] = []
        self._connect()
        self.start: list[int] = self._post("/tokenize", {"content": "", "add_special": True})["tokens"]
        about = self._post("/props", None)
        self.end: int = self._raw_tokens(about["eos_token"], special=True)[0]
        self.template = self._own(about["chat_template"])
        # SentencePiece puts a space before a text; a line break that is cut off again keeps it away.
        newline = self._raw_tokens("\n", special=False)
        self._anchor = newline if len(newline) > 1 else []
        self.parameters: int | None = self._post("/v1/models", None)["data"][0].get("meta", {}).get("n_params")

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Write messages in the model's own chat template."""
        return str(self._post("/apply-template", {"messages": [dict(message) for message in messages]})["prompt"])

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Cut a text into tokens as it continues another one."""
        if not self._anchor:
            return self._raw_tokens(text, special=special)
        return self._raw_tokens("\n" + text, special=special)[len(self._anchor) :]

    def next_token(self, prompt: Sequence[int], allowed: Sequence[int]) -> list[float]:
        """Return the log-probability of each allowed token as the next one, given that it is one of them."""
        body = {
            "n_predict": 1,
            "temperature": 1.0,
            "samplers": ["temperature"],
            "n_probs": len(allowed),
            "post_sampling_probs": True,
            "logit_bias": [[token, BIAS] for token in allowed],
        }
        with self._lock, self._slots.take(prompt) as slot:
            answer = self._post("/completion", self._completion(prompt, slot, body))
            self._count(answer["timings"])
        found = {entry["id"]: entry["prob"] for entry in answer["completion_probabilities"][0]["top_probs"]}
        floored = [math.log(max(found.get(token, 0.0), sys.float_info.min)) for token in allowed]
        total = math.log(math.fsum(math.exp(value) for value in floored))
        return [value - total for value in floored]

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
        body: dict[str, Any] = {
            "n_predict": max_tokens,
            "temperature": temperature,
            "seed": -1 if seed is None else seed,
            "stop": list(stop),
            "stream": True,
        }
        if json_schema is not None:
            body["json_schema"] = dict(json_schema)
        if form is not None:
            body["grammar"] = form.gbnf
        with self._slots.take(prompt) as slot:
            for event in self._stream("/completion", self._completion(prompt, slot, body)):
                if event["content"]:
                    yield event["content"]
                if event["stop"]:
                    self._count(event["timings"])

    def close(self) -> None:
        """Stop the child process; the next call starts it again."""
        with self._lock:
            if self._child:
                self._child.stop()
            self._child = None

    def _raw_tokens(self, text: str, *, special: bool) -> list[int]:
        body = {"content": text, "add_special": False, "parse_special": special}
        return list(self._post("/tokenize", body)["tokens"])

    def _own(self, template: str) -> str:
        """Return the file's chat template: a file without one is given ChatML, whose tokens its vocabulary lacks."""
        stand_in = CHATML in template and len(self._raw_tokens(CHATML, special=True)) > 1
        return "" if stand_in else template

    @staticmethod
    def _completion(prompt: Sequence[int], slot: int, body: dict[str, Any]) -> dict[str, Any]:
        return {"prompt": list(prompt), "id_slot": slot, "cache_prompt": True, **body}

    def _count(self, timings: Mapping[str, float]) -> None:
        work = Usage(
            prompt_tokens=int(timings["cache_n"] + timings["prompt_n"]),
            cached_tokens=int(timings["cache_n"]),
            generated_tokens=int(timings["predicted_n"]),
            seconds=(timings["prompt_ms"] + timings["predicted_ms"]) / 1000,
        )
        with self._lock:
            self.usage += work

    def _post(self, address: str, body: dict[str, Any] | None) -> dict[str, Any]:
        with self._lock, self._failures():
            client = self._connect().client
            response = client.get(address) if body is None else client.post(address, json=body)
            self._check(response)
            return dict(response.json())

    def _stream(self, address: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        with self._failures(), self._connect().client.stream("POST", address, json=body) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
            self._check(response)
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))
                elif line.startswith("error: "):
                    raise EngineError(f"The engine of {self.model} failed: {line.removeprefix('error: ')[:300]}.")

    def _check(self, response: httpx.Response) -> None:
        self._deaths = 0
        if response.status_code == httpx.codes.OK:
            return
        error = response.json().get("error", {})
        if error.get("type") == "exceed_context_size_error":
            raise EngineError(
                f"The prompt has {error['n_prompt_tokens']} tokens; {self.model} is loaded with {self.context}.",
                hint="Shorten the conversation, or load the model with a larger `context`.",
            )
        raise EngineError(f"The engine of {self.model} refused a request: {error.get('message', response.text)[:300]}.")

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise EngineError(
                f"The engine of {self.model} did not answer within {self._timeout:g} s.",
                hint="Is the machine busy with other work? A larger `timeout` waits longer.",
            ) from error
        except httpx.TransportError as error:
            raise EngineError(
                f"The engine of {self.model} died in the middle of an answer.{self._last_words()}",
                hint="Try again: it is started once more. Too little memory is the usual cause.",
            ) from error

    def _last_words(self) -> str:
        return self._child.last_words() if self._child else ""

    def _connect(self) -> Child:
        """Return the running child; start it when there is none, once more when it died."""
        with self._lock:
            if self._child and self._child.alive():
                return self._child
            if self._child:
                words = self._child.last_words()
                self._child.stop()
                self._child = None
                self._deaths += 1
                if self._deaths > 1:
                    self._deaths = 0
                    raise EngineError(
                        f"The engine of {self.model} died twice in a row.{words}",
                        hint="Free some memory, or load it with a smaller `context` or fewer `slots`.",
                    )
            started = time.monotonic()
            self._slots.forget()
            self._child = Child(self._settings, self.model, self._timeout)
            self.usage += Usage(seconds=time.monotonic() - started)
            return self._child


def check(path: Path) -> Path:
    """Return the path of a GGUF file after a look at its first bytes."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelSpecError(
            f"{path}: the model file cannot be read ({error.strerror}).",
            hint="`tallystick models list` shows the models that can be pulled.",
        ) from error
    if magic != b"GGUF":
        raise ModelSpecError(
            f"{path}: not a GGUF file, it begins with {magic!r}.",
            hint="Damaged, or another format? Pull it again with `tallystick models pull`, or convert it to GGUF.",
        )
    return path.resolve()
