"""A bundle: everything tallystick knows about one table, in one directory with one fingerprint.

In memory and on disk a bundle is the same few files of bytes: fitting writes them, loading checks every digest before
anything is parsed, and parts are parsed when they are first used. JSON and Parquet only, plus a skops file where
somebody brought a predictor. Knows nothing about the agent; see `storage.py` for the directory.
"""
# ruff: noqa: N802, N806 - X is scikit-learn's name for a matrix of rows

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from tools.attribution import MOST_BACKGROUND, Attributor
from tools.brought import load_skops
from tools.errors import BundleError, ToolError
from tools.fitting import fit_predictor
from tools.models import Floats
from tools.neighbours import Neighbours, searched
from tools.predictor import Predictor, measure
from tools.rows import StoredRows
from tools.sampling import stratified
from tools.schema import MIN_ROWS_PER_LABEL, Row, Schema
from tools.statistics import Statistics
from tools.storage import BROUGHT, canonical, manifest, read_files, write_files
from tools.table import located

__all__ = ["Bundle"]

T = TypeVar("T")

HELD_OUT = 0.2
MOST_STORED_ASKED = 2_000  # rows of a table that a language model is asked about in advance
STORED_FROM = 10_000  # rows: of more, what the predictor says of each is stored, and not found out again


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

    def __reduce__(self) -> tuple[type, tuple[dict[str, bytes], Path | None]]:
        """Copy and send the files alone: what was parsed from them is parsed again."""
        return type(self), (self._files, self.path)

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        target: str,
        *,
        id_column: str | None = None,
        dictionary: Mapping[str, Any] | str | Path | None = None,
        predictor: Any = "auto",
        template: str | Path | None = None,
        seed: int = 0,
        rows_per_label: int = MIN_ROWS_PER_LABEL,
    ) -> Self:
        """Check the table, train and calibrate on 80 % of its rows, measure on the others.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_columns)
        target, id_column, dictionary
            As `Schema.infer` takes them.
        predictor : {"auto", "logistic", "gbdt"}, path of a ``.skops`` file, or fitted scikit-learn classifier
            Or ``llm:`` and a language model that is asked for the label; see `scored.Scored`.
        template : path, optional
            How a language model is asked; see `row_prompt.RowPrompt`.
        seed : int
            Of the split, the folds and the samples; the same table and seed give the same fingerprint.
        rows_per_label : int
            As `Schema.infer` takes it.

        Notes
        -----
        What was noted on the way is in ``schema.notes``.

        Raises
        ------
        UserError
            The table or the predictor does not fit; see `TableError`, `BundleError`.
        """
        with located(frame):
            schema = Schema.infer(frame, target, id_column, dictionary, rows_per_label)
            checked, y, ids = schema.check(frame).frame, schema.label_indices(frame), schema.row_ids(frame)
        X = schema.encode(checked)
        held_out = stratified(y, round(len(y) * HELD_OUT), seed)
        train = np.setdiff1d(np.arange(len(y)), held_out)
        fitted, extra, measured, notes = fit_predictor(predictor, template, X, y, held_out, schema, seed)
        background = X[np.random.default_rng(seed).permutation(train)]
        report = {
            "seed": seed,
            "importance": Attributor(fitted, schema, background, seed).global_importance(background),
            "performance": {
                **measure(fitted.probabilities(X[measured]), y[measured]),
                "n_train": len(train),
                "out_of_fold_log_loss": fitted.selection.get("log_loss", {}),
            },
        }
        asked = fitted.kind == "llm"
        worth = len(y) <= MOST_STORED_ASKED if asked else len(y) > STORED_FROM
        stored = fitted.probabilities(X) if worth else None
        statistics = Statistics.compute(checked.iloc[train], y[train], schema)
        schema = schema.model_copy(update={"notes": (*schema.notes, *notes)})
        return cls(
            {
                "predictor.json": canonical(fitted.to_json()),
                "report.json": canonical(report),
                "rows.parquet": StoredRows.pack(checked, schema, y, held_out, ids, stored),
                "schema.json": canonical(schema.model_dump(mode="json")),
                "knots.parquet": statistics.knots,
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
        return self._parse("predictor.json", lambda data: Predictor.from_json(json.loads(data), self.schema))

    @cached_property
    def attributor(self) -> Attributor:
        """Explains rows."""
        background = np.empty((0, len(self.schema.features)))
        if not self.predictor.native:
            order = np.random.default_rng(self._report["seed"]).permutation(np.flatnonzero(self.train))
            background = self._stored.encoded(order[:MOST_BACKGROUND])
        return Attributor(self.predictor, self.schema, background, self._report["seed"])

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics of the training rows."""
        knots = self._files["knots.parquet"]
        return self._parse("statistics.json", lambda data: Statistics(self.schema, json.loads(data), knots))

    @cached_property
    def neighbours(self) -> Neighbours:
        """Search among the training rows."""
        train = np.flatnonzero(self.train)
        rows = train[searched(self.y[train], self._report["seed"])]
        ids = None if self.row_ids is None else [self.row_ids[row] for row in rows]
        return Neighbours(
            self._stored.encoded(rows), self.y[rows], ids, self.schema, rows, sampled=len(rows) < len(train)
        )

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

    @property
    def rows(self) -> pd.DataFrame:
        """All rows as checked, in the order of the table, with ``label`` and ``split`` ("train" or "held-out")."""
        return self._stored.frame

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self._stored)

    @property
    def row_ids(self) -> tuple[str, ...] | None:
        """Id of each row, where the table has an id column."""
        return self._stored.ids

    @property
    def X(self) -> Floats:
        """All rows encoded, shape (n, d)."""
        return self._stored.X

    @property
    def y(self) -> NDArray[np.int64]:
        """Label index of every row, shape (n,)."""
        return self._stored.y

    @property
    def train(self) -> NDArray[np.bool_]:
        """Which rows trained the predictor, shape (n,)."""
        return self._stored.train

    @cached_property
    def probabilities(self) -> Floats:
        """What the predictor says of every row, shape (n, k): as stored, else found out once."""
        stored = self._parse("rows.parquet", lambda _: self._stored.probabilities)
        return self.predictor.probabilities(self.X) if stored is None else stored

    def held_out(self) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
        """Return the held-out rows: encoded (n, d), label indices (n,) and row numbers (n,)."""
        rows = np.flatnonzero(~self.train)
        return self._stored.encoded(rows), self.y[rows], rows

    def without(self, row_number: int) -> Self:
        """Return the same bundle for the eyes of one of its training rows, which is then not among the similar ones.

        Its label would stand there beside the question for it.
        """
        _ = self.schema, self.predictor, self.attributor, self.statistics, self._stored.X  # parsed once for all copies
        other = type(self)(self._files, self.path)
        other.__dict__ |= self.__dict__ | {"neighbours": self.neighbours.without(row_number)}
        return other

    def features_of(self, row_number: int) -> Row:
        """Return one row of the table, typed.

        Raises
        ------
        ToolError
            There is no such row.
        """
        if not 0 <= row_number < self.row_count:
            raise ToolError(f"there is no row {row_number}.", hint=f"Rows are numbered 0 to {self.row_count - 1}.")
        return self.schema.decode_row(self._stored.encoded(np.array([row_number]))[0])

    # The files.

    @cached_property
    def sha256(self) -> str:
        """The fingerprint: SHA-256 of the canonical manifest, which holds the digest of every file."""
        return hashlib.sha256(manifest(self._files)).hexdigest()

    @cached_property
    def _report(self) -> dict[str, Any]:
        return self._parse("report.json", _report_of)

    @cached_property
    def _stored(self) -> StoredRows:
        return self._parse("rows.parquet", lambda data: StoredRows(data, self.schema))

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


def _report_of(data: bytes) -> dict[str, Any]:
    report = json.loads(data)
    kinds = {"seed": int, "importance": list, "performance": dict}
    if not all(isinstance(report[key], kind) for key, kind in kinds.items()):
        raise TypeError(kinds)
    return dict(report)
