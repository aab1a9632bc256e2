"""Models on the Hugging Face hub, kept in its own cache: weights that are already there are found.

Only safetensors, JSON and chat templates are fetched, or one GGUF file: no pickle and no code. What arrives is held
against the digests under which the hub keeps its files. Knows the hub; knows nothing about how a model is run.
"""

import errno
import hashlib
import io
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.llm.cache import Progress, digest, read_store, write_store
from tools.errors import DownloadError, ModelSpecError, StorageError, TallystickError

__all__ = ["Hub", "is_hub_name"]

NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
FILES = ["*.safetensors", "*.json", "*.jinja"]
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
TOKEN = "give its token: `hf auth login`, or the variable HF_TOKEN"  # noqa: S105 - how to, not one


def is_hub_name(name: str) -> bool:
    """Tell whether a text can be the name of a model on the hub, ``owner/name``, and is no path.

    Examples
    --------
    >>> is_hub_name("meta-llama/Llama-2-13b-chat-hf"), is_hub_name("models/tiny.gguf"), is_hub_name("./a")
    (True, False, False)
    """
    return bool(NAME.fullmatch(name)) and not name.endswith(".gguf") and not Path(name).exists()


@dataclass(frozen=True)
class Hub:
    """A model on the hub.

    Attributes
    ----------
    repository : str
        As ``owner/name``.
    revision : str
        A branch, a tag or a commit; of a branch the commit that was fetched first is kept.
    file : str
        The GGUF file; empty for a whole model in safetensors.
    size : int
        Bytes of all that is fetched, about; 0 where we do not know.
    digests : mapping
        SHA-256 of files, where we know them.
    """

    repository: str
    revision: str = "main"
    file: str = ""
    size: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def format(self) -> str:
        """``GGUF`` or ``safetensors``."""
        return "GGUF" if self.file else "safetensors"

    @property
    def path(self) -> Path:
        """Where the model is, or the folder of the hub's cache in which it would be."""
        from huggingface_hub import constants  # noqa: PLC0415 - slow to import

        folder = Path(constants.HF_HUB_CACHE) / f"models--{self.repository.replace('/', '--')}"
        return self.found() or folder

    @property
    def vouched(self) -> str:
        """What vouches for the files that are here."""
        found = self.found()
        if found is not None and all(self.digests.get(file.name) or _kept_as(file) for file in self._files(found)):
            return "Its files have the digests under which the hub keeps them."
        return "Nothing here vouches for its files but that they are those of the first time: their digests are kept."

    def found(self) -> Path | None:
        """Return the model where all of it is in the cache."""
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

        try:
            kept = try_to_load_from_cache(self.repository, self.file or "config.json", revision=self.revision)
        except ValueError:  # not a name at all
            return None
        if not isinstance(kept, str):
            return None
        if self.file:
            return Path(kept)
        folder = Path(kept).parent
        return folder if _whole(folder) else None

    def pull(self, name: str, progress: Progress) -> Path:
        """Return the checked file or directory; what is missing of it is fetched.

        Raises
        ------
        ModelSpecError
            When the hub has no such model, or does not give it to this user.
        DownloadError
            When it cannot be fetched, or is not what it should be.
        StorageError
            When the cache cannot be written.
        """
        found = self.found()
        if found is None:
            self._fetch(name, progress)
            found = self.found()
        if found is None:
            wanted = self.file or "a tokenizer.json with its settings, or weights in safetensors"
            raise ModelSpecError(f"{self.repository} on the hub lacks {wanted}.", hint="Is it another model's name?")
        self._check(name, found)
        return found

    def _fetch(self, name: str, progress: Progress) -> None:
        from huggingface_hub import snapshot_download  # noqa: PLC0415

        log = logging.getLogger("huggingface_hub")  # what it says of each try to go on would stand beside our one line
        level = log.level
        log.setLevel(logging.ERROR)
        try:
            snapshot_download(
                self.repository,
                revision=self.revision,
                allow_patterns=[self.file] if self.file else FILES,
                ignore_patterns=["*/*"],
                tqdm_class=_bar(progress),
            )
        except Exception as error:  # noqa: BLE001 - the hub's client lets errors of its transport through
            # Their texts and tracebacks may show the headers of the request, and with them the token.
            raise _told(error, name, self) from None
        finally:
            log.setLevel(level)

    def _files(self, found: Path) -> list[Path]:
        return [found] if self.file else sorted(file for pattern in FILES for file in found.glob(pattern))

    def _check(self, name: str, found: Path) -> None:
        """Hold every file against the digest in the catalog, else the hub's own, else that of its first use."""
        first = read_store("hub")
        recorded = dict(first)
        for file in self._files(found):
            key = f"{self.repository}@{file.parent.name}/{file.name}"
            expected = self.digests.get(file.name) or _kept_as(file) or recorded.setdefault(key, digest(file))
            actual = digest(file) if len(expected) == 64 else _git_digest(file)
            if actual != expected:
                raise DownloadError(
                    f"{name}: {file.name} has the digest {actual}, not {expected}.",
                    hint=f"Delete {file.resolve()} and pull it again.",
                )
        if recorded != first:
            write_store("hub", recorded)


def _whole(folder: Path) -> bool:
    """Tell whether a directory has all that is needed, each part of the weights included."""
    index = folder / "model.safetensors.index.json"
    try:
        parts = set(json.loads(index.read_bytes())["weight_map"].values()) if index.is_file() else set()
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
    needed = {"config.json", "tokenizer.json", "tokenizer_config.json", *parts}
    return all((folder / part).is_file() for part in needed) and any(folder.glob("*.safetensors"))


def _kept_as(file: Path) -> str | None:
    """Return the digest under which the hub's cache keeps a file: SHA-256 for large ones, git's SHA-1 for others."""
    name = file.readlink().name if file.is_symlink() else ""
    return name if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name) else None


def _git_digest(file: Path) -> str:
    content = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _bar(progress: Progress) -> type:
    """Return a class of progress bars that show nothing and report the bytes."""
    from tqdm import tqdm  # noqa: PLC0415

    most = 0

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"file": io.StringIO(), "leave": False})

        def display(self, *_args: Any, **_options: Any) -> None:
            nonlocal most  # one bar counts what arrives, another what is written
            if self.unit == "B" and self.total:
                most = max(most, int(self.n))
                progress(most, int(self.total))

    return Bar


def _told(error: Exception, name: str, source: Hub) -> TallystickError:
    """Return an error of the hub's client as one of ours, without a word of its text."""
    from huggingface_hub import errors  # noqa: PLC0415

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError):
        return ModelSpecError(
            f"{name}: its licence has to be accepted first, at huggingface.co/{source.repository}.",
            hint=f"Then, for the account that accepted it, {TOKEN}.",
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return ModelSpecError(f"{name}: {source.repository} has no revision {source.revision!r}.")
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
        return ModelSpecError(
            f"{name}: the hub has no {source.repository}, or it is private.",
            hint=f"Is it spelled right? For a private one, {TOKEN}.",
        )
    if status in (401, 403):
        return ModelSpecError(f"{name}: the hub refused the token.", hint=f"Make another one, and {TOKEN}.")
    if status is not None:
        return DownloadError(
            f"{name}: the hub answered {status}.", hint="Pull it again later: files that arrived are kept."
        )
    if isinstance(error, OSError) and error.errno in DISK:
        return StorageError(f"{error.filename or source.path}: {error.strerror}.", hint="HF_HOME sets another cache.")
    return DownloadError(
        f"{name}: the hub cannot be reached ({type(error).__name__}).",
        hint="Pull it again: files that arrived are kept. Without a network, give --llm a file or a directory.",
    )
