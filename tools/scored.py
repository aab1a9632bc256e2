"""A language model as the predictor: it is asked for the label of a row, and how likely it finds each is calibrated.

The bundle keeps where the model is, the digest of its weights, and the prompt; the weights stay where they are. Nothing
is read from them unless the digest is the recorded one.
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tools.models import Floats
from tools.row_prompt import RowPrompt
from tools.schema import Schema

__all__ = ["PREFIX", "Scored", "Scorer", "opened"]

PREFIX = "llm:"
OPENER = "agent.llm.labelling"  # the one module above this layer: it is loaded where a bundle holds such a predictor
MOST_KEPT = 100_000  # rows whose scores are remembered


class Scorer(Protocol):
    """A model that finds labels more or less likely.

    Attributes
    ----------
    spec : str
        Where it is, from wherever it is read.
    sha256 : str
        Of its weights.
    template : Path or None
        The prompt that it was trained with, where it is kept beside it.
    """

    spec: str
    sha256: str
    template: Path | None

    def scores(self, prompt: RowPrompt, rows: Sequence[dict[str, Any]]) -> Floats:
        """Return the log-probability of each label's words, shape (n, k)."""


def opened(spec: str, sha256: str | None = None) -> Scorer:
    """Return a model by its name or path; refuse it where its digest is another one."""
    open_model: Callable[[str, str | None], Scorer] = import_module(OPENER).open_scorer
    return open_model(spec, sha256)


@dataclass(frozen=True)
class Scored:
    """A language model behind the schema.

    Parameters
    ----------
    spec : str
        Where it is: a Hugging Face directory, a name of the catalog, either with ``+`` and an adapter's directory.
    sha256 : str
        Of its weights.
    prompt : RowPrompt
    schema : Schema
    slope, shift : float
        Of the calibration: of the differences of log-probabilities, ``slope * difference + shift`` for two labels.
    """

    spec: str
    sha256: str
    prompt: RowPrompt
    schema: Schema
    slope: float = 1.0
    shift: float = 0.0
    _open: list["Scorer"] = field(default_factory=list, repr=False, compare=False)
    _known: OrderedDict[bytes, Floats] = field(default_factory=OrderedDict, repr=False, compare=False)

    @classmethod
    def bring(cls, scorer: "Scorer", prompt: RowPrompt, schema: Schema) -> Self:
        """Take over an open model with the prompt that it is asked with."""
        return cls(scorer.spec, scorer.sha256, prompt, schema, _open=[scorer])

    def _scorer(self) -> "Scorer":
        if not self._open:
            self._open.append(opened(self.spec, self.sha256))
        return self._open[0]

    @property
    def asked(self) -> NDArray[np.int64]:
        """The positions of the columns that the prompt shows: no other can matter."""
        return np.array([self.schema.names.index(column) for column in self.prompt.columns])

    def calibrated(self, slope: float, shift: float) -> Self:
        """Return this model with another calibration."""
        return replace(self, slope=slope, shift=shift)

    def scores(self, X: Floats) -> Floats:
        """Return what the model finds, uncalibrated: shape (n, k), for two labels the second's log-odds, shape (n, 1).

        A row that was asked about before is not asked about again.
        """
        keys = [row.tobytes() for row in np.ascontiguousarray(X[:, self.asked])]
        new = {key: at for at, key in enumerate(keys) if key not in self._known}
        if new:
            rows = [self.schema.decode_row(X[at]) for at in new.values()]
            self._known.update(zip(new, self._scorer().scores(self.prompt, rows), strict=True))
        found = np.array([self._known[key] for key in keys])
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return found[:, 1:] - found[:, :1] if found.shape[1] == 2 else found

    def probabilities(self, X: Floats) -> Floats:
        """Return calibrated probabilities in the schema's order of labels, shape (n, k)."""
        logits = self.slope * self.scores(X)
        if logits.shape[1] == 1:
            logits = np.hstack([np.zeros_like(logits), logits + self.shift])
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def to_json(self) -> dict[str, Any]:
        """Return what a bundle keeps."""
        prompt = self.prompt.model_dump(mode="json")
        return {
            "spec": self.spec,
            "sha256": self.sha256,
            "prompt": prompt,
            "slope": self.slope,
            "shift": self.shift,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any], schema: Schema) -> Self:
        """Return a predictor as stored; the model is opened when it is first asked."""
        prompt = RowPrompt.model_validate(stored["prompt"]).checked(schema, "the predictor's template")
        return cls(stored["spec"], stored["sha256"], prompt, schema, float(stored["slope"]), float(stored["shift"]))
