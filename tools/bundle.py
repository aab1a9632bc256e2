"""A bundle: everything tallystick knows about one table, in one directory with one fingerprint.

In memory and on disk a bundle is the same few files of bytes: fitting writes them, loading checks every digest before
anything is parsed, and parts are parsed when they are first used. JSON and Parquet only, plus a skops file where
somebody brought a predictor. Knows nothing about the agent; see `storage.py` for the directory.
"""
# ruff: noqa: N802, N803, N806 - X is scikit-learn's name for a matrix of rows

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tools.attribution import Attributor
from tools.brought import dump_skops, load_skops, read_skops
from tools.errors import BundleError, ToolError, UserError, did_you_mean
from tools.models import Floats
from tools.neighbours import Neighbours
from tools.predictor import KINDS, Predictor, measure
from tools.sampling import stratified
from tools.schema import Row, Schema
from tools.statistics import Statistics
from tools.storage import BROUGHT, canonical, manifest, read_files, write_files
from tools.table import located

__all__ = ["Bundle"]

T = TypeVar("T")

HELD_OUT = 0.2
FEW_ROWS = 30  # an accuracy measured on so few rows has a standard error of up to 0.09


class Bundle:
    """Predictor, schema, statistics and rows of one table.

    Parameters
    ----------
    files : mapping
        Name to content; use `fit` or `load`.
    path : Path or None
        Where it was saved or loaded.

    Examples
    --------
    >>> import tempfile
    >>> rows = pd.DataFrame({"size": [float(i % 7) for i in range(40)], "class": ["ab"[i % 7 > 3] for i in range(40)]})
    >>> bundle = Bundle.fit(rows, "class", predictor="logistic")
    >>> path = Path(tempfile.mkdtemp()) / "bundle"
    >>> _ = bundle.save(path)
    >>> Bundle.load(path).sha256 == bundle.sha256
    True
    >>> bundle.features_of(6)
    {'size': 6}
    """

    def __init__(self, files: Mapping[str, bytes], path: Path | None = None) -> None:
        self._files = dict(files)
        self.path = path

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        target: str,
        *,
        id_column: str | None = None,
        dictionary: Mapping[str, Any] | str | Path | None = None,
        predictor: Any = "auto",
        seed: int = 0,
    ) -> Self:
        """Check the table, train and calibrate on 80 % of its rows, measure on the others.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_columns)
        target, id_column, dictionary
            As `Schema.infer` takes them.
        predictor : {"auto", "logistic", "gbdt"}, path of a ``.skops`` file, or fitted scikit-learn classifier
        seed : int
            Of the split, the folds and the samples; the same table and seed give the same fingerprint.

        Notes
        -----
        What was noted on the way is in ``schema.notes``.

        Raises
        ------
        UserError
            The table or the predictor does not fit; see `TableError`, `BundleError`.
        """
        with located(frame):
            schema = Schema.infer(frame, target, id_column, dictionary)
            checked, y, ids = schema.check(frame).frame, schema.label_indices(frame), schema.row_ids(frame)
        X = schema.encode(checked)
        held_out = stratified(y, round(len(y) * HELD_OUT), seed)
        train = np.setdiff1d(np.arange(len(y)), held_out)
        fitted, extra = _predictor(predictor, X[train], y[train], schema, seed)
        background = X[np.random.default_rng(seed).permutation(train)]
        report = {
            "seed": seed,
            "importance": Attributor(fitted, schema, background, seed).global_importance(background),
            "performance": {
                **measure(fitted.probabilities(X[held_out]), y[held_out]),
                "n_train": len(train),
                "out_of_fold_log_loss": fitted.selection.get("log_loss", {}),
            },
        }
        statistics = Statistics.compute(checked.iloc[train], y[train], schema)
        schema = schema.model_copy(update={"notes": (*schema.notes, *_cautions(fitted, len(held_out)))})
        return cls(
            {
                "predictor.json": canonical(fitted.to_json()),
                "report.json": canonical(report),
                "rows.parquet": _pack_rows(checked, schema, y, held_out, ids),
                "schema.json": canonical(schema.model_dump(mode="json")),
                "statistics.json": canonical(statistics.stored),
                **extra,
            }
        )

    # What it holds, parsed on first use.

    @cached_property
    def schema(self) -> Schema:
        """Features, labels and notes."""
        return self._parse("schema.json", Schema.model_validate_json)

    @cached_property
    def predictor(self) -> Predictor:
        """The calibrated predictor."""
        if BROUGHT in self._files:
            return Predictor.bring(load_skops(self._files[BROUGHT], BROUGHT), self.schema)
        return self._parse("predictor.json", lambda data: Predictor.from_json(json.loads(data)))

    @cached_property
    def attributor(self) -> Attributor:
        """Explains rows."""
        background = np.empty((0, len(self.schema.features)))
        if not self.predictor.native:
            background = self.X[np.random.default_rng(self._report["seed"]).permutation(np.flatnonzero(self.train))]
        return Attributor(self.predictor, self.schema, background, self._report["seed"])

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics of the training rows."""
        return Statistics(self.schema, self._parse("statistics.json", _statistics_of(self.schema)))

    @cached_property
    def neighbours(self) -> Neighbours:
        """Search among the training rows."""
        rows = np.flatnonzero(self.train)
        ids = None if self.row_ids is None else [self.row_ids[row] for row in rows]
        return Neighbours(self.X[rows], self.y[rows], ids, self.schema, self._report["seed"], rows=rows)

    @property
    def importance(self) -> list[dict[str, Any]]:
        """Global ranking: ``{"feature", "importance", "rank"}`` each."""
        ranking: list[dict[str, Any]] = self._report["importance"]
        return ranking

    @property
    def performance(self) -> dict[str, Any]:
        """Measures on the held-out rows (`predictor.measure`), and the log loss of the candidates."""
        measures: dict[str, Any] = self._report["performance"]
        return measures

    @cached_property
    def rows(self) -> pd.DataFrame:
        """All rows as checked, in the order of the table, with ``label`` and ``split`` ("train" or "held-out")."""
        return pd.DataFrame(
            {name: _column(self._table[name]) for name in [*self.schema.names, "label", "split"]},
            index=pd.RangeIndex(self._table.num_rows),
        )

    @cached_property
    def row_ids(self) -> tuple[str, ...] | None:
        """Id of each row, where the table has an id column."""
        return tuple(self._table["row_id"].to_pylist()) if "row_id" in self._table.column_names else None

    @cached_property
    def X(self) -> Floats:
        """All rows encoded, shape (n, d)."""
        return self.schema.encode(self.rows)

    @cached_property
    def y(self) -> NDArray[np.int64]:
        """Label index of every row, shape (n,)."""
        index = {label: position for position, label in enumerate(self.schema.labels)}
        return np.array([index[label] for label in self.rows["label"]], dtype=np.int64)

    @cached_property
    def train(self) -> NDArray[np.bool_]:
        """Which rows trained the predictor, shape (n,)."""
        return np.array(self.rows["split"] == "train")

    def held_out(self) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
        """Return the held-out rows: encoded (n, d), label indices (n,) and row numbers (n,)."""
        rows = np.flatnonzero(~self.train)
        return self.X[rows], self.y[rows], rows

    def features_of(self, row_number: int) -> Row:
        """Return one row of the table, typed.

        Raises
        ------
        ToolError
            There is no such row.
        """
        if not 0 <= row_number < len(self.X):
            raise ToolError(f"there is no row {row_number}.", hint=f"Rows are numbered 0 to {len(self.X) - 1}.")
        return self.schema.decode_row(self.X[row_number])

    # The files.

    @cached_property
    def sha256(self) -> str:
        """The fingerprint: SHA-256 of the canonical manifest, which holds the digest of every file."""
        return hashlib.sha256(manifest(self._files)).hexdigest()

    @cached_property
    def _report(self) -> dict[str, Any]:
        return self._parse("report.json", _report_of)

    @cached_property
    def _table(self) -> pa.Table:
        names = [*self.schema.names, "label", "split", *(["row_id"] if self.schema.id_column is not None else [])]
        return self._parse("rows.parquet", lambda data: pq.read_table(pa.BufferReader(data)).select(names))

    def _parse(self, name: str, parse: Callable[[bytes], T]) -> T:
        try:
            return parse(self._files[name])
        except (ValueError, KeyError, TypeError, RecursionError, pa.ArrowException) as error:
            where = name if self.path is None else self.path / name
            raise BundleError(f"{where} is not as this program writes it.", hint="Fit the bundle again.") from error

    def save(self, path: str | Path) -> Path:
        """Write the directory, whole or not at all; a bundle that is there is replaced.

        Raises
        ------
        BundleError
            Something else is there.
        StorageError
            It cannot be written.
        """
        path = Path(path).absolute()
        write_files(path, self._files)
        self.path = path
        return path

    @classmethod
    def load(cls, path: str | Path, sha256: str | None = None) -> Self:
        """Read a bundle; every file is held against the manifest before it is parsed.

        Parameters
        ----------
        path : str or Path
        sha256 : str, optional
            Refuse a bundle with another fingerprint.

        Raises
        ------
        BundleError
            It is no bundle, damaged, of a newer format, or another one.
        """
        path = Path(path).absolute()
        bundle = cls(read_files(path), path)
        if sha256 is not None and bundle.sha256 != sha256:
            message = f"{path}: has the fingerprint {bundle.sha256[:12]}…, not {sha256[:12]}…."
            raise BundleError(message, hint="Give the bundle that was used.")
        return bundle


def _predictor(
    predictor: Any, X: Floats, y: NDArray[np.int64], schema: Schema, seed: int
) -> tuple[Predictor, dict[str, bytes]]:
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


def _cautions(fitted: Predictor, held_out: int) -> list[str]:
    """Return what to bear in mind when reading the measures."""
    notes = []
    if not fitted.native:
        notes.append("the predictor was brought: if it was trained on held-out rows, it measures better than it is")
    if held_out < FEW_ROWS:
        notes.append(f"only {held_out} rows are held out: the measures are rough")
    return notes


def _report_of(data: bytes) -> dict[str, Any]:
    report = json.loads(data)
    kinds = {"seed": int, "importance": list, "performance": dict}
    if not all(isinstance(report[key], kind) for key, kind in kinds.items()):
        raise TypeError(kinds)
    return dict(report)


def _statistics_of(schema: Schema) -> Callable[[bytes], dict[str, Any]]:
    def parse(data: bytes) -> dict[str, Any]:
        stored = json.loads(data)
        if set(stored["features"]) != set(schema.names):
            raise ValueError(set(schema.names))
        return dict(stored)

    return parse


def _pack_rows(
    frame: pd.DataFrame, schema: Schema, y: NDArray[np.int64], held_out: NDArray[np.int64], ids: tuple[str, ...] | None
) -> bytes:
    split = np.full(len(y), "train", dtype=object)
    split[held_out] = "held-out"
    columns: dict[str, Any] = {name: frame[name].tolist() for name in schema.names if schema.by_name[name].categories}
    columns = {name: columns.get(name, frame[name].to_numpy()) for name in schema.names}
    columns |= {"label": [schema.labels[code] for code in y], "split": split.tolist()}
    columns |= {} if ids is None else {"row_id": list(ids)}
    packed = io.BytesIO()
    pq.write_table(pa.table(columns), packed)
    return packed.getvalue()


def _column(column: pa.ChunkedArray) -> "pd.Series[Any]":
    text = pa.types.is_string(column.type) or pa.types.is_null(column.type)
    return pd.Series(column.to_pylist(), dtype=object) if text else pd.Series(column.to_numpy())
