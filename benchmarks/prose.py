"""Sentences in free words, measured: how many pass the verifier the first time, on held-out rows of real tables.

python -m benchmarks.prose --tables cancer attrition penguins --rows 5 --llm smollm2-135m smollm2-135m+none
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from agent.explanation.evidence import Evidence
from agent.explanation.prose import ProseWriter
from agent.llm import load as chat
from agent.llm.choosers import RuleChat
from agent.loop import gather
from agent.prompts import explaining
from benchmarks.held_out_rows import load


def main() -> None:
    """Print the share of each table and model, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["cancer", "attrition", "penguins"])
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--top", type=int, default=4)
    parser.add_argument("--llm", nargs="+", default=["smollm2-135m", "smollm2-135m+none"])
    parser.add_argument("--show", action="store_true", help="print every text")
    parser.add_argument("--out", type=Path, default=Path("results/prose"))
    options = parser.parse_args()
    found = {}
    for llm in options.llm:
        model = chat(llm).adapted("prose")
        for name in options.tables:
            bundle = load(name, options.out / name)
            asked = passed = replaced = 0
            started = time.perf_counter()
            numbers = bundle.held_out()[2]
            for number in np.random.default_rng(0).permutation(numbers)[: options.rows]:
                evidence = Evidence(gather(bundle, bundle.features_of(int(number)), RuleChat(), options.top))
                writer = ProseWriter(evidence, options.top, model, explaining(evidence), 0.7, int(number))
                steps = writer.write()
                asked, passed = asked + writer.asked, passed + writer.passed
                replaced += writer.replaced
                if options.show:
                    print("\n".join(f"{'*' if step.style == 'prose' else ' '} {step.text}" for step in steps))
            seconds = (time.perf_counter() - started) / options.rows
            found[f"{llm} {name}"] = {"asked": asked, "first": passed, "strict": replaced, "seconds": round(seconds, 1)}
            print(f"{llm:24} {name:12} {passed} of {asked} the first time, {replaced} gave way, {seconds:.1f} s a row")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
