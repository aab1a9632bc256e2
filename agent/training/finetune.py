"""From bundles to an adapter: examples, training, and everything that a model needs to run with it.

An adapter's directory holds the same matrices twice, for PyTorch (``adapter_model.safetensors``) and for llama.cpp
(``adapter.gguf``), the examples, a record of every step with its plot, and ``tallystick.json``: what it was trained
for, from what, with which seeds.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors.numpy import load_file, save_file

from agent.llm.adapter import CARD, GGUF, Card
from agent.llm.chat import LocalChat
from agent.llm.forking import ForkingChat
from agent.llm.weights import digest_of
from agent.training.card import describe
from agent.training.encoding import Cutter, Encoded, encode
from agent.training.example import Example, read_examples, write_examples
from agent.training.gguf import write_gguf
from agent.training.plot import write_plot
from agent.training.trainer import JUDGED, STEPS, Settings, train
from tools.errors import StorageError, UserError
from tools.storage import write_file

__all__ = ["LONGEST", "finetune"]

LONGEST = 1536  # tokens of an example
EXAMPLES, BEGUN = "examples.jsonl", "begun.json"


def finetune(
    make: Callable[[], Iterator[Example]],
    base: Path,
    out: Path,
    settings: Settings,
    *,
    name: str,
    resume: bool = False,
    longest: int = LONGEST,
    judge: Callable[[ForkingChat], dict[str, float]] | None = None,
    source: str = "",
) -> Card:
    """Train an adapter and write its directory.

    Parameters
    ----------
    make : callable
        Yields the examples; it is asked once, and not again when a run goes on.
    base : Path
        The Hugging Face directory of the model.
    out : Path
        The adapter's directory.
    settings : Settings
    name : str
        What the base is called.
    resume : bool
        Go on where a run ended.
    longest : int
        Examples with more tokens are left out, and counted in the card.
    judge : callable, optional
        Measures a model with an adapter; the best checkpoint by its ``quality`` is kept.
    source : str
        What the examples are made from: a run goes on only with the same.

    Returns
    -------
    Card
        What is in it.

    Raises
    ------
    UserError
        If there is nothing to learn.
    StorageError
        If the folder holds another run, or something else.
    """
    kept = out / EXAMPLES
    _begin(out, {"base": digest_of(base, None), "longest": longest, "source": source}, resume=resume)
    if not kept.exists():
        write_examples(kept.with_suffix(".begun"), make())
        kept.with_suffix(".begun").rename(kept)
    examples = list(read_examples([kept]))
    cutter = Cutter(base)
    encoded = [encode(example, cutter, longest) for example in examples]
    short = [one for one in encoded if one is not None]
    if not short:
        raise UserError("There is nothing to learn: no example fits.", hint="Give more rows, or a larger `longest`.")
    kinds = sorted({example.kind for example in examples})

    def judged(adapter: Path) -> dict[str, float]:
        assert judge is not None  # noqa: S101 - asked for only then
        threads = psutil.cpu_count(logical=False)  # as in training, whose sums depend on it
        quantize = "4bit" if settings.four_bit and torch.cuda.is_available() else None
        given: dict[str, Any] = {"trained": frozenset(kinds), "threads": threads, "quantize": quantize}
        chat = LocalChat(model=str(base), adapter=str(adapter), **given)
        return judge(chat)

    run = out / "run"
    trained = train(base, short, run, settings, cutter.end, resume=resume, judge=judged if judge else None)
    _save(trained, base, out)
    card = Card(
        trained=kinds,
        base=name,
        version=version("tallystick"),
        settings=asdict(settings),
        examples=_counts(short),
        left_out=len(encoded) - len(short),
        tables=sorted({example.table for example in examples}),
        sha256=hashlib.sha256(kept.read_bytes()).hexdigest(),
    )
    write_file(out / CARD, card.model_dump_json(indent=1).encode())
    write_file(out / "README.md", describe(card, examples).encode())
    write_plot(run / STEPS, run / JUDGED, out / "steps.svg")
    return card


def _begin(out: Path, given: dict[str, Any], *, resume: bool) -> None:
    """Make the folder of a run, or see that the run in it was begun with the same."""
    begun, said = out / BEGUN, json.dumps(given, sort_keys=True)
    if begun.exists():
        if not resume:
            hint = "Go on with --resume, or give another folder."
            raise StorageError(f"{out}: holds a run that was begun.", hint=hint)
        if begun.read_text(encoding="utf-8") != said:
            hint = "Give the same base, bundles and options, or another folder."
            raise StorageError(f"{out}: holds a run with other examples or another base.", hint=hint)
    elif (out / EXAMPLES).exists():
        raise StorageError(f"{out}: holds a run that an earlier version began.", hint="Give a new folder.")
    elif out.exists() and (not out.is_dir() or any(not path.name.startswith(".") for path in out.iterdir())):
        raise StorageError(f"{out}: holds something else.", hint="Give a new folder.")
    write_file(begun, said.encode())


def _counts(encoded: Sequence[Encoded]) -> dict[str, int]:
    kinds = [one.kind for one in encoded]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _save(trained: Path, base: Path, out: Path) -> None:
    """Write the matrices in half precision, for both engines."""
    matrices = load_file(trained / "adapter_model.safetensors")
    save_file({name: values.astype("float16") for name, values in matrices.items()}, out / "adapter_model.safetensors")
    config = json.loads((trained / "adapter_config.json").read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = None  # a path of this machine
    write_file(out / "adapter_config.json", json.dumps(config, indent=1, sort_keys=True).encode())
    write_gguf(out, base, out / GGUF)
