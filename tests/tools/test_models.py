"""The native models as arrays."""

import numpy as np
import pytest

from tools import models


@pytest.mark.parametrize("name", ["attrition", "penguins", "biopsy"])
def test_many_rows_score_as_few_do(bundle, monkeypatch, name):
    """scikit-learn's compiled trees, used in bulk, give the scores of the arrays, missing values included."""
    fitted = bundle(name, "gbdt")
    model = fitted.predictor.model
    few = model.scores(fitted.X)
    monkeypatch.setattr(models, "CHUNK", 10)

    many = model.scores(fitted.X)

    assert many == pytest.approx(few, abs=1e-12)
    assert np.isnan(fitted.X).any() == (name != "attrition")
