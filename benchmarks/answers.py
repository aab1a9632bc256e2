"""Every answer to the test questions, verified: with the calls that models chose in `benchmarks.questions`.

    python -m benchmarks.answers results/sealed-smollm2-135m.jsonl

Each call is carried out on its table, the answer said and verified; and every number, category and column of the
calls is held against the question, the turn before and the table: none may come from elsewhere.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.conversation.compose import answer_of
from agent.conversation.reading.names import Terms, terms_of
from agent.conversation.reading.question import Question
from agent.explanation.verify import verify
from benchmarks.questions import HERE, table
from tools.bundle import Bundle
from tools.toolbox import Toolbox


def invented(question: Question, calls: list[dict[str, Any]], terms: Terms) -> list[Any]:
    """Return the values of conditions and changes that neither question, turn before nor table has."""
    before = {json.dumps(part) for call in question.before for part in _parts(call)}
    found = []
    for call in calls:
        for column, value in _parts(call):
            feature = terms.schema.by_name.get(column)
            known: set[Any] = {*terms.schema.labels, *(feature.categories if feature else ()), 0, 1}
            known |= {n.value if feature is None else question.value_in(n, feature) for n in question.numbers}
            known |= {question.text[start:end] for start, end in question.ids}
            values = value if isinstance(value, list) else [value]
            if json.dumps([column, value]) not in before and json.dumps((column, value)) not in before:
                found += [part for part in values if part not in known]
    return found


def _parts(call: Mapping[str, Any]) -> list[tuple[str, Any]]:
    where = call["args"].get("where") or []
    groups = where["any"] if isinstance(where, dict) else [where]
    conditions = [(column, value) for group in groups for column, _, value in group]
    return conditions + [(change["column"], change["value"]) for change in call["args"].get("changes", [])]


def main() -> None:
    """Answer and verify, and print what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    asked = {q["id"]: q for part in ("seen", "sealed") for q in _lines(HERE / f"{part}.jsonl")}
    bundles: dict[str, Bundle] = {}
    for file in options.files:
        counts: Counter[str] = Counter()
        for row in _lines(file):
            q = asked[row["id"]]
            if q["table"] not in bundles:
                frame, target, id_column = table(q["table"])
                words = HERE / f"{q['table']}.yaml"
                bundles[q["table"]] = Bundle.fit(frame, target, id_column=id_column, dictionary=words)
            counts.update(_checked(q, row["calls"], bundles[q["table"]]))
        print(f"{file.name}: {dict(counts)}", flush=True)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _checked(q: dict[str, Any], calls: list[dict[str, Any]], bundle: Bundle) -> Counter[str]:
    """Answer one question with the calls that were chosen; return what was found."""
    terms, turns = terms_of(bundle), q.get("before") or []
    ids = frozenset(bundle.row_ids or map(str, range(bundle.row_count)))
    before = [call for turn in turns[-1:] for call in turn["calls"]]
    question = Question(q["question"], terms, ids.__contains__, before)
    previous = [call["args"].get("where") or [] for call in before]
    toolbox = Toolbox(bundle, previous=previous[-1] if previous else None)
    for call in calls:
        toolbox.call(call["tool"], call["args"])
    answer = answer_of(q["question"], toolbox.observations, bundle.schema, bundle={"sha256": bundle.sha256})
    found = Counter({"answers": 1, "calls": len(calls), "failed calls": sum(c.error is not None for c in answer.calls)})
    found["verified"] += verify(answer, bundle).ok
    if wrong := invented(question, calls, terms):
        found["invented"] += 1
        print(f"{q['id']}: {wrong}")
    return found


if __name__ == "__main__":
    main()
