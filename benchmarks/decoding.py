"""What decoding costs, way by way: tokens sampled and forced, forward passes, seconds per explanation.

    python -m benchmarks.decoding --rows 5 --out results/decoding.jsonl

Rows of the breast-cancer table, the small default model, the same weights everywhere. The ways:

- ``engine``: the PyTorch engine as it is
- ``one_by_one``: without forced tokens: each token of the answer goes through the model in a pass of its own
- ``no_reuse``: without prefix reuse: keys and values are dropped before each request
- ``generate``: transformers' `generate` writes the sentences, one call a step, over the same evidence and under the
  same sentences as an llguidance grammar; it does not gather and does not decide, so its whole is the writing alone
- ``langchain``: LangChain's stock path: `create_agent` over `ChatHuggingFace` over `HuggingFacePipeline`, same tools.
  Over a pipeline it leaves the tools out of the prompt (1.2.3), so that no model can call one: its seconds are those
  of an answer that knows nothing of the row
- ``llamacpp``: the llama.cpp engine, whose passes nobody can count from outside

``langchain`` needs ``pip install --no-deps --target FOLDER langchain-huggingface`` and ``--packages FOLDER``. Ways that
are in the file given by ``--out`` for as many rows are not run again. Medians over the rows; a table for people, then
one JSON line.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch
from langchain.agents import create_agent
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from transformers import LogitsProcessor, LogitsProcessorList, pipeline
from transformers.generation import StoppingCriteria, StoppingCriteriaList

from agent.classifier import Classifier
from agent.demo import bundle_and_rows
from agent.explanation.evidence import Evidence
from agent.explanation.writer import Writer
from agent.llm.chat import LocalChat
from agent.llm.dequantize import dequantized
from agent.llm.transformers import Transformers
from agent.prompts import explaining, gathering
from tools.bundle import Bundle
from tools.kit import langchain_tools
from tools.toolbox import Toolbox

MODEL = "smollm2-135m"
TOP, TEMPERATURE = 4, 0.7  # as the classifier's defaults
STEP_TOKENS = 200
Figures = dict[str, float]


def main() -> None:
    """Run the ways that are missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--out", type=Path, default=Path("results/decoding.jsonl"))
    parser.add_argument("--packages", type=Path, help="folder with langchain-huggingface")
    parser.add_argument("--seconds", type=float, default=120, help="most for a row on LangChain's stock path")
    parser.add_argument("--tokens", type=int, default=512, help="most for a row on LangChain's stock path")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    bundle, _ = bundle_and_rows()
    rows = [bundle.features_of(int(number)) for number in bundle.held_out()[2][: options.rows + 1]]
    for way in options.ways:
        if way not in read(options.out, options.rows):
            found = WAYS[way](bundle, rows, options)
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"way": way, "rows": found}) + "\n" if found else "")
    report(read(options.out, options.rows))


def read(out: Path, rows: int) -> dict[str, list[Figures]]:
    """Return the figures of each way that is done for so many rows."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return {entry["way"]: entry["rows"] for entry in map(json.loads, lines) if len(entry["rows"]) == rows}


def report(found: dict[str, list[Figures]]) -> None:
    """Print the medians, and how many times less than with `generate` the engine as it is takes."""
    medians = {way: {key: median(row[key] for row in rows) for key in rows[0]} for way, rows in found.items() if rows}
    keys = list(dict.fromkeys(key for each in medians.values() for key in each))
    print(f"{'':22}" + "".join(f"{way:>12}" for way in medians))
    for key in keys:
        print(
            f"{key:22}" + "".join(f"{each[key]:>12.4g}" if key in each else f"{'-':>12}" for each in medians.values())
        )
    ratios = {}
    if {"engine", "generate"} <= set(medians):
        for key in ("passes", "seconds", "write_passes", "write_seconds"):
            ratios[f"generate_to_engine_{key}"] = round(medians["generate"][key] / medians["engine"][key], 2)
    print("".join(f"{key:34}{value:>8}\n" for key, value in ratios.items()), end="")
    print(json.dumps({"rows": {way: len(rows) for way, rows in found.items()}, "medians": medians, **ratios}))


class Passes:
    """Counts the forward passes of a network, and the tokens that go through it."""

    def __init__(self, network: Any) -> None:
        self.passes = self.tokens = 0
        network.register_forward_pre_hook(self._count, with_kwargs=True)
        network.get_decoder().register_forward_pre_hook(self._count, with_kwargs=True)
        self._inside = False
        network.register_forward_hook(self._leave)

    def _count(self, module: Any, args: Any, kwargs: Any) -> None:
        """Count a pass once, whether the whole network is called or only what lies below its head."""
        outer = hasattr(module, "lm_head")
        if outer or not self._inside:
            ids = kwargs.get("input_ids", args[0] if args else None)
            self.passes, self.tokens = self.passes + 1, self.tokens + ids.numel()
        self._inside = outer

    def _leave(self, *_: Any) -> None:
        self._inside = False


# -- the product's engines -------------------------------------------------------------------------------------------


class OneByOne(Transformers):
    """The engine without forced tokens: what follows the prompt goes through the model token by token."""

    opening = 0

    def _logits(self, slot: int, prompt: list[int]) -> torch.Tensor:
        held, cache = self._kept[slot]
        shared = next((at for at, (a, b) in enumerate(zip(held, prompt, strict=False)) if a != b), len(held))
        known = min(shared, len(prompt)) if cache is not None else 0
        for end in range(max(known + 1, self.opening), len(prompt)):
            super()._logits(slot, prompt[:end])
        return super()._logits(slot, prompt)


class OneByOneChat(LocalChat):
    """Tells `OneByOne` where the prompt ends and the answer begins."""

    def _prompt(self, *args: Any, **settings: Any) -> Any:
        prompt = super()._prompt(*args, **settings)
        self._engine.opening = len(prompt.opening)
        return prompt


class NoReuse(Transformers):
    """The engine without prefix reuse."""

    def _logits(self, slot: int, prompt: list[int]) -> torch.Tensor:
        self._kept[slot] = ([], None)
        return super()._logits(slot, prompt)


def own(engine: type[Transformers], chat: type[LocalChat] = LocalChat) -> Callable[..., list[Figures]]:
    """Return the way of explaining with a kind of PyTorch engine."""

    def run(bundle: Bundle, rows: Sequence[Any], _: argparse.Namespace) -> list[Figures]:
        made = chat(engine=engine(dequantized(MODEL)))
        clf = Classifier(bundle, made, top=TOP, temperature=TEMPERATURE)
        counter = Passes(made._engine._network)
        return [explained(clf, row, counter) for row in warm(clf, rows)]

    return run


def llamacpp(bundle: Bundle, rows: Sequence[Any], _: argparse.Namespace) -> list[Figures]:
    """Explain with the llama.cpp engine."""
    clf = Classifier(bundle, LocalChat(model=MODEL), top=TOP, temperature=TEMPERATURE)
    found = [explained(clf, row, None) for row in warm(clf, rows)]
    clf.chat.close()
    return found


def warm(clf: Classifier, rows: Sequence[Any]) -> Iterator[Any]:
    """Explain the first row unmeasured, which learns the weight and reads what all prompts share; yield the others."""
    clf.classify(rows[0])
    for at, row in enumerate(rows[1:], start=1):
        yield row
        note(f"row {at} of {len(rows) - 1} with {type(clf.chat._engine).__name__}")


def explained(clf: Classifier, row: Any, counter: Passes | None) -> Figures:
    """Explain a row; `write_…` are the part of the figures that writing takes."""
    marks = [_mark(clf, counter)]
    for update in clf.graph.stream({"row": row}, stream_mode="updates"):
        marks.append(_mark(clf, counter))
        result = update
    whole = {key: marks[-1][key] - marks[0][key] for key in marks[0]}
    nodes = dict(zip(("gather", "decide", "write", "verify"), pairwise(marks), strict=True))
    before, after = nodes["write"]
    words = len(result["verify"]["explanation"].text.split())
    return {**whole, **{f"write_{key}": after[key] - before[key] for key in after}, "words": words}


def _mark(clf: Classifier, counter: Passes | None) -> Figures:
    work = clf.chat.usage
    counted = {} if counter is None else {"passes": counter.passes, "passed_tokens": counter.tokens}
    tokens = {"sampled": work.generated_tokens, "forced": work.forced_tokens}
    return {"seconds": time.perf_counter(), **counted, **tokens}


# -- transformers' own generate --------------------------------------------------------------------------------------


def generated(bundle: Bundle, rows: Sequence[Any], _: argparse.Namespace) -> list[Figures]:
    """Write with `generate` over the evidence that the engine gathers, which is not counted."""
    engine = Transformers(dequantized(MODEL))
    clf = Classifier(bundle, LocalChat(engine=engine), top=TOP, temperature=TEMPERATURE)
    counter, found = Passes(engine._network), []
    grammars = from_tokenizer(engine._tokenizer, n_vocab=engine._network.config.vocab_size)
    for at, row in enumerate(rows[1:], start=1):
        given = clf.classify(row)
        evidence = Evidence(given.observations, given.decision.model_dump())
        writer = GenerateWriter(evidence, TOP, clf.chat, explaining(evidence), TEMPERATURE, at)
        writer.engine, writer.grammars = engine, grammars
        before, started = (counter.passes, counter.tokens), time.perf_counter()
        steps = writer.write()
        seconds = time.perf_counter() - started
        work = {"seconds": seconds, "passes": counter.passes - before[0], "passed_tokens": counter.tokens - before[1]}
        work |= {"sampled": writer.sampled, "forced": 0}
        words = sum(len(step.text.split()) + 1 for step in steps)
        found.append({**work, **{f"write_{key}": value for key, value in work.items()}, "words": words})
        found[-1]["grammar_seconds"] = writer.grammar_seconds
        note(f"row {at} of {len(rows) - 1} with generate: {seconds:.0f} s")
    return found


class GenerateWriter(Writer):
    """The strict writer, each of whose steps is one call of `generate` under a grammar of the step's sentences."""

    engine: Transformers
    grammars: Any
    sampled = 0
    grammar_seconds = 0.0

    def _walk(self, texts: Sequence[str]) -> int:
        prefix = "\n".join(f"{number}. {step.text}" for number, step in enumerate(self.steps, start=1))
        prefix = f"{prefix}\n{len(self.steps) + 1}." if prefix else "1."
        prompt = self.chat._tokens(self.messages, prefix, whole=True).tokens
        started = time.perf_counter()
        matcher = LLMatcher(self.grammars, LLMatcher.grammar_from_regex(regex(sorted(set(texts)))))
        self.grammar_seconds += time.perf_counter() - started
        torch.manual_seed(self.seed + len(self.steps))
        ids = torch.tensor([prompt], device=self.engine.device)
        out = self.engine._network.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=self.temperature,
            top_k=0,
            max_new_tokens=STEP_TOKENS,
            logits_processor=LogitsProcessorList([Guided(matcher, len(prompt))]),
        )[0, len(prompt) :].tolist()
        self.sampled += len(out)
        written = self.engine._tokenizer.decode(out, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return texts.index(written)


class Guided(LogitsProcessor):
    """Leaves the tokens that a grammar allows."""

    def __init__(self, matcher: LLMatcher, start: int) -> None:
        self._matcher, self._seen = matcher, start
        self._mask: Any = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Take the tokens since the last call, then mask."""
        self._matcher.consume_tokens(input_ids[0, self._seen :].tolist())
        self._seen = input_ids.shape[1]
        if self._mask is None:
            self._mask = allocate_token_bitmask(1, scores.shape[1])
        fill_next_token_bitmask(self._matcher, self._mask, 0)
        bits = torch.from_numpy(self._mask[0].view("uint8"))
        allowed = (bits[:, None] >> torch.arange(8, dtype=torch.uint8)) & 1
        return scores.masked_fill(allowed.flatten()[: scores.shape[1]].to(scores.device) == 0, -torch.inf)


def regex(texts: Sequence[str]) -> str:
    """Return a regular expression for sorted, distinct texts, with what they begin with in common written once.

    Examples
    --------
    >>> regex(["a cat", "a cow", "a cow is"])
    'a c(?:at|ow(?:| is))'
    """
    first, last = texts[0], texts[-1]  # sorted: what these two have in common, all have
    alike = (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    common = first[: next(alike, len(first))]
    rests = [text[len(common) :] for text in texts]
    if len(rests) == 1:
        return escaped(common)
    groups: dict[str, list[str]] = {}
    for rest in rests:
        groups.setdefault(rest[:1], []).append(rest)
    return f"{escaped(common)}(?:{'|'.join(regex(group) for group in groups.values())})"


def escaped(text: str) -> str:
    """Escape what means something in a regular expression, and nothing else: this dialect knows no other escapes."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


# -- LangChain's stock path ------------------------------------------------------------------------------------------


def langchain(bundle: Bundle, rows: Sequence[Any], options: argparse.Namespace) -> list[Figures]:
    """Let LangChain's own chat model explain, with the same question and tools, within limits."""
    if options.packages:
        sys.path.append(str(options.packages))
    try:
        from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline  # noqa: PLC0415 - installed elsewhere
    except ImportError as error:
        note(f"langchain is left out: {error}. Install langchain-huggingface, and give --packages.")
        return []
    engine = Transformers(dequantized(MODEL))
    budget, counter = Budget(), Passes(engine._network)
    text = pipeline(
        "text-generation",
        model=engine._network,
        tokenizer=engine._tokenizer,
        max_new_tokens=options.tokens,
        return_full_text=False,
        stopping_criteria=StoppingCriteriaList([budget]),
    )
    chat = ChatHuggingFace(llm=HuggingFacePipeline(pipeline=text), model_id=str(engine.path))
    torch.manual_seed(0)  # a pipeline samples; once, as the question is the same for each row
    return [stock(chat, bundle, row, budget, counter, options) for row in rows[1:]]


class Budget(StoppingCriteria):
    """Ends the generation of a row when its time or its tokens are used up."""

    made, tokens, until = 0, 0, 0.0

    def begin(self, tokens: int, seconds: float) -> None:
        """Start a row."""
        self.made, self.tokens, self.until = 0, tokens, time.perf_counter() + seconds

    def over(self) -> bool:
        """Tell whether nothing is left."""
        return self.made >= self.tokens or time.perf_counter() > self.until

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:  # noqa: ARG002
        """Count a token."""
        self.made += 1
        return torch.full((input_ids.shape[0],), self.over(), device=input_ids.device)


def stock(chat: Any, bundle: Bundle, row: Any, budget: Budget, counter: Passes, options: argparse.Namespace) -> Figures:
    """Explain one row; `finished` without an error and within the limits, and how many tools were executed."""
    toolbox = Toolbox(bundle, row)
    agent = create_agent(chat, langchain_tools(toolbox, bundle))
    before, started, words, error = (counter.passes, counter.tokens), time.perf_counter(), 0, ""
    budget.begin(options.tokens, options.seconds)
    try:
        said = agent.invoke({"messages": gathering(bundle.schema)}, {"recursion_limit": 25})["messages"]
        words = len(str(said[-1].text).split())
    except Exception as failure:  # noqa: BLE001 - whatever it fails with is what is reported
        error = f"{type(failure).__name__}: {str(failure)[:200]}"
    seconds = time.perf_counter() - started
    finished = not error and not budget.over()
    note(f"langchain: {seconds:.0f} s, {len(toolbox.observations)} tools executed, finished: {finished} {error}")
    work = {"seconds": seconds, "passes": counter.passes - before[0], "passed_tokens": counter.tokens - before[1]}
    outcome = {"tools_executed": len(toolbox.observations), "finished": int(finished)}
    return {**work, "sampled": budget.made, "forced": 0, "words": words, **outcome}


def note(text: str) -> None:
    """Say how far it is, beside the results."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


WAYS: dict[str, Callable[..., list[Figures]]] = {
    "engine": own(Transformers),
    "one_by_one": own(OneByOne, OneByOneChat),
    "no_reuse": own(NoReuse),
    "generate": generated,
    "langchain": langchain,
    "llamacpp": llamacpp,
}

if __name__ == "__main__":
    main()
