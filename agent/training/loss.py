"""The loss: cross-entropy over what is allowed at forks, and over the whole vocabulary at words."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from agent.training.encoding import Encoded, Place

__all__ = ["batched", "loss_of"]

FORK, WORD = 1.0, 0.3  # of an example's loss: at its forks, where a grammar leaves a choice, and at its words


def batched(examples: Sequence[Encoded], weights: Mapping[str, float], pad: int) -> dict[str, torch.Tensor]:
    """Return examples as one batch.

    Parameters
    ----------
    examples : sequence of Encoded
    weights : mapping of str to float
        How much each kind of example counts; 1 where it is not named.
    pad : int
        The token that fills up shorter ones.

    Returns
    -------
    dict of Tensor
        ``input_ids`` and ``attention_mask``, shape (examples, longest); for each place ``row``, ``at``, ``weight``,
        ``fork`` (shape (places,)) and ``allowed``, shape (places, most), the right token first, filled up with -1.
        Sizes are rounded up; what fills them up has no weight.
    """
    longest = _rounded(max(len(example.tokens) for example in examples), 32)
    ids = torch.full((len(examples), longest), pad)
    mask = torch.zeros((len(examples), longest), dtype=torch.long)
    rows, places, shares = [], [], []
    for row, example in enumerate(examples):
        ids[row, : len(example.tokens)] = torch.tensor(example.tokens)
        mask[row, : len(example.tokens)] = 1
        forks = sum(bool(place.allowed) for place in example.places)
        parts = {True: FORK / max(1, forks), False: WORD / max(1, len(example.places) - forks)}
        for place in example.places:
            rows.append(row)
            places.append(place)
            shares.append(weights.get(example.kind, 1.0) * parts[bool(place.allowed)] / len(examples))
    for _ in range(_rounded(len(places), 64) - len(places)):
        rows.append(0)
        places.append(Place(0, pad))
        shares.append(0.0)
    most = _rounded(max(len(place.allowed) for place in places), 8)
    allowed = torch.full((len(places), most), -1)
    for n, place in enumerate(places):
        options = [place.token, *(token for token in place.allowed if token != place.token)]
        allowed[n, : len(options)] = torch.tensor(options)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "row": torch.tensor(rows, dtype=torch.long),
        "at": torch.tensor([place.at for place in places], dtype=torch.long),
        "weight": torch.tensor(shares),
        "fork": torch.tensor([bool(place.allowed) for place in places]),
        "allowed": allowed,
    }


def _rounded(size: int, step: int) -> int:
    """Return a size rounded up: every new shape costs a CPU's kernels time and memory."""
    return max(1, -(-size // step)) * step


def loss_of(network: nn.Module, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the weighted loss of a batch; a scalar."""
    logits = _logits(network, batch)
    right = logits.gather(1, batch["allowed"][:, :1]).squeeze(1)
    rivals = torch.where(batch["fork"], _among(logits, batch["allowed"]).logsumexp(1), logits.logsumexp(1))
    return ((rivals - right) * batch["weight"]).sum()


def _logits(network: nn.Module, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the logits at the places, shape (places, vocabulary): the output layer sees no other hidden state."""
    outer: Any = network
    causal = outer.get_base_model() if hasattr(outer, "get_base_model") else outer
    hidden = causal.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    logits: torch.Tensor = causal.lm_head(hidden[batch["row"], batch["at"]])
    return logits.float()


def _among(logits: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Return the logits of what is allowed, the right one first."""
    return logits.gather(1, allowed.clamp(min=0)).masked_fill(allowed < 0, -torch.inf)
