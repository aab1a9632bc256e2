"""Make true explanations by chance, change them in one place, and count what the verifier rejects.

    python -m benchmarks.falsify --true 1000 --false 1000 --out results/falsify

True ones have to pass; of the changed ones as many of each kind are made, sealed again, and what passes is listed. A
table for people, then one JSON line.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agent.classifier import Classifier
from agent.evaluation.falsification import KINDS, Change, changes
from agent.explanation.verify import verify
from agent.llm import RuleChat, UniformChat
from benchmarks.held_out_rows import load
from tools.bundle import Bundle
from tools.errors import ReceiptError

TOPS = (1, 2, 4, 8)


def main() -> None:
    """Verify as many true and false receipts as asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["cancer", "attrition", "penguins", "biopsy", "email"])
    parser.add_argument("--true", type=int, default=1000)
    parser.add_argument("--false", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path("results/falsify"))
    options = parser.parse_args()
    bundles = {name: load(name, options.out / name / "bundle") for name in options.tables}
    passed, receipts = 0, []
    for name, receipt in tqdm(made(bundles, options.true), total=options.true, desc="true", disable=None):
        passed += verify(receipt, bundles[name]).ok
        receipts.append((name, receipt))
    print(f"true: {passed} of {options.true} pass")
    tried, rejected, stood = Counter[str](), Counter[str](), []
    source = random.Random(0)  # noqa: S311 - no secret
    with tqdm(total=options.false, desc="false", disable=None) as bar:
        while sum(tried.values()) < options.false:
            name, receipt = source.choice(receipts)
            kind = min(KINDS, key=lambda kind: tried[kind])  # as many of each
            change = drawn(receipt, kind, source)
            if change is None:
                continue
            tried[kind] += 1
            if is_rejected(change, bundles[name]):
                rejected[kind] += 1
            else:
                stood.append({"table": name, "kind": kind, "where": change.where})
            bar.update()
    for kind in KINDS:
        print(f"{kind:18} {rejected[kind]:>4} of {tried[kind]:>4} rejected")
    print(*map(json.dumps, stood), sep="\n")
    totals = {"true": options.true, "passed": passed, "false": sum(tried.values()), "rejected": sum(rejected.values())}
    print(json.dumps(totals))


def made(bundles: dict[str, Bundle], count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield explanations of rows of all tables in turn, with calls and words chosen by chance, some by rule."""
    names = list(bundles)
    for at in range(count):
        name, top = names[at % len(names)], TOPS[at // len(names) % len(TOPS)]
        bundle = bundles[name]
        chat = RuleChat() if at % 10 == 0 else UniformChat(seed=at)
        row = bundle.features_of(int(at * 7919 % bundle.row_count))
        decide = "llm" if at % 5 == 0 else "combined" if at % 5 == 1 and chat.describe() is None else "predictor"
        explained = Classifier(bundle, chat, top=top, decide=decide).classify(row)
        yield name, json.loads(explained.model_dump_json())


def drawn(receipt: dict[str, Any], kind: str, source: random.Random) -> Change | None:
    """Return one change of a kind, or None where the receipt has no place for it."""
    found = list(changes(receipt, [kind]))
    return source.choice(found) if found else None


def is_rejected(change: Change, bundle: Bundle) -> bool:
    """Tell whether the verifier finds the change; a receipt that cannot be read is rejected too."""
    try:
        return not verify(change.receipt, bundle).ok
    except ReceiptError:
        return True


if __name__ == "__main__":
    main()
