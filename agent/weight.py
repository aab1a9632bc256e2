"""The weight of the language model's own answer, learned once per bundle and model, and kept in the cache."""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import BaseMessage
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
BATCH = 4  # rows, each asked for over both label orders
_log = logging.getLogger(__name__)


def ask_label(bundle: Bundle, evidence: Evidence, row: Mapping[str, Any], chat: ForkingChat) -> dict[str, float]:
    """Return the language model's own probability of each label: the mean log-probability over both label orders."""
    return _own(bundle, chat, [_conversations(bundle, evidence, row)])[0]


def _conversations(bundle: Bundle, evidence: Evidence, row: Mapping[str, Any]) -> list[list[BaseMessage]]:
    """Return the question for the label of a row, over both label orders."""
    labels = bundle.schema.labels
    found = bundle.neighbours.similar(bundle.schema.encode_row(row), EXAMPLES)
    examples = [(bundle.features_of(near["row"]), near["label"]) for near in found["rows"]]
    return [prompts.deciding(evidence, examples, bundle.schema, order) for order in (labels, labels[::-1])]


def _own(bundle: Bundle, chat: ForkingChat, asked: Sequence[list[list[BaseMessage]]]) -> list[dict[str, float]]:
    """Return the model's own probabilities for several rows."""
    labels = bundle.schema.labels
    options = [f" {show_name(label)}" for label in labels]
    scores = np.array(chat.score_all([messages for orders in asked for messages in orders], "Label:", options))
    mean = scores.reshape(len(asked), 2, len(labels)).mean(axis=1)
    exp = np.exp(mean - mean.max(axis=1, keepdims=True))
    shares = exp / exp.sum(axis=1, keepdims=True)
    return [{label: round(float(p), 9) for label, p in zip(labels, row, strict=True)} for row in shares]


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
    groups = range(0, len(chosen), BATCH)
    loop: Iterator[int] = iter(groups)
    if progress is not None:
        loop = progress(loop, len(groups), "learning how much the model's own answer counts")
    own = []
    for at in loop:
        rows = [bundle.features_of(int(numbers[i])) for i in chosen[at : at + BATCH]]
        answers = _own(bundle, chat, [_conversations(bundle, _explained(bundle, row, top), row) for row in rows])
        own += [[answer[label] for label in bundle.schema.labels] for answer in answers]
    weight, gain = learn_weight(predicted[chosen], np.array(own), [int(y[i]) for i in chosen])
    return weight, gain, len(chosen)


def _explained(bundle: Bundle, row: Mapping[str, Any], top: int) -> Evidence:
    toolbox = Toolbox(bundle, dict(row))
    for tool, args in (("probability", {}), ("explain", {"top": top})):
        toolbox.call(tool, args)
    return Evidence(toolbox.observations)


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
