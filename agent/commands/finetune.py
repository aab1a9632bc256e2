"""`tallystick finetune`: train a LoRA adapter on the rows of bundles."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent import console
from agent.commands import options
from tools.errors import UserError, did_you_mean
from tools.storage import write_file

if TYPE_CHECKING:
    from agent.training.example import Example
    from agent.training.rows import Recipe
    from tools.bundle import Bundle

__all__ = ["EXAMPLE", "finetune"]

AT_ONCE = 4  # examples in memory: explanations are long
PACKAGES = ("peft", "accelerate", "gguf")

EXAMPLE = "Example: tallystick finetune bundle/ --base smollm2-135m --out adapter/ --recipe explain"


def finetune(
    bundles: Annotated[list[Path], typer.Argument(metavar="BUNDLE...")],
    base: Annotated[
        str, typer.Option("--base", metavar="SPEC", help="Catalog or hub name, or a Hugging Face directory.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="ADAPTER", help="The adapter's directory.")],
    recipe: Annotated[
        str, typer.Option("--recipe", help="'explain': label and why; 'label-only': the label and nothing else.")
    ] = "explain",
    epochs: Annotated[float, typer.Option("--epochs", min=0.01)] = 3.0,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Of each bundle, at most.")] = 500,
    label_weight: Annotated[float, typer.Option("--label-weight", min=0, help="Of the label's loss.")] = 1.0,
    why_weight: Annotated[float, typer.Option("--why-weight", min=0, help="Of the explanation's loss.")] = 1.0,
    four_bit: Annotated[bool, typer.Option("--4bit", help="Hold the base in 4 bits.")] = False,
    gpu: Annotated[
        str | None, typer.Option("--gpu", help="Settings for a model like Llama-2-13b: '24gb' (in 4 bits) or '80gb'.")
    ] = None,
    longest: Annotated[int | None, typer.Option("--longest", min=16, help="Tokens of an example, at most.")] = None,
    judge_every: Annotated[
        int,
        typer.Option("--evaluate-every", min=0, metavar="STEPS", help="Keep the best by its words; 0: never."),
    ] = 100,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run ended.")] = False,
) -> None:
    """Train a LoRA adapter on the training rows of bundles: what the model says of a row, and why."""
    missing = next((name for name in PACKAGES if find_spec(name) is None), None)
    if missing is not None:
        raise UserError(f"Fine-tuning needs the package {missing}.", hint="pip install 'tallystick[finetune]'")
    from agent.llm import catalog
    from agent.llm.adapter import TEMPLATE
    from agent.llm.dequantize import dequantized
    from agent.training.finetune import LONGEST
    from agent.training.finetune import finetune as train
    from agent.training.judging import by_rows
    from agent.training.memory import PRESETS, memory_of
    from agent.training.rows import RECIPES, template_of
    from agent.training.trainer import Settings

    if recipe not in RECIPES:
        raise UserError(f"--recipe: there is no {recipe!r}.", hint=did_you_mean(recipe, RECIPES))
    named = dict(zip(_names(bundles), bundles, strict=True))
    opened = {name: options.bundle(path, None) for name, path in named.items()}
    directory = dequantized(base) if catalog.is_name(base) else Path(base)
    weights = {"label": label_weight, "why": why_weight}
    settings = Settings(epochs, weights=weights, seed=seed, four_bit=four_bit, judge_every=judge_every, at_once=AT_ONCE)
    if gpu is not None:
        if gpu not in PRESETS:
            raise UserError(f"--gpu: there is no {gpu!r}.", hint=did_you_mean(gpu, PRESETS))
        settings, longest = PRESETS[gpu].of(settings), longest or PRESETS[gpu].longest
    longest = longest or LONGEST
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    console.notes().print(f"Memory, worked out: {memory_of(config, settings, longest)}")
    judge = by_rows(list(opened.values()), recipe, seed) if judge_every else None
    make = partial(_examples, opened, recipe, rows, seed)
    source = " ".join([recipe, str(rows), *(one.sha256 for one in opened.values())])
    card = train(make, directory, out, settings, name=base, resume=resume, judge=judge, longest=longest, source=source)
    if recipe == "label-only" and len(opened) == 1:
        write_file(out / TEMPLATE, template_of(*opened.values()).to_yaml().encode())
    console.results().print(f"{out}: an adapter for {base}, trained on {sum(card.examples.values())} examples")
    console.results().print(f"Use it: tallystick classify BUNDLE ROWS --llm {base}+{out}")


def _names(bundles: list[Path]) -> list[str]:
    """Return what each bundle's table is called: its folder, and where two are called alike, its path.

    Examples
    --------
    >>> _names([Path("pima/bundle"), Path("cancer/bundle"), Path("iris")])
    ['pima/bundle', 'cancer/bundle', 'iris']
    """
    names = [path.resolve().name for path in bundles]
    return [name if names.count(name) == 1 else str(path) for name, path in zip(names, bundles, strict=True)]


def _examples(bundles: "Mapping[str, Bundle]", recipe: "Recipe", rows: int, seed: int) -> "Iterator[Example]":
    from agent.training.rows import examples_of

    for name, opened in bundles.items():
        yield from console.looping(examples_of(opened, recipe, name, rows, seed), rows, f"examples of {name}")
