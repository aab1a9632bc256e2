"""What one explanation costs: time inside and outside the model's forward passes, tokens, choices.

    python -m benchmarks.explain --rows 10

Medians over the rows of one run; a table for people, then one JSON line.
"""

import argparse
import json
import time
from statistics import median
from typing import Any

from agent.classifier import Classifier
from agent.demo import bundle_and_rows


def main() -> None:
    """Explain held-out rows of the breast-cancer table and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--top", type=int, default=4)
    parser.add_argument("--llm", default="smollm2-135m")
    options = parser.parse_args()
    bundle, _ = bundle_and_rows()
    clf = Classifier.load(bundle, options.llm, top=options.top)
    numbers = [int(number) for number in bundle.held_out()[2][: options.rows + 1]]
    clf.classify(bundle.features_of(numbers[0]))  # warms the prefixes, and learns the weight
    rows = [measured(clf, bundle.features_of(number)) for number in numbers[1:]]
    medians = {key: round(median(row[key] for row in rows), 4) for key in rows[0]}
    for key, value in medians.items():
        print(f"{key:28} {value:>10g}")
    print(json.dumps({"rows": len(rows), "top": options.top, "llm": options.llm, **medians}))


def measured(clf: Classifier, row: dict[str, Any]) -> dict[str, float]:
    """Explain one row and return its figures; `seconds_NODE` are the graph's nodes."""
    before, started = clf.chat.usage, time.perf_counter()
    seconds, last = {}, started
    for update in clf.graph.stream({"row": row}, stream_mode="updates"):
        now = time.perf_counter()
        seconds |= {f"seconds_{node}": now - last for node in update}
        last = now
    total, work = time.perf_counter() - started, clf.chat.usage - before
    return {
        "seconds": total,
        "seconds_in_model": work.seconds,
        "share_outside_model": 1 - work.seconds / total,
        "choices": work.forks,
        "tokens_sampled": work.generated_tokens,
        "tokens_forced": work.forced_tokens,
        "tokens_prefilled": work.prompt_tokens - work.cached_tokens,
        "tokens_cached": work.cached_tokens,
        **seconds,
    }


if __name__ == "__main__":
    main()
