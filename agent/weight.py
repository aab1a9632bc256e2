"""The weight of the language model's own answer, learned once per bundle and model, and kept in the cache."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent import prompts
from agent.decision import learn_weight
from agent.explanation.evidence import Evidence
from agent.llm.catalog import home
from agent.llm.forking import ForkingChat
from tools.bundle import Bundle
from tools.errors import StorageError
from tools.observation import show_name
from tools.storage import write_file
from tools.toolbox import Toolbox

__all__ = ["ask_label", "weight_of"]

ROWS = 24  # half of them the least certain ones, where an answer can change a label
EXAMPLES = 3
_log = logging.getLogger(__name__)


def ask_label(bundle: Bundle, evidence: Evidence, row: Mapping[str, Any], chat: ForkingChat) -> dict[str, float]:
    """Return the language model's own probability of each label: the mean log-probability over both label orders."""
    labels = bundle.schema.labels
    found = bundle.neighbours.similar(bundle.schema.encode_row(row), EXAMPLES)
    examples = [(bundle.features_of(near["row"]), near["label"]) for near in found["rows"]]
    options = [f" {show_name(label)}" for label in labels]
    orders = [prompts.deciding(evidence, examples, bundle.schema, order) for order in (labels, labels[::-1])]
    scores = np.mean([chat.score(messages, "Label:", options) for messages in orders], axis=0)
    exp = np.exp(scores - scores.max())
    return {label: round(float(p), 9) for label, p in zip(labels, exp / exp.sum(), strict=True)}


def weight_of(
    bundle: Bundle,
    chat: ForkingChat,
    top: int,
    progress: Callable[[Iterator[int], int, str], Iterator[int]] | None = None,
) -> float:
    """Return how much the model's log-odds count beside the predictor's; learned on held-out rows on first use.

    Parameters
    ----------
    bundle : Bundle
        With held-out rows.
    chat : ForkingChat
        The language model; models without a digest of their weights are learned anew each time.
    top : int
        How many features the prompt shows.
    progress : callable, optional
        Wraps the loop over the rows: ``progress(rows, total, title)``.
    """
    file = _file(bundle, chat, top)
    if file is not None and file.exists():
        try:
            known = float(json.loads(file.read_text())["weight"])
        except (ValueError, KeyError, TypeError, OSError):
            known = math.nan
        if 0 <= known <= 1:
            return known
        _log.warning("%s cannot be read; the weight is learned again.", file)
    weight, gain, rows = _learn(bundle, chat, top, progress)
    if file is not None:
        _keep(file, {"weight": weight, "gain_nats_per_row": gain, "rows": rows})
    return weight


def _learn(
    bundle: Bundle, chat: ForkingChat, top: int, progress: Callable[[Iterator[int], int, str], Iterator[int]] | None
) -> tuple[float, float, int]:
    X, y, numbers = bundle.held_out()  # noqa: N806
    predicted = bundle.predictor.probabilities(X)
    chosen = _choose(predicted.max(axis=1))
    loop: Iterator[int] = iter(chosen)
    if progress is not None:
        loop = progress(loop, len(chosen), "learning how much the model's own answer counts")
    own = []
    for i in loop:
        row = bundle.features_of(int(numbers[i]))
        toolbox = Toolbox(bundle, row)
        for tool, args in (("probability", {}), ("explain", {"top": top})):
            toolbox.call(tool, args)
        answer = ask_label(bundle, Evidence(toolbox.observations), row, chat)
        own.append([answer[label] for label in bundle.schema.labels])
    weight, gain = learn_weight(predicted[chosen], np.array(own), [int(y[i]) for i in chosen])
    return weight, gain, len(chosen)


def _choose(certainty: NDArray[np.float64]) -> list[int]:
    """Return half the rows from the least certain on, half spread evenly over the rest."""
    order = np.argsort(certainty, kind="stable")
    uncertain, rest = order[: ROWS // 2], order[ROWS // 2 :]
    spread = rest[np.linspace(0, len(rest) - 1, min(ROWS - ROWS // 2, len(rest))).astype(int)] if len(rest) else rest
    return [int(i) for i in np.unique(np.concatenate([uncertain, spread]))]


def _file(bundle: Bundle, chat: ForkingChat, top: int) -> Path | None:
    about = chat.describe() or {}
    if not about.get("sha256"):
        return None
    parts = [bundle.sha256, about["sha256"], top, ROWS, EXAMPLES, prompts.DECIDE]
    return home() / "weights" / (hashlib.sha256(json.dumps(parts).encode()).hexdigest() + ".json")


def _keep(file: Path, found: dict[str, Any]) -> None:
    """Write the cache entry; a cache that cannot be written costs time, not the answer."""
    try:
        write_file(file, json.dumps(found).encode())
    except StorageError as error:
        _log.warning("The weight will be learned again: %s", error.message)
