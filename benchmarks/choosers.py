"""What a language model earns: the same grammar with three choosers - chance, the rule, a model - for each stage.

    python -m benchmarks.choosers --rows 20 --llms smollm2-135m --out results/choosers
    python -m benchmarks.choosers --score --out results/choosers

Gathering: the share of the named contributions whose values are placed among the training rows after three calls, and
after all. Writing, over the same observations: how much more a larger model favours the words that were chosen than
chance does (nats per choice; `--score`), how much of a text stands in the texts of other rows too, and how complete it
is. Deciding: the log loss of the chooser's own probabilities of the label. Rows that are done are kept; a table with
bootstrap intervals, then one JSON line.
"""

import argparse
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import HumanMessage, SystemMessage

from agent.decision import decide
from agent.explanation.claims import Contribution
from agent.explanation.evidence import Evidence
from agent.explanation.plan import named_contributions
from agent.explanation.template import assemble
from agent.explanation.writer import Writer
from agent.llm import ForkingChat, RuleChat, UniformChat, load
from agent.loop import ALWAYS, gather
from agent.prompts import EXPLAIN, explaining
from agent.weight import ask_label
from benchmarks.held_out_rows import load as bundle_of
from tools.bundle import Bundle

JUDGE = "qwen2.5-coder-1.5b"
TOP = 4
TEMPERATURE = 0.7  # as the classifier's default
MARK = re.compile(r"\[(?:t\d+|decision)\]")


def main() -> None:
    """Run what is missing, or score the texts, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["cancer", "attrition", "penguins"])
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--llms", nargs="*", default=["smollm2-135m"])
    parser.add_argument("--score", action="store_true", help="let the larger model read the texts")
    parser.add_argument("--out", type=Path, default=Path("results/choosers"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "rows.jsonl"
    if options.score:
        scored(kept, options.rows)
    else:
        choosers: dict[str, Callable[[int], ForkingChat]] = {"uniform": lambda row: UniformChat(seed=row)}
        choosers["rule"] = lambda _: RuleChat()
        for name in options.llms:
            chat = load(name)
            choosers[name] = lambda _, chat=chat: chat
        for table in options.tables:
            run(bundle_of(table, options.out / table / "bundle"), table, choosers, options.rows, kept)
    report(read(kept))


def read(kept: Path) -> list[dict[str, Any]]:
    """Return what is done so far."""
    return [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()] if kept.exists() else []


def run(bundle: Bundle, table: str, choosers: dict[str, Any], rows: int, kept: Path) -> None:
    """Let each chooser gather, write and decide on each row that it has not done yet."""
    done = {(entry["table"], entry["chooser"], entry["row"]) for entry in read(kept)}
    _, y, numbers = bundle.held_out()
    for i in np.random.default_rng(1).permutation(len(numbers))[:rows]:
        number, row = int(numbers[i]), bundle.features_of(int(numbers[i]))
        common = gather(bundle, row, RuleChat(), TOP)
        for name, make in choosers.items():
            if (table, name, number) in done:
                continue
            chat = make(number)
            truth = bundle.schema.labels[y[i]]
            entry = {"table": table, "chooser": name, "row": number, "truth": truth}
            entry |= gathered(gather(bundle, row, chat, TOP)) | written(common, chat, number)
            entry |= decided(bundle, common, row, chat, truth)
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            print(table, name, number, flush=True)


def gathered(observations: list[Any]) -> dict[str, float]:
    """Return how many calls were made, and how much of the named contributions they place, after three and in all."""
    evidence = Evidence(observations)
    entries = evidence.explained.result["features"]
    named = {c.feature: abs(entries[c.rank]["contribution"]) for c in named_contributions(evidence, TOP)}
    chosen = observations[len(ALWAYS) :]

    def placed(calls: list[Any]) -> float:
        found = {call.args.get("feature") for call in calls if call.tool == "feature_stats"}
        return sum(weight for name, weight in named.items() if name in found) / sum(named.values())

    return {"calls": len(chosen), "placed_after_three": placed(chosen[:3]), "placed": placed(chosen)}


def written(observations: list[Any], chat: ForkingChat, seed: int) -> dict[str, Any]:
    """Return the text over given observations, and the share of all contributions that it tells."""
    probabilities = Evidence(observations).find("probability")[-1].result
    _, decision = decide(probabilities, None, 0.0)
    evidence = Evidence(observations, decision.model_dump())
    recording = Recording(inner=chat)
    steps = Writer(evidence, TOP, recording, explaining(evidence), TEMPERATURE, seed).write()
    entries = evidence.explained.result["features"]
    ranks = {claim.rank for step in steps for claim in step.claims if isinstance(claim, Contribution)}
    share = sum(abs(entries[rank]["contribution"]) for rank in ranks) / evidence.explained.result["absolute"]
    told = {"text": assemble([step.text for step in steps]), "completeness": share}
    return told if isinstance(chat, RuleChat) else told | {"forks": recording.forks}


def decided(bundle: Bundle, observations: list[Any], row: Any, chat: ForkingChat, truth: str) -> dict[str, float]:
    """Return the log loss of the chooser's own label; the rule's is the predictor's."""
    predictor = Evidence(observations).find("probability")[-1].result
    own = predictor if isinstance(chat, RuleChat) and not isinstance(chat, UniformChat) else None
    own = own or ask_label(bundle, Evidence(observations), row, chat)
    return {"log_loss": -math.log(max(own[truth], 1e-9)), "accuracy": float(max(own, key=own.get) == truth)}


def scored(kept: Path, rows: int) -> None:
    """Let a larger model judge the forks of the texts of the first rows of each table.

    Each option's log-probability under the larger model is compared with what chance gives, the mean over the options:
    for the option the model took, and for the first one, which is the rule's. Nats per choice; all on the same forks.
    """
    entries, judge = read(kept), load(JUDGE)
    seen: dict[str, dict[int, None]] = defaultdict(dict)
    for entry in entries:
        seen[entry["table"]][entry["row"]] = None
        if "forks" not in entry or "fork_model" in entry or len(seen[entry["table"]]) > rows:
            continue
        gains = []
        for fork in entry["forks"]:
            messages = [SystemMessage(EXPLAIN), HumanMessage(fork["question"])]
            found = judge.score(messages, fork["prefix"], fork["options"])
            gains.append((found[fork["chosen"]] - np.mean(found), found[0] - np.mean(found)))
        entry["fork_model"], entry["fork_rule"] = (float(gain) for gain in np.mean(gains, axis=0))
        kept.write_text("".join(json.dumps(each) + "\n" for each in entries), encoding="utf-8")


class Recording(RuleChat):
    """Asks another chat model, and keeps the forks it was asked."""

    inner: Any
    forks: list[Any] = []  # noqa: RUF012 - pydantic copies it

    def describe(self) -> Any:
        """Return what the other one says of itself."""
        return self.inner.describe()

    def fork(self, messages: Any, prefix: str, options: Any, **settings: Any) -> Any:
        """Ask the other one."""
        fork = self.inner.fork(messages, prefix, options, **settings)
        asked = {"question": str(messages[-1].text), "prefix": prefix, "options": list(options)}
        self.forks.append({**asked, "chosen": fork.index})
        return fork


def repeated(entries: list[dict[str, Any]]) -> Iterator[float]:
    """Yield the share of each text's runs of four words, numbers alike, that stand in another row's text too."""
    runs = []
    for entry in entries:
        words = re.sub(r"-?\d[\d.e-]*%?", "#", MARK.sub("", entry["text"])).split()
        runs.append(set(zip(words, words[1:], words[2:], words[3:], strict=False)))
    for at, own in enumerate(runs):
        others = set().union(*runs[:at], *runs[at + 1 :])
        yield len(own & others) / len(own)


def report(entries: list[dict[str, Any]]) -> None:
    """Print each chooser's mean over the rows of all tables, with a 95 % bootstrap interval."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        groups[entry["chooser"], entry["table"]].append(entry)
    for members in groups.values():
        for entry, share in zip(members, repeated(members), strict=True):
            entry["repetition"] = share
    found: dict[str, dict[str, Any]] = {}
    for chooser in dict.fromkeys(entry["chooser"] for entry in entries):
        own = [entry for entry in entries if entry["chooser"] == chooser]
        found[chooser] = {"rows": len(own)}
        for measure in MEASURES:
            values = np.array([entry[measure] for entry in own if measure in entry])
            if len(values):
                found[chooser][measure] = interval(values)
    print(f"{'':20}" + "".join(f"{name:>26}" for name in found))
    for measure in MEASURES:
        cells = (entry.get(measure) for entry in found.values())
        shown = (f"{c['value']:.3f} [{c['low']:.3f}, {c['high']:.3f}]" if c else "-" for c in cells)
        print(f"{measure:20}" + "".join(f"{text:>26}" for text in shown))
    print(json.dumps(found))


MEASURES = (
    "placed_after_three",
    "placed",
    "calls",
    "fork_model",
    "fork_rule",
    "repetition",
    "completeness",
    "log_loss",
    "accuracy",
)


def interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """Return the mean of values, shape (n,), with its 95 % bootstrap interval."""
    means = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


if __name__ == "__main__":
    main()
