"""Install a wheel into an environment of its own and use it away from the source tree: a script for `make wheel`."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path


def main(wheel: str) -> None:
    """Check that the wheel has its packages, its command and its types, and that the command works anywhere."""
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        venv.create(away / "env", with_pip=False, symlinks=True)
        python = away / "env" / "bin" / "python"
        # The dependencies are the ones of this environment; only the packages of the project come from the wheel.
        site = next((away / "env" / "lib").glob("python*/site-packages"))
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), wheel)
        here = next(path for path in sys.path if path.endswith("site-packages"))
        (site / "dependencies.pth").write_text(here + "\n")
        where = _run(str(python), "-c", "import agent, tools; print(agent.__file__, tools.__file__)", cwd=away)
        if str(site) not in where.split()[0] or str(site) not in where.split()[1]:
            sys.exit(f"The packages were not taken from the wheel: {where}")
        for name in ("agent", "tools"):
            if not (site / name / "py.typed").is_file():
                sys.exit(f"The wheel lacks {name}/py.typed.")
        print(_run(str(python), "-m", "agent", "calc", "2/3", cwd=away).strip())
        print(_run(str(python), "-m", "agent", "demo", "--llm", "rule", cwd=away).strip().splitlines()[-1])
        receipts = sorted(map(str, (away / "tallystick-demo" / "receipts").glob("*.json")))
        print(_run(str(python), "-m", "agent", "verify", *receipts, cwd=away).strip())


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1])
