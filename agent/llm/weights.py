"""Loading a Hugging Face directory: the tokenizer, and the network ready to run.

No code of a model is run and no pickle is read; what is missing, damaged or not a number is told in one line.
"""

import contextlib
import hashlib
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from agent.llm import cache
from agent.llm.cutter import continue_texts
from tools.errors import EngineError, ModelSpecError

__all__ = ["Loaded", "check", "digest_of", "four_bits", "load_weights", "quiet", "widest"]

FILES = ("config.json", "tokenizer.json")
TEMPLATES = ("tokenizer_config.json", "chat_template.jinja")
BITS = ("4bit", "8bit", "int8")
ROOM = 0.8  # of a GPU's memory, for weights
LOCAL: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes
    ----------
    tokenizer, network : object
        As transformers has them.
    parameters : int
        How many the network has.
    """

    tokenizer: Any
    network: Any
    parameters: int


def check(path: Path) -> Path:
    """Return the path of a Hugging Face directory after a look at the files in it.

    Raises
    ------
    ModelSpecError
        When one is missing.
    """
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        raise ModelSpecError(
            f"{path}: there is no {missing[0]}.", hint="Give a directory with config.json, tokenizer.json and weights."
        )
    if not list(path.glob("*.safetensors")):
        raise ModelSpecError(
            f"{path}: there are no weights in safetensors.",
            hint="Pickled weights (.bin, .pt) are not read: convert them with `save_pretrained`.",
        )
    return path.resolve()


def digest_of(path: Path, adapter: Path | None) -> str:
    """Return one digest over the weights, the tokenizer with its chat template, and the adapter."""
    files = [*sorted(path.glob("*.safetensors")), path / "config.json", path / "tokenizer.json"]
    files += [file for file in map(path.joinpath, TEMPLATES) if file.is_file()]
    files += [] if adapter is None else [*sorted(adapter.glob("*.safetensors")), adapter / "adapter_config.json"]
    return hashlib.sha256("".join(cache.digest(file) for file in files).encode()).hexdigest()


def load_weights(
    path: Path, device: str, *, quantize: str | None = None, adapter: Path | None = None, dtype: str | None = None
) -> Loaded:
    """Load a checked directory.

    Parameters
    ----------
    path : Path
        The directory.
    device : str
        ``cpu`` or ``cuda``.
    quantize, adapter, dtype
        As `agent.llm.transformers.Transformers`.

    Raises
    ------
    ModelSpecError
        When an option does not fit the device, or a package is missing.
    EngineError
        When the weights cannot be loaded, are damaged, or hold numbers that are not finite.
    """
    options: dict[str, Any] = {"use_safetensors": True, "dtype": _dtype(dtype, device)}
    if quantize is not None:
        options |= _quantized(quantize, device)
    with _failures(path), quiet():
        tokenizer = transformers.AutoTokenizer.from_pretrained(path, **LOCAL)
        continue_texts(tokenizer.backend_tokenizer)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
            path, output_loading_info=True, **LOCAL, **options
        )
    network, report = loaded
    lost = sorted(report["missing_keys"]) + sorted(map(str, report["mismatched_keys"]))
    if lost:  # transformers fills them with chance and goes on
        raise EngineError(f"{path}: the weights {lost[0]!r} are missing.", hint="Is every file whole?")
    if adapter is not None:
        with _failures(adapter), quiet():
            network = _adapted(network, adapter, merged=quantize in {None, "int8"})
    if quantize is None:
        network = _moved(network, device, path)
    for name, values in network.named_parameters():
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            raise EngineError(f"{path}: the weights {name!r} are not finite.", hint="Is the file damaged?")
    count = int(network.num_parameters())
    return Loaded(tokenizer, _int8(network.eval()) if quantize == "int8" else network.eval(), count)


def _moved(network: Any, device: str, path: Path) -> Any:
    """Return the network on a device that it fits on."""
    try:
        return network.to(device)
    except torch.OutOfMemoryError as error:
        size = sum(values.numel() * values.element_size() for values in network.parameters()) / 1e9
        hint = "Use a larger GPU, or hide this one: CUDA_VISIBLE_DEVICES= runs on the processor."
        raise EngineError(f"{path}: its {size:.1f} GB of weights do not fit on the GPU.", hint=hint) from error


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Tell in one line what safetensors, tokenizers, peft and json have errors of their own for."""
    try:
        yield
    except ModelSpecError:
        raise
    except ImportError as error:
        hint = "pip install 'tallystick[adapter]' for adapters, 'tallystick[cuda]' for 4 and 8 bits."
        raise ModelSpecError(f"{path}: {str(error).strip().splitlines()[0][:300]}", hint=hint) from error
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
        raise EngineError(f"{path}: cannot be loaded: {reason}", hint="Is every file whole?") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the progress bars and reports of transformers and bitsandbytes off the terminal: what matters is raised."""
    level, bars = transformers.logging.get_verbosity(), transformers.logging.is_progress_bar_enabled()
    kernels = logging.getLogger("bitsandbytes")
    before = kernels.level
    kernels.setLevel(logging.CRITICAL)
    transformers.logging.set_verbosity(logging.CRITICAL)
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        kernels.setLevel(before)
        transformers.logging.set_verbosity(level)
        if bars:
            transformers.logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _dtype(dtype: str | None, device: str) -> torch.dtype:
    found = getattr(torch, dtype or ("bfloat16" if device == "cuda" else "float32"), None)
    if not isinstance(found, torch.dtype):
        raise ModelSpecError(f"There is no dtype {dtype!r}.", hint="Use float32, bfloat16 or float16.")
    return found


def widest(path: Path) -> str:
    """Return the type with the most bits in which the weights of a checked directory fit: float32, or bfloat16."""
    if not torch.cuda.is_available():
        return "float32"
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    kept = 4 if (config.get("dtype") or config.get("torch_dtype")) == "float32" else 2
    needed = 4 / kept * sum(file.stat().st_size for file in path.glob("*.safetensors"))
    return "float32" if needed < ROOM * torch.cuda.get_device_properties(0).total_memory else "bfloat16"


def _quantized(quantize: str, device: str) -> dict[str, Any]:
    if quantize not in BITS or (quantize == "int8") != (device == "cpu"):
        hint = "Use int8 on a CPU, 4bit or 8bit on CUDA."
        raise ModelSpecError(f"quantize={quantize!r} does not work on {device}.", hint=hint)
    if quantize == "int8":
        return {}
    return {
        "quantization_config": four_bits() if quantize == "4bit" else _bits(load_in_8bit=True),
        "device_map": "auto",
    }


def four_bits() -> Any:
    """Return how a base is held in 4 bits, in training as when it runs: NF4 with double quantization (QLoRA)."""
    more = {"bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True}
    return _bits(load_in_4bit=True, bnb_4bit_compute_dtype=torch.bfloat16, **more)


def _bits(**options: Any) -> Any:
    return transformers.BitsAndBytesConfig(**options)  # type: ignore[no-untyped-call]  # it has no types


def _int8(network: Any) -> Any:
    """Return the network with its linear layers in 8 bits, as PyTorch's dynamic quantization makes them."""
    from torch.ao.quantization import quantize_dynamic  # noqa: PLC0415 - slow to import, seldom used

    with warnings.catch_warnings():  # its successor, torchao, takes eleven times as long for a token on a CPU
        warnings.filterwarnings("ignore", "torch.ao.quantization is deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
        return quantize_dynamic(network, {torch.nn.Linear}, dtype=torch.qint8)  # type: ignore[no-untyped-call]


def _adapted(network: Any, adapter: Path, *, merged: bool) -> Any:
    """Return the network with a LoRA adapter: merged into its weights, or beside them where few bits would lose it."""
    if not (adapter / "adapter_model.safetensors").is_file():
        raise ModelSpecError(
            f"{adapter}: there is no adapter_model.safetensors.", hint="Give a LoRA adapter's directory."
        )
    from peft import PeftModel  # noqa: PLC0415 - an extra

    with warnings.catch_warnings():  # peft asks transformers for a property by its old name
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated", FutureWarning)
        found = PeftModel.from_pretrained(network, str(adapter), use_safetensors=True)
        return found.merge_and_unload() if merged else found.get_base_model()
