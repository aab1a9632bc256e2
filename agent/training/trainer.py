"""LoRA fine-tuning with checkpoints: what is killed at any moment goes on to the same result.

The loop is transformers' `Trainer`; ours are the loss, the record of every step, and what is a whole checkpoint.
"""

import json
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import peft
import psutil
import torch
import transformers
from torch.utils.data import Dataset
from tqdm import tqdm

from agent.evaluation.run import read_lines
from agent.llm.weights import LOCAL, four_bits, quiet
from agent.training.encoding import Encoded
from agent.training.loss import batched, loss_of
from tools.errors import StorageError, UserError
from tools.storage import write_file

__all__ = ["JUDGED", "QUALITY", "STEPS", "Settings", "train"]

QUALITY = "quality"  # the measure that the best is chosen by

WHOLE = "whole"  # a file that a checkpoint gets last
STEPS, JUDGED, BEST, LAST = "steps.jsonl", "judged.jsonl", "best", "last"
ADAPTER = ("adapter_model.safetensors", "adapter_config.json")
PATIENCE = 3  # evaluations in a row that are worse than the best: then training ends
WARM_UP = 0.05  # of all steps
LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True)
class Settings:
    """How a model is trained.

    Attributes
    ----------
    epochs : float
    learning_rate : float
    batch : int
        Examples whose losses are added up for a step.
    rank : int
        Of the adapter's matrices (LoRA, Hu et al. 2021, arXiv 2106.09685); their product is scaled by 2.
    weights : mapping of str to float
        How much each kind of example counts.
    save_every : int
        Steps between checkpoints.
    judge_every : int
        Steps between evaluations, at checkpoints; 0 for none.
    seed : int
    four_bit : bool
        Hold the base in 4 bits (QLoRA, Dettmers et al. 2023, arXiv 2305.14314). For memory; a CPU gets slower by it.
    at_once : int
        Examples in memory at the same time.
    start : str
        The directory of an adapter to go on from; empty for a new one.
    checkpointing : bool
        Compute activations again in the backward pass instead of keeping them: less memory, a third more time.
    """

    epochs: float = 3.0
    learning_rate: float = 3e-4
    batch: int = 16
    rank: int = 8
    weights: Mapping[str, float] = field(default_factory=dict)
    save_every: int = 50
    judge_every: int = 0
    seed: int = 0
    four_bit: bool = False
    at_once: int = 8
    start: str = ""
    checkpointing: bool = False


class _Examples(Dataset[Encoded]):
    """All examples of all epochs in the order in which they are learned: going on is then a matter of counting."""

    def __init__(self, examples: Sequence[Encoded], settings: Settings) -> None:
        self._examples = examples
        self._order = order([len(example.tokens) for example in examples], settings)

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, at: int) -> Encoded:
        return self._examples[self._order[at]]


def order(lengths: Sequence[int], settings: Settings) -> list[int]:
    """Return which examples are learned when: in each epoch all of them once, batches of similar length, shuffled.

    Examples
    --------
    >>> order([9, 1, 8, 2], Settings(epochs=1, batch=2))
    [1, 3, 2, 0]
    """
    chance, found = np.random.default_rng(settings.seed), list[int]()
    while len(found) < round(settings.epochs * len(lengths)):
        noise = np.asarray(lengths) * chance.uniform(0.9, 1.1, len(lengths))  # other neighbours in each epoch
        by_length = np.argsort(noise, kind="stable")
        batches = [by_length[at : at + settings.batch] for at in range(0, len(lengths), settings.batch)]
        found += [int(example) for at in chance.permutation(len(batches)) for example in batches[at]]
    return found[: round(settings.epochs * len(lengths))]


class _Trainer(transformers.Trainer):
    """The trainer with the loss over forks."""

    loss_is_scaled_for_ga = False  # a mean over the examples in memory

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Any:
        loss = loss_of(model, inputs)
        return (loss, {}) if return_outputs else loss


class _Steps(transformers.TrainerCallback):
    """Writes a JSON line for each step, and marks a checkpoint when it is whole."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._bar: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self._bar = tqdm(total=state.max_steps, initial=state.global_step, desc="training", disable=None)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self._bar.close()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:  # noqa: ARG002
        if logs and "loss" in logs:
            self._bar.update(state.global_step - self._bar.n)
            self._bar.set_postfix(loss=f"{logs['loss']:.3f}")
            line = {"step": state.global_step, "epoch": round(state.epoch, 4), **logs}
            with (self._out / STEPS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        write_file(self._out / f"checkpoint-{state.global_step}" / WHOLE, b"")


class _Judging(transformers.TrainerCallback):
    """Judges checkpoints, keeps the best of them, and ends a training whose checkpoints no longer get better."""

    def __init__(self, out: Path, settings: Settings, judge: Callable[[Path], dict[str, float]]) -> None:
        self._out, self._every, self._judge = out, settings.judge_every, judge

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self._judged(state, control)  # what a run was killed before

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        self._judged(state, control)

    def _judged(self, state: Any, control: Any) -> None:
        step, due = state.global_step, state.global_step % self._every == 0 or state.global_step == state.max_steps
        known = read_lines(self._out / JUDGED)
        if step and due and step not in {line["step"] for line in known}:
            checkpoint = self._out / f"checkpoint-{step}"
            known.append({"step": step, **self._judge(checkpoint)})
            if known[-1][QUALITY] >= max(line[QUALITY] for line in known):
                for name in ADAPTER:
                    write_file(self._out / BEST / name, (checkpoint / name).read_bytes())
            write_file(self._out / JUDGED, "".join(f"{json.dumps(line)}\n" for line in known).encode())
        best = max(range(len(known)), key=lambda at: (known[at][QUALITY], at), default=0)
        if len(known) - 1 - best >= PATIENCE:
            control.should_training_stop = True


def train(
    base: Path,
    examples: Sequence[Encoded],
    out: Path,
    settings: Settings,
    pad: int,
    *,
    resume: bool = False,
    judge: Callable[[Path], dict[str, float]] | None = None,
) -> Path:
    """Train an adapter; return the directory with the best one, or without a judge with the last one.

    Parameters
    ----------
    base : Path
        A Hugging Face directory.
    examples : sequence of Encoded
    out : Path
        Where checkpoints and ``steps.jsonl`` go.
    settings : Settings
    pad : int
        A token to fill up with.
    resume : bool
        Go on from the last whole checkpoint.
    judge : callable, optional
        From an adapter's directory to measures; by ``quality`` the best is chosen.

    Raises
    ------
    StorageError
        If the folder holds another run.
    UserError
        If several processes are to train together.
    """
    last = _last_whole(out, settings, resume=resume)
    transformers.set_seed(settings.seed)
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)  # all, busy or not: sums depend on how many
    network = _adapted(base, settings)
    trainer = _Trainer(
        model=network,
        args=_arguments(out, settings),
        train_dataset=_Examples(examples, settings),
        data_collator=lambda items: batched(items, settings.weights, pad),
        callbacks=[_Steps(out), *([_Judging(out, settings, judge)] if judge and settings.judge_every else [])],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    if (out / BEST).is_dir():
        return out / BEST
    network.save_pretrained(out / LAST)
    return out / LAST


def _adapted(base: Path, settings: Settings) -> Any:
    """Return the base with an adapter on all linear layers: a new one, or one to go on from."""
    options: dict[str, Any] = {}
    if settings.four_bit:
        options["quantization_config"] = four_bits()
    lora = peft.LoraConfig(r=settings.rank, lora_alpha=2 * settings.rank, target_modules=LAYERS, task_type="CAUSAL_LM")
    with quiet(), warnings.catch_warnings():  # peft asks transformers for properties by their old names
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.* is deprecated", FutureWarning)
        network = transformers.AutoModelForCausalLM.from_pretrained(
            base, dtype=_dtype(), use_safetensors=True, **LOCAL, **options
        )
        if settings.four_bit:  # what is not quantized becomes float32: norms, embeddings and the output layer
            network = peft.prepare_model_for_kbit_training(network, use_gradient_checkpointing=False)  # type: ignore[no-untyped-call]
        if settings.start:
            return peft.PeftModel.from_pretrained(network, settings.start, is_trainable=True)
        return peft.get_peft_model(network, lora)


def _dtype() -> torch.dtype:
    """Return bfloat16 where the machine computes with it; a processor that does not is 25 times slower by it."""
    here: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # newer versions of PyTorch tell
    own = any(here.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch.bfloat16 if torch.cuda.is_available() or own else torch.float32


def _arguments(out: Path, settings: Settings) -> transformers.TrainingArguments:
    recomputed: dict[str, Any] = {}
    if settings.checkpointing:
        recomputed = {"activation_checkpointing": True, "activation_checkpointing_kwargs": {"use_reentrant": False}}
    arguments = transformers.TrainingArguments(
        output_dir=str(out),
        num_train_epochs=1,  # the examples of all epochs are in line
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=min(settings.at_once, settings.batch),
        gradient_accumulation_steps=-(-settings.batch // settings.at_once),
        **recomputed,
        lr_scheduler_type="cosine",
        warmup_steps=WARM_UP,
        logging_steps=1,
        save_steps=settings.save_every,
        save_total_limit=2,
        seed=settings.seed,
        data_seed=settings.seed,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,  # the bar is ours
        dataloader_pin_memory=False,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # places belong to the whole batch: it cannot be scattered
    if arguments.world_size > 1:
        hint = "A training uses one: start it by itself, not by torchrun."
        raise UserError(f"{arguments.world_size} processes were started.", hint=hint)
    return arguments


def _last_whole(out: Path, settings: Settings, *, resume: bool) -> Path | None:
    """Return the last checkpoint that was written to its end; what was begun is thrown away."""
    out.mkdir(parents=True, exist_ok=True)
    kept, said = out / "settings.json", json.dumps(asdict(settings), sort_keys=True)
    found = sorted(out.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    if found and not resume:
        raise StorageError(f"{out}: holds a run that was begun.", hint="Go on with --resume, or give another folder.")
    if resume and kept.exists() and kept.read_text(encoding="utf-8") != said:
        raise StorageError(f"{out}: holds a run with other settings.", hint="Give the same ones, or another folder.")
    write_file(kept, said.encode())
    for path in found:
        if not (path / WHOLE).exists():
            shutil.rmtree(path)
    whole = [path for path in found if path.exists()]
    return whole[-1] if whole else None
