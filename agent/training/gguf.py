"""A LoRA adapter in the format of llama.cpp: the same matrices under other names.

llama.cpp stores the rows of the query and key projections in another order than transformers, because it pairs the
numbers that are rotated together differently (Su et al. 2021, arXiv 2104.09864); the adapter's rows follow them.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from tools.errors import ModelSpecError

__all__ = ["write_gguf"]

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TENSOR = re.compile(r"\.layers\.(\d+)\.(.+?)\.lora_([AB])\.weight$")


def write_gguf(adapter: Path, base: Path, target: Path) -> Path:
    """Write an adapter of a Llama-shaped model as GGUF.

    Parameters
    ----------
    adapter : Path
        The directory with ``adapter_model.safetensors`` and ``adapter_config.json``.
    base : Path
        The directory of the model that it adapts; its ``config.json`` tells the heads.
    target : Path
        The file to write.

    Raises
    ------
    ModelSpecError
        If a package is missing, or the adapter has a layer that llama.cpp does not know.
    """
    try:
        import gguf  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ModelSpecError("Writing GGUF needs a package.", hint="pip install 'tallystick[finetune]'") from error
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    settings = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    writer: Any = gguf.GGUFWriter(target, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(settings["lora_alpha"]))
    for name, values in sorted(load_file(adapter / "adapter_model.safetensors").items()):
        writer.add_tensor(_name(name), _rows(name, values, config).astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _name(name: str) -> str:
    """Return what llama.cpp calls a matrix.

    Examples
    --------
    >>> _name("base_model.model.model.layers.3.mlp.up_proj.lora_A.weight")
    'blk.3.ffn_up.weight.lora_a'
    """
    match = _TENSOR.search(name)
    if match is None or match[2] not in NAMES:
        raise ModelSpecError(f"The adapter changes {name!r}, which llama.cpp does not know.")
    return f"blk.{match[1]}.{NAMES[match[2]]}.weight.lora_{match[3].lower()}"


def _rows(name: str, values: NDArray[Any], config: dict[str, Any]) -> NDArray[Any]:
    """Return a matrix with its rows in the order of llama.cpp."""
    heads = int(config["num_attention_heads"])
    kept = {"q_proj": heads, "k_proj": int(config.get("num_key_value_heads") or heads)}
    count = next((count for part, count in kept.items() if f".{part}.lora_B." in name), None)
    if count is None:
        return values
    size = values.shape[0] // count // 2
    return values.reshape(count, 2, size, -1).swapaxes(1, 2).reshape(values.shape)
