"""What questions about many rows cost: one table fitted with both native predictors, saved, loaded, and asked.

    python -m benchmarks.cohorts

Each figure is one call; *first* after loading, *again* with what the first one has parsed. A table for people, then one
JSON line.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tools.bundle import Bundle
from tools.toolbox import Toolbox

WHERE = {"any": [[["x0", ">", 0.5], ["kind", "in", ["a", "b"]]], [["x1", "<=", -1], ["prediction", "==", "yes"]]]}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("predict", {"where": WHERE}),
    ("predict", {}),
    ("probability", {"where": WHERE}),
    ("count", {"where": [["label", "==", "yes"], ["prediction", "==", "no"]]}),
    ("labels", {"where": WHERE}),
    ("feature_stats", {"feature": "x2", "value": 1, "where": WHERE}),
    ("score", {"metric": "accuracy", "where": WHERE}),
    ("score", {"metric": "roc_auc"}),
    ("mistakes", {"kind": "patterns"}),
    ("mistakes", {"kind": "examples", "where": WHERE}),
    ("explain", {"where": WHERE}),
    ("importance", {"where": WHERE}),
    ("interactions", {"where": WHERE}),
    ("counterfactual", {"where": [["row", "==", 7]]}),
    ("show", {"where": WHERE}),
    ("predict", {"where": WHERE, "changes": [{"column": "x0", "action": "increase", "value": 1}]}),
)


def main() -> None:
    """Print the time of each call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    frame = table(options.rows)
    found: dict[str, float] = {}
    for kind in ("logistic", "gbdt"):
        with tempfile.TemporaryDirectory() as folder:
            path = Bundle.fit(frame, "answer", predictor=kind).save(Path(folder) / "bundle")
            started = time.perf_counter()
            bundle = Bundle.load(path)
            found[f"{kind} load"] = time.perf_counter() - started
            for turn in ("first", "again"):
                for number, (tool, args) in enumerate(CALLS):
                    started = time.perf_counter()
                    seen = Toolbox(bundle).call(tool, args)
                    found[f"{kind} {turn} {number} {tool}"] = time.perf_counter() - started
                    if seen.error is not None:
                        raise SystemExit(seen.error)
    for name, seconds in found.items():
        print(f"{name:40} {seconds:8.3f} s")
    print(json.dumps({"rows": options.rows, **{name: round(seconds, 4) for name, seconds in found.items()}}))


def table(rows: int) -> pd.DataFrame:
    """Return ten columns, one of them of categories, and a target that depends on four of them."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 9)), columns=[f"x{i}" for i in range(9)])
    frame["kind"] = rng.choice(list("abcd"), rows)
    score = frame["x0"] + frame["x1"] * frame["x2"] + (frame["kind"] == "a")
    return frame.assign(answer=np.where(score + rng.normal(size=rows) > 0, "yes", "no"))


if __name__ == "__main__":
    main()
