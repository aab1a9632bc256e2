"""A predictor somebody brought: any fitted scikit-learn classifier or pipeline, stored with skops, never pickled.

A skops file names the types it will build. Only those skops trusts by itself and the fixed list below are built; the
file's size is bounded too. That is no proof against a hostile file (skops trusts much of scikit-learn), so bring files
you have reason to trust; inside a bundle the digest is checked before anything is parsed.
"""
# ruff: noqa: N803 - X is scikit-learn's name for a matrix of rows

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from tools.errors import BundleError, TableError, UserError, did_you_mean
from tools.kinds import text_of
from tools.models import Floats
from tools.schema import Schema

__all__ = ["TRUSTED", "Brought", "dump_skops", "load_skops", "read_skops"]

TRUSTED = frozenset(
    {
        "numpy.dtype",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
    }
)
MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Brought:
    """A fitted classifier behind the schema.

    It sees the table as pandas reads it: categories as text, NaN (not None) where a value is missing.

    Parameters
    ----------
    fitted : object
        Has ``classes_`` and ``predict_proba``.
    schema : Schema
    columns : tuple of str or None
        The columns of the table it was fitted on; None where it was fitted on an array.
    order : tuple of int
        Position, among its classes, of each label.
    """

    fitted: Any
    schema: Schema
    columns: tuple[str, ...] | None
    order: tuple[int, ...]

    @classmethod
    def wrap(cls, fitted: Any, schema: Schema) -> Self:
        """Check that a fitted model fits the schema.

        Raises
        ------
        UserError
            It is no fitted classifier, knows other labels, or needs columns that the schema lacks.
        """
        if not hasattr(fitted, "predict_proba") or not hasattr(fitted, "classes_"):
            hint = "Give a fitted scikit-learn classifier or pipeline with predict_proba."
            raise UserError(f"{type(fitted).__name__} cannot be used as predictor.", hint=hint)
        classes = [text_of(value) for value in np.asarray(fitted.classes_).tolist()]
        if sorted(classes) != sorted(schema.labels):
            hint = "Fit it on this table's target."
            raise UserError(f"the predictor's classes {classes} are not the labels {list(schema.labels)}.", hint=hint)
        names = getattr(fitted, "feature_names_in_", None)
        columns = None if names is None else tuple(str(name) for name in names)
        _check_columns(fitted, columns, schema)
        return cls(fitted, schema, columns, tuple(classes.index(label) for label in schema.labels))

    def probabilities(self, X: Floats) -> Floats:
        """Return probabilities in the schema's order of labels, shape (n, k).

        Raises
        ------
        TableError
            The model cannot take these rows.
        """
        rows = X if self.columns is None else self.schema.decode(X)[list(self.columns)]
        try:
            found = np.asarray(self.fitted.predict_proba(rows), dtype=np.float64)[:, list(self.order)]
        except (ValueError, TypeError) as error:
            hint = "If values are missing, put an imputer into its pipeline."
            raise TableError(
                f"the brought predictor refuses the rows: {str(error).splitlines()[0][:200].rstrip('.')}.", hint=hint
            ) from error
        if not np.isfinite(found).all():
            raise UserError("the brought predictor's probabilities are not all numbers.", hint="Fit it again.")
        if not np.allclose(found.sum(axis=1), 1.0) or (found < 0).any():
            raise UserError("the brought predictor's probabilities do not sum to 1.", hint="Calibrate it first.")
        return np.asarray(found / found.sum(axis=1, keepdims=True))


def _check_columns(fitted: Any, columns: tuple[str, ...] | None, schema: Schema) -> None:
    for column in columns or ():
        if column not in schema.by_name:
            hint = did_you_mean(column, schema.names)
            raise UserError(f"the predictor needs column {column!r}, which is no feature of the table.", hint=hint)
    if columns is not None:
        return
    texts = [feature.name for feature in schema.features if feature.kind == "categorical"]
    width = getattr(fitted, "n_features_in_", len(schema.features))
    if texts or width != len(schema.features):
        what = f"{width} columns of numbers, the table has {len(schema.features)} features, {len(texts)} of them text"
        raise UserError(f"the predictor was fitted on {what}.", hint="Fit it on a DataFrame with the table's columns.")


def read_skops(path: str | Path) -> bytes:
    """Return the bytes of ``FILE.skops``, for `load_skops`; a large file is refused."""
    try:
        if Path(path).stat().st_size <= MOST_BYTES:
            return Path(path).read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror}.", hint="Give a file made by skops.") from error
    raise BundleError(f"{path}: larger than {MOST_BYTES} bytes.", hint="Bring a smaller model.")


def load_skops(data: bytes, name: str) -> Any:
    """Build the object a skops file holds.

    Raises
    ------
    BundleError
        It is no skops file, too large, or asks for a type that is not on the list; the type is named.
    """
    from skops import io as skops  # noqa: PLC0415 - slow to import, and only brought predictors need it

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        unknown = sorted(set(skops.get_untrusted_types(data=data)) - TRUSTED) if size <= MOST_BYTES else []
        fitted = None if unknown or size > MOST_BYTES else skops.loads(data, trusted=sorted(TRUSTED))
    except Exception as error:  # whatever a damaged file makes skops raise
        hint = "Write it with skops.io.dump; pickle and joblib files are not read."
        raise BundleError(f"{name}: not a usable skops file ({type(error).__name__}).", hint=hint) from error
    if size > MOST_BYTES:
        raise BundleError(f"{name}: unpacks to {size} bytes.", hint="Bring a smaller model.")
    if unknown:
        hint = "Build the predictor from scikit-learn's own classes."
        raise BundleError(f"{name}: the type {unknown[0]} is not trusted.", hint=hint)
    return fitted


def dump_skops(fitted: Any) -> bytes:
    """Return a skops file of a fitted model, the same bytes for the same model.

    skops names array files by memory address and stamps them with the time: both are replaced by their order.
    """
    from skops import io as skops  # noqa: PLC0415

    with zipfile.ZipFile(io.BytesIO(skops.dumps(fitted))) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    text = parts.pop("schema.json").decode("utf-8")
    order = dict.fromkeys(re.findall(r'(?:"__id__": |"file": ")(\d+)', text))
    numbers = {address: str(number) for number, address in enumerate(order)}
    text = re.sub(r'("__id__": |"file": ")(\d+)', lambda found: found[1] + numbers[found[2]], text)
    renamed = {re.sub(r"^\d+", lambda found: numbers[found[0]], name): part for name, part in parts.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in sorted([*renamed.items(), ("schema.json", text.encode())]):
            archive.writestr(zipfile.ZipInfo(name), part)
    return packed.getvalue()
