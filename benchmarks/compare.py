"""Compare the methods of explaining on held-out rows of real tables; the figures in `docs/evaluation` are made so.

    python -m benchmarks.compare --tables cancer attrition --rows 20 --out results/compare

Rows that are done are kept; the same command goes on where it stopped. For each table ``summary.json``,
``report.html`` and ``rows.jsonl`` in the output folder, a table for people, then one JSON line.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agent.evaluation.evaluate import evaluate
from agent.evaluation.methods import METHODS
from agent.evaluation.run import Table
from agent.llm import load as chat
from benchmarks.held_out_rows import load

SHOWN = ("accuracy", "log_loss", "sign_accuracy_strict_k4", "fully_faithful", "citation_recall", "invented_numbers")
SHOWN += ("false_comparisons", "completeness", "conciseness", "simulatability", "seconds")


def main() -> None:
    """Run what is missing, and print the figures that say most."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["cancer", "attrition", "penguins"])
    parser.add_argument(
        "--methods",
        nargs="+",
        default=[name for name, method in METHODS.items() if name != "agent-prose" and not method.recipe],
    )
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--top", type=int, default=8)
    parser.add_argument("--llm", default="smollm2-135m")
    parser.add_argument("--out", type=Path, default=Path("results/compare"))
    options = parser.parse_args()
    model, found = chat(options.llm), {}
    for name in options.tables:
        bundle = load(name, options.out / name / "bundle")
        table = Table.held_out(bundle, options.rows)
        top = min(options.top, len(bundle.schema.features))
        out = options.out / name / options.llm

        def progress(rows: Iterator[Any], total: int, title: str) -> Iterator[Any]:
            return iter(tqdm(rows, total=total, desc=title, disable=None))

        summary = evaluate(bundle, table, model, options.methods, out, top, progress)
        print(f"{name}, {len(table.rows)} rows: {' '.join(SHOWN)}")
        for method, figures in summary["methods"].items():
            print(f"{method:22}", *(figures[metric]["value"] for metric in SHOWN))
        found[name] = {m: {k: figures[k]["value"] for k in SHOWN} for m, figures in summary["methods"].items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
