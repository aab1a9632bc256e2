"""What the tools cost: one row through the toolbox against the bare pipeline, a million rows in bulk, each tool.

    python -m benchmarks.tools

Ratios of medians of one run; a table for people, then one JSON line.
"""

import argparse
import json
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tools.bundle import Bundle
from tools.toolbox import Toolbox


def main() -> None:
    """Fit both kinds on one synthetic table and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    X, y = make_classification(20_000, 20, n_informative=10, random_state=0)  # noqa: N806
    names = [f"feature {i}" for i in range(20)]
    frame = pd.DataFrame(X, columns=names)
    rng = np.random.default_rng(0)
    bulk = X[rng.integers(0, len(X), options.rows)] + rng.normal(scale=0.1, size=(options.rows, 20))
    found: dict[str, float] = {}
    for kind, pipeline in pipelines(names).items():
        pipeline.fit(frame, y)
        bundle = Bundle.fit(frame.assign(label_=y.astype(str)), "label_", predictor=kind)
        row = bundle.features_of(0)
        one = frame.iloc[:1]
        found[f"{kind}_pipeline_one_row_ms"] = timed(lambda p=pipeline, o=one: p.predict_proba(o), 200)
        found[f"{kind}_predict_tool_ms"] = timed(lambda b=bundle, r=row: Toolbox(b, r).call("predict", {}), 200)
        whole = pd.DataFrame(bulk, columns=names)
        found[f"{kind}_pipeline_bulk_ms"] = timed(lambda p=pipeline, w=whole: p.predict_proba(w), 3)
        found[f"{kind}_bulk_ms"] = timed(lambda b=bundle: b.predictor.probabilities(bulk), 3)
        for tool, args in (("explain", {}), ("feature_stats", {"feature": "feature 3"}), ("similar", {"k": 5})):
            found[f"{kind}_{tool}_ms"] = timed(lambda b=bundle, r=row, t=tool, a=args: Toolbox(b, r).call(t, a), 50)
        found[f"{kind}_ratio_one_row"] = found[f"{kind}_predict_tool_ms"] / found[f"{kind}_pipeline_one_row_ms"]
        found[f"{kind}_ratio_bulk"] = found[f"{kind}_bulk_ms"] / found[f"{kind}_pipeline_bulk_ms"]
    found["calculate_ms"] = timed(
        lambda: Toolbox(None).call("calculate", {"expression": "(17.99 - 12.15) / 1.78"}), 200
    )
    for key, value in found.items():
        print(f"{key:32} {value:>12.4g}")
    print(json.dumps({"rows": options.rows, **{key: float(f"{value:.4g}") for key, value in found.items()}}))


def pipelines(names: list[str]) -> dict[str, Any]:
    """Return the pipelines that the native predictors are trained as."""
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    return {
        "logistic": make_pipeline(make_column_transformer((scaled, names)), LogisticRegression(max_iter=1000)),
        "gbdt": HistGradientBoostingClassifier(random_state=0),
    }


def timed(run: Callable[[], Any], times: int) -> float:
    """Return the median time of a call after a first one, ms."""
    run()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - started))
    return median(taken)


if __name__ == "__main__":
    main()
