"""What a model of 13 billion parameters costs on a CPU: memory, tokens per second, share of the bandwidth bound.

    python -m benchmarks.thirteen

The shape is that of Llama-2-13B in 4 bits (Q4_0, 7.3 GB), the weights are chance: speed and memory do not depend on
their values. It runs in the product's llama.cpp engine with keys and values in 8 bits, one slot and the full context.
The bound: each token reads all weights, less the table of token embeddings, and all keys and values once, and no faster
than two threads read memory in the same run. A table for people, then one JSON line; the model is deleted at the end.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from threadpoolctl import threadpool_limits

from agent.llm.chat import LocalChat
from agent.llm.llamacpp import LlamaCpp

CONTEXT, VOCABULARY, HEAD = 4096, 32_000, 128
Q4_0 = gguf.GGMLQuantizationType.Q4_0
ROW = 18 / 32  # bytes of a weight: 32 of them are 16 bytes and a scale of 2
CACHED = 34 / 32  # bytes of a number in q8_0
TEMPLATE = "{% for message in messages %}[INST] {{ message['content'] }} [/INST]{% endfor %}"
GIB = 2**30
STEP = 256  # tokens of the prompt between two lines of progress


def main() -> None:
    """Write the model, run it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=40)
    parser.add_argument("--hidden", type=int, default=5120, help="a multiple of 128")
    parser.add_argument("--ffn", type=int, default=13824)
    parser.add_argument("--prompt", type=int, default=4000, help="tokens read before decoding begins")
    parser.add_argument("--decode", type=int, default=32, help="tokens decoded after it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cache-type", default="q8_0", choices=["q8_0", "f16"])
    parser.add_argument("--buffer", type=float, default=2.0, help="GiB that the measurement of the bandwidth reads")
    parser.add_argument("--folder", type=Path, help="where the model lies for the time being; default: a temporary one")
    options = parser.parse_args()
    if options.prompt + options.decode >= CONTEXT:
        sys.exit(f"The context is {CONTEXT} tokens: a shorter --prompt or --decode, please.")
    shape = (options.layers, options.hidden, options.ffn)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.environ["TALLYSTICK_HOME"] = folder  # the digest of a file that will be gone is not worth keeping
        room(Path(folder), weights(*shape) + ROW * VOCABULARY * options.hidden)
        path = write(Path(folder) / "thirteen.gguf", *shape)
        note(f"written: {path.stat().st_size / 1e9:.2f} GB")
        bandwidth = read_bandwidth(options.buffer, options.threads)
        note(f"memory is read at {bandwidth / 1e9:.1f} GB/s")
        found = run(path, options)
    found |= bound(shape, options, max(bandwidth, found.pop("bandwidth")), found["decode_tokens_per_s"])
    for key, value in found.items():
        print(f"{key:32} {value:>12.4g}")
    settings = {key: value for key, value in vars(options).items() if key != "folder"}
    print(json.dumps({**settings, **{key: float(f"{value:.4g}") for key, value in found.items()}}))


def note(text: str) -> None:
    """Say how far it is, beside the results."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def room(folder: Path, size: float) -> None:
    """Leave where the disk has no room for the model, with some to spare."""
    free = shutil.disk_usage(folder).free
    if free < 1.2 * size:
        sys.exit(f"{folder}: {free / 1e9:.1f} GB free, {1.2 * size / 1e9:.1f} GB needed. Use another --folder.")


# -- the model -------------------------------------------------------------------------------------------------------


def matrices(layers: int, hidden: int, ffn: int) -> Iterator[tuple[str, int, int]]:
    """Yield the name and shape of every matrix of a Llama that a token is multiplied with."""
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", hidden, hidden
        yield f"blk.{layer}.ffn_gate.weight", ffn, hidden
        yield f"blk.{layer}.ffn_up.weight", ffn, hidden
        yield f"blk.{layer}.ffn_down.weight", hidden, ffn
    yield "output.weight", VOCABULARY, hidden


def weights(layers: int, hidden: int, ffn: int) -> float:
    """Return the bytes of weights that each token reads: all but the table of embeddings, where it reads one row."""
    norms = 4 * hidden * (2 * layers + 1)
    return norms + ROW * sum(rows * columns for _, rows, columns in matrices(layers, hidden, ffn))


def write(path: Path, layers: int, hidden: int, ffn: int) -> Path:
    """Write a Llama of chance as a GGUF file, one matrix at a time."""
    file = gguf.GGUFWriter(path, "llama")
    describe(file, layers, hidden, ffn)
    quantized = [("token_embd.weight", VOCABULARY, hidden), *matrices(layers, hidden, ffn)]
    norms = [f"blk.{layer}.{name}_norm.weight" for layer in range(layers) for name in ("attn", "ffn")]
    norms.append("output_norm.weight")
    for name, rows, columns in quantized:
        width = round(ROW * columns)
        file.add_tensor_info(name, (rows, width), np.dtype(np.uint8), rows * width, Q4_0)
    for name in norms:
        file.add_tensor_info(name, (hidden,), np.dtype(np.float32), 4 * hidden)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_ti_data_to_file()
    rng = np.random.default_rng(0)
    for _, rows, columns in quantized:
        file.write_tensor_data(blocks(rows, columns, rng))
    for _ in norms:
        file.write_tensor_data(np.ones(hidden, np.float32))
    file.close()
    return path


def blocks(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a matrix in Q4_0: random nibbles, and scales that keep what it is multiplied with at its size."""
    count = rows * columns // 32
    made = np.frombuffer(rng.bytes(18 * count), np.uint8).reshape(count, 18).copy()
    scales = rng.uniform(0.5, 1.5, count) / (4.6 * columns**0.5)  # a nibble, less 8, has a deviation of 4.6
    made[:, :2] = scales.astype("<f2")[:, None].view(np.uint8)
    return made.reshape(rows, -1)


def describe(file: gguf.GGUFWriter, layers: int, hidden: int, ffn: int) -> None:
    """Write what a GGUF file tells beside its weights: the shape, and a vocabulary whose words mean nothing."""
    file.add_context_length(CONTEXT)
    file.add_embedding_length(hidden)
    file.add_block_count(layers)
    file.add_feed_forward_length(ffn)
    file.add_head_count(hidden // HEAD)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(HEAD)
    letters = ["▁", *map(chr, range(33, 127))]
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    pieces += [f"▁w{number}" for number in range(VOCABULARY - len(pieces))]
    file.add_tokenizer_model("llama")
    file.add_token_list(pieces)
    file.add_token_scores([-float(at) for at in range(VOCABULARY)])
    file.add_token_types([2, 3, 3, *[6] * 256, *[1] * (VOCABULARY - 259)])
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_chat_template(TEMPLATE)


# -- the run ---------------------------------------------------------------------------------------------------------


def run(path: Path, options: argparse.Namespace) -> dict[str, float]:
    """Read a prompt, decode after it, and return the speeds and the memory of the process that holds the weights."""
    started = time.perf_counter()
    engine = LlamaCpp(
        path, context=CONTEXT, threads=options.threads, slots=1, timeout=3600, cache_type=options.cache_type
    )
    chat = LocalChat(engine=engine)
    found = {"load_s": time.perf_counter() - started}
    note(f"loaded in {found['load_s']:.0f} s")
    with Memory(engine._child._process.pid) as memory:
        chat.score([], "", ["w1", "w2"])  # the way the product asks, once
        prompt = [1, *np.random.default_rng(1).integers(400, VOCABULARY, options.prompt - 1).tolist()]
        found |= prefilled(engine, prompt)
        found |= decoded(engine, prompt, options.decode)
    bandwidth = read_bandwidth(options.buffer, options.threads)  # again, should others have been at work before
    engine.close()
    return {**found, **memory.peaks(), "bandwidth": bandwidth}


def prefilled(engine: LlamaCpp, prompt: list[int]) -> dict[str, float]:
    """Read a prompt piece by piece; return how fast, over all and for its first and its last piece."""
    speeds, before = [], engine.usage
    for at in range(0, len(prompt), STEP):
        last, piece = engine.usage, prompt[: at + STEP]
        engine.next_token(piece, [400, 401])
        work = engine.usage - last
        speeds.append((work.prompt_tokens - work.cached_tokens) / work.seconds)
        note(f"{len(piece)} of {len(prompt)} tokens read, {speeds[-1]:.1f} tokens/s")
    work = engine.usage - before
    read = work.prompt_tokens - work.cached_tokens
    return {
        "prefill_tokens": read,
        "prefill_tokens_per_s": read / work.seconds,
        "prefill_first_tokens_per_s": speeds[0],
        "prefill_last_tokens_per_s": speeds[-1],
    }


def decoded(engine: LlamaCpp, prompt: list[int], most: int) -> dict[str, float]:
    """Decode after a prompt that is known but for its last token: as many passes of one token as tokens come out."""
    before = engine.usage
    for _ in engine.generate(prompt, max_tokens=most, temperature=1.0, seed=0, stop=()):
        pass
    work = engine.usage - before
    note(f"{work.generated_tokens} tokens decoded, {work.prompt_tokens - work.cached_tokens} read again")
    speed = work.generated_tokens / work.seconds
    return {"decoded_tokens": work.generated_tokens, "decode_tokens_per_s": speed}


def bound(shape: tuple[int, int, int], options: argparse.Namespace, bandwidth: float, speed: float) -> dict[str, float]:
    """Return what a token reads, and which share of the bandwidth bound decoding reaches."""
    layers, hidden, _ = shape
    width = CACHED if options.cache_type == "q8_0" else 2
    held = options.prompt + options.decode / 2
    cache = 2 * layers * hidden * width * held
    read = weights(*shape) + cache
    return {
        "bandwidth_gb_per_s": bandwidth / 1e9,
        "read_per_token_gb": read / 1e9,
        "of_it_keys_and_values_gb": cache / 1e9,
        "bound_tokens_per_s": bandwidth / read,
        "share_of_bound": speed * read / bandwidth,
    }


def read_bandwidth(gib: float, threads: int, times: int = 5) -> float:
    """Return how fast threads read a buffer far larger than any cache, bytes/s: the best of several sweeps."""
    parts = np.array_split(np.ones(round(gib * GIB / 4), np.float32), threads)
    taken = []
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        for _ in range(times):
            started = time.perf_counter()
            list(pool.map(swept, parts))
            taken.append(time.perf_counter() - started)
    return sum(part.nbytes for part in parts) / min(taken)


def swept(part: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    """Read numbers once, as fast as BLAS does."""
    piece = len(part) // 2
    return float(np.dot(part[:piece], part[piece : 2 * piece]))  # two streams, each number once


class Memory:
    """Watches the memory of a process, as the kernel counts it."""

    KEYS = ("Rss", "Pss", "Anonymous", "Private_Clean", "Private_Dirty", "Shared_Clean")

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._most = dict.fromkeys(("pss", "anonymous", "file"), 0.0)
        self._last: dict[str, float] = {}
        self._resident = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        self._resident = self._lines("status")["VmHWM"]

    def peaks(self) -> dict[str, float]:
        """Return the peaks, GiB, and how the memory was made up at the end.

        ``peak_rss_gib`` is the kernel's own mark since the process began, and counts what is mapped of the file.
        """
        most = {f"peak_{key}_gib": value for key, value in self._most.items()}
        last = {f"end_{key.lower()}_gib": self._last[key] for key in self.KEYS}
        return {"peak_rss_gib": self._resident, **most, **last}

    def _watch(self) -> None:
        while not self._over.wait(1.0):
            self._look()

    def _look(self) -> None:
        self._last = self._lines("smaps_rollup")
        now = {"pss": self._last["Pss"], "anonymous": self._last["Anonymous"]}
        now["file"] = self._last["Rss"] - self._last["Anonymous"]
        self._most = {key: max(value, now[key]) for key, value in self._most.items()}

    def _lines(self, file: str) -> dict[str, float]:
        lines = (line.split() for line in (self._folder / file).read_text().splitlines())
        return {words[0].rstrip(":"): int(words[1]) * 1024 / GIB for words in lines if words[-1] == "kB"}


if __name__ == "__main__":
    main()
