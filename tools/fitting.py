"""The predictor of a bundle: trained, brought, or a language model that is asked; and on which rows it is measured."""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.attribution import Attributor
from tools.brought import dump_skops, load_skops, read_skops
from tools.errors import UserError, did_you_mean
from tools.models import Floats
from tools.predictor import KINDS, Predictor
from tools.row_prompt import RowPrompt
from tools.sampling import stratified
from tools.schema import Schema
from tools.scored import PREFIX, Scored, opened
from tools.storage import BROUGHT

__all__ = ["fit_predictor"]

LEVELLED = 0.05  # slope of a calibration: of the scores less than that is left
MOST_ASKED = 250  # held-out rows that a language model is calibrated on, and as many that it is measured on
FEW_ROWS = 30  # an accuracy measured on so few rows has a standard error of up to 0.09

Rows = NDArray[np.int64]


def fit_predictor(
    predictor: Any, template: str | Path | None, X: Floats, y: Rows, held_out: Rows, schema: Schema, seed: int
) -> tuple[Predictor, dict[str, bytes], Rows, list[str]]:
    """Return the predictor, the files that it needs, the rows to measure it on, and what to bear in mind then.

    Parameters
    ----------
    predictor, template
        As `Bundle.fit` takes them.
    X : ndarray, shape (n, d)
        All rows, encoded.
    y : ndarray, shape (n,)
        Their labels' indices.
    held_out : ndarray, shape (m,)
        Numbers of the rows that do not train it.
    schema : Schema
    seed : int

    Raises
    ------
    UserError
        There is no such predictor, or it does not fit the table.
    """
    train = np.setdiff1d(np.arange(len(y)), held_out)
    measured, extra = held_out, dict[str, bytes]()
    if isinstance(predictor, str) and predictor.startswith(PREFIX):
        prompted = _prompted(predictor.removeprefix(PREFIX), template, X[train], y[train], schema, seed)
        own, measured = _halves(held_out, y, seed)
        fitted = Predictor.score(prompted, X[own], y[own])
    elif template is not None:
        raise UserError("only a language model is asked by a template.", hint="Give it with predictor llm:PATH.")
    else:
        fitted, extra = _predictor(predictor, X[train], y[train], schema, seed)
    return fitted, extra, measured, _cautions(fitted, len(measured), shared=measured is held_out)


def _predictor(predictor: Any, X: Floats, y: Rows, schema: Schema, seed: int) -> tuple[Predictor, dict[str, bytes]]:
    """Return the predictor, trained or brought, and the file a brought one needs."""
    if isinstance(predictor, str) and predictor in KINDS:
        return Predictor.train(X, y, schema, predictor, seed), {}
    if isinstance(predictor, str | Path):
        if Path(predictor).suffix != ".skops":
            hint = f"{did_you_mean(str(predictor), KINDS)} Or give the path of a .skops file."
            raise UserError(f"there is no predictor {str(predictor)!r}.", hint=hint)
        data, name = read_skops(predictor), str(predictor)
    else:
        data, name = dump_skops(predictor), type(predictor).__name__
    return Predictor.bring(load_skops(data, name), schema), {BROUGHT: data}


def _prompted(spec: str, template: str | Path | None, X: Floats, y: Rows, schema: Schema, seed: int) -> Scored:
    """Return a language model with its prompt: the one given, the one it was trained with, or the default."""
    scorer = opened(spec)
    given = template or scorer.template
    if given is not None:
        return Scored.bring(scorer, RowPrompt.read(given, schema), schema)
    # The columns stand in the order in which `tallystick finetune` asks about them.
    attributor = Attributor(Predictor.train(X, y, schema, seed=seed), schema, X, seed)
    ranking = attributor.global_importance(X[np.random.default_rng(seed).permutation(len(X))])
    prompt = RowPrompt.default(schema.labels, [entry["feature"] for entry in ranking])
    return Scored.bring(scorer, prompt.checked(schema, "the template"), schema)


def _halves(held_out: Rows, y: Rows, seed: int) -> tuple[Rows, Rows]:
    """Return held-out rows to calibrate a model on, which may have seen the others, and held-out rows to measure it."""
    own = held_out[stratified(y[held_out], min(len(held_out) // 2, MOST_ASKED), seed)]
    rest = np.setdiff1d(held_out, own)
    if len(np.unique(y[rest])) < len(np.unique(y[held_out])):  # a label with one held-out row
        return held_out, held_out
    return own, rest[stratified(y[rest], MOST_ASKED, seed)]


def _cautions(fitted: Predictor, held_out: int, *, shared: bool) -> list[str]:
    """Return what to bear in mind when reading the measures; `shared` rows calibrated the predictor, too."""
    notes = []
    if fitted.kind == "llm":
        half = "half of the held-out rows calibrated the predictor: it is measured on the others"
        whole = "a label has one held-out row: all held-out rows calibrated the predictor, and measure it"
        notes.append(whole if shared else half)
        if fitted.selection["slope"] < LEVELLED:
            notes.append("the language model's scores hardly tell the labels apart: calibration nearly levels them")
    elif not fitted.native:
        notes.append("the predictor was brought: if it was trained on held-out rows, it measures better than it is")
    if held_out < FEW_ROWS:
        notes.append(f"only {held_out} rows are held out: the measures are rough")
    return notes
