"""What large tables cost: a million rows, and a thousand columns, fitted from CSV, asked, and explained by rule.

    python -m benchmarks.scale --folder /tmp/scale

Each step is a process of its own, so that its peak memory is its own. A table for people, then one JSON line.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent.llm.turns import describe_tools
from agent.prompts import gathering
from tools.bundle import Bundle
from tools.kit import langchain_tools
from tools.toolbox import Toolbox

MEASURED = """
import resource, sys
from agent.cli import main
try:
    main()
finally:
    print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def main() -> None:
    """Make both tables where they are missing, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("results/scale"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for name, make in (("tall", tall), ("wide", wide)):
        table, bundle, rows = (options.folder / f"{name}{end}" for end in (".csv", ".bundle", ".rows.csv"))
        if not table.exists():
            make().to_csv(table, index=False)
        pd.read_csv(table, nrows=2).to_csv(rows, index=False)
        found |= command(f"{name}_fit", "fit", table, "--target", "ill", "--out", bundle)
        found |= command(f"{name}_explain_two_rows", "classify", bundle, rows, "--llm", "rule")
        found[f"{name}_statistics_ms"], found[f"{name}_prompt_characters"] = asked(Bundle.load(bundle))
    for key, value in found.items():
        print(f"{key:32} {value:>12.4g}")
    print(json.dumps(found))


def command(title: str, *arguments: Any) -> dict[str, float]:
    """Run the command in a process; return its seconds and its peak memory, GiB."""
    started = time.perf_counter()
    run = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if "PEAK" not in done.stderr or done.returncode:
        sys.exit(f"{title}: {done.stderr}")
    peak = int(done.stderr.rsplit("PEAK", 1)[1])
    return {f"{title}_s": time.perf_counter() - started, f"{title}_gib": peak / 2**20}


def asked(bundle: Bundle) -> tuple[float, int]:
    """Return the median time of a question about one column, ms, and the length of the prompt that gathers."""
    names, taken = bundle.schema.names[:100], []
    toolbox = Toolbox(bundle, bundle.features_of(0))
    for name in names:
        started = time.perf_counter()
        toolbox.call("feature_stats", {"feature": name})
        taken.append(1000 * (time.perf_counter() - started))
    tools = describe_tools([convert_to_openai_tool(tool) for tool in langchain_tools(toolbox, bundle)])
    return float(np.median(taken)), len(tools) + sum(len(str(message.text)) for message in gathering(bundle.schema))


def tall() -> pd.DataFrame:
    """Return a million rows of twenty columns: numbers, categories, missing cells."""
    rng, n = np.random.default_rng(0), 1_000_000
    frame = pd.DataFrame({f"measure {i}": rng.normal(size=n).round(4) for i in range(17)})
    frame["region"] = rng.choice(["north", "south", "east", "west"], n)
    frame["age"] = rng.integers(18, 90, n)
    frame["smoker"] = rng.choice(["yes", "no"], n)
    frame.loc[rng.random(n) < 0.05, "measure 3"] = np.nan
    score = frame["measure 0"] + (frame["smoker"] == "yes") + 0.02 * frame["age"] + rng.logistic(size=n)
    return frame.assign(ill=np.where(score > 1.5, "ill", "well"))


def wide() -> pd.DataFrame:
    """Return ten thousand rows of a thousand columns."""
    rng, n = np.random.default_rng(0), 10_000
    frame = pd.DataFrame(rng.normal(size=(n, 1000)).round(5), columns=[f"measure {i}" for i in range(1000)])
    score = frame.iloc[:, :5].sum(axis=1) + rng.logistic(size=n)
    return frame.assign(ill=np.where(score > 0, "ill", "well"))


if __name__ == "__main__":
    main()
