"""Change receipts in one place and count how many of them the verifier rejects; unchanged ones have to pass.

    python -m benchmarks.falsify results/ --count 500

`results/` is what `benchmarks.held_out_rows` wrote. A table for people, then one JSON line.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from agent.evaluation.falsification import KINDS, Change, changes
from agent.explanation.verify import verify
from tools.bundle import Bundle
from tools.errors import ReceiptError


def main() -> None:
    """Verify all receipts with one thread and with two, then as many changed ones as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("--count", type=int, default=500)
    options = parser.parse_args()
    folders = sorted(path.parent for path in options.results.glob("*/bundle"))
    bundles = {folder: Bundle.load(folder / "bundle") for folder in folders}
    receipts = {path: folder for folder in folders for path in sorted(folder.glob("top*/*.json"))}
    passed = {}
    for threads in (1, 2):
        with threadpool_limits(threads):
            passed[threads] = sum(verify(path, bundles[folder]).ok for path, folder in receipts.items())
    print(f"unchanged: {len(receipts)}, pass with one thread {passed[1]}, with two {passed[2]}")
    made, rejected = Counter[str](), Counter[str]()
    source = random.Random(0)  # noqa: S311 - no secret
    while sum(made.values()) < options.count:
        path = source.choice(list(receipts))
        kind = min(KINDS, key=lambda name: made[name])  # as many of each kind
        change = drawn(json.loads(path.read_text(encoding="utf-8")), kind, source)
        if change is not None:
            made[kind] += 1
            rejected[kind] += is_rejected(change, bundles[receipts[path]])
    for kind in KINDS:
        print(f"{kind:12} {rejected[kind]:>4} of {made[kind]:>4} rejected")
    totals = {"unchanged": len(receipts), "passed": passed, "changed": sum(made.values())}
    print(json.dumps({**totals, "rejected": sum(rejected.values())}))


def drawn(receipt: dict[str, Any], kind: str, source: random.Random) -> Change | None:
    """Return one change of a kind, or None where the receipt has no place for it."""
    found = [change for change in changes(receipt) if change.kind == kind]
    return source.choice(found) if found else None


def is_rejected(change: Change, bundle: Bundle) -> bool:
    """Tell whether the verifier finds the change; a receipt that cannot be read is rejected too."""
    try:
        return not verify(change.receipt, bundle).ok
    except ReceiptError:
        return True


if __name__ == "__main__":
    main()
