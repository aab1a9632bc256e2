"""A catalog model as a Hugging Face directory: what PyTorch runs and fine-tuning starts from.

The catalog's small models come as quantized GGUF files; their numbers are written out as safetensors, once. The weights
are those that llama.cpp multiplies with, so that both engines run one model. Needs the extra ``dequantize``.
"""

import shutil
from pathlib import Path

from filelock import FileLock

from agent.llm import catalog
from tools.errors import EngineError, ModelSpecError, StorageError

__all__ = ["dequantized"]


def dequantized(name: str) -> Path:
    """Return the directory of a catalog model in safetensors, made from its GGUF file unless it is there.

    Parameters
    ----------
    name : str
        Name in the catalog.

    Raises
    ------
    ModelSpecError
        When there is no such model, or a package is missing.
    EngineError
        When the file cannot be read.
    StorageError
        When the cache cannot be written.
    """
    source = catalog.pull(name)
    if source.is_dir():  # of the hub, in safetensors
        return source
    target = source.with_name(f"{name}-{catalog.digest(source)[:12]}")
    with FileLock(f"{target}.lock"):
        if not target.is_dir():
            _write(source, target)
    return target


def _write(source: Path, target: Path) -> None:
    import transformers  # noqa: PLC0415 - slow to import

    begun = target.with_name(f"{target.name}.begun")
    shutil.rmtree(begun, ignore_errors=True)
    where = {"gguf_file": source.name, "local_files_only": True, "trust_remote_code": False}
    try:
        transformers.AutoTokenizer.from_pretrained(source.parent, **where).save_pretrained(begun)
        plain = transformers.GgufConfig(dequantize=True)
        network = transformers.AutoModelForCausalLM.from_pretrained(
            source.parent, quantization_config=plain, dtype="float32", **where
        )
        network.save_pretrained(begun)
    except ImportError as error:
        raise ModelSpecError(
            f"{source}: {str(error).strip().splitlines()[0][:200]}", hint="pip install 'tallystick[dequantize]'"
        ) from error
    except OSError as error:
        raise StorageError(f"{begun}: {error.strerror or error}.") from error
    except Exception as error:  # gguf and transformers have errors of their own for files they do not know
        raise EngineError(
            f"{source}: cannot be converted: {str(error).strip()[:200] or type(error).__name__}"
        ) from error
    begun.rename(target)
