"""What the predictor gets wrong, and when."""

import numpy as np
import pandas as pd
import pytest

from tools.bundle import Bundle
from tools.toolbox import Toolbox


def mask_of(frame, conditions):
    """Return which rows of a table satisfy conditions, by pandas."""
    chosen = pd.Series(True, index=frame.index)
    for name, sign, value in conditions:
        column = frame[name]
        chosen &= {
            "==": lambda c, v: c.isna() if v is None else c == v,
            ">": lambda c, v: c > v,
            "<=": lambda c, v: c <= v,
            "in": lambda c, v: c.isin(v if isinstance(v, list) else [v]),
            "!=": lambda c, v: c.notna() if v is None else c.notna() & (c != v),
        }[sign](column, value)
    return chosen.to_numpy()


def wrong_of(bundle):
    """Return which rows are predicted wrongly, and which are held out."""
    return bundle.predictor.probabilities(bundle.X).argmax(axis=1) != bundle.y, ~bundle.train


@pytest.mark.parametrize(
    ("name", "kind"), [("pima", "gbdt"), ("attrition", "gbdt"), ("attrition", "logistic"), ("default", "gbdt")]
)
def test_patterns_are_what_their_conditions_count(bundle, table, name, kind):
    """Rows, mistakes and share of a pattern are those of the held-out rows that its conditions select in pandas."""
    fitted = bundle(name, kind)
    frame, _ = table(name)
    wrong, looked = wrong_of(fitted)
    found = Toolbox(fitted).call("mistakes", {"kind": "patterns"}).result

    assert (found["rows"], found["mistakes"]) == (looked.sum(), (wrong & looked).sum())
    assert found["share"] == pytest.approx(wrong[looked].mean())
    assert 1 <= len(found["patterns"]) <= 4
    for pattern in found["patterns"]:
        covered = mask_of(frame, pattern["where"]) & looked
        assert (pattern["rows"], pattern["mistakes"]) == (covered.sum(), (covered & wrong).sum())
        assert pattern["share"] == pytest.approx(pattern["mistakes"] / pattern["rows"])
        assert pattern["share"] > found["share"]
        assert {condition[0] for condition in pattern["where"]} <= set(fitted.schema.names)
        again = Toolbox(fitted).call("mistakes", {"kind": "examples", "where": pattern["where"]}).result
        assert (again["rows"], again["mistakes"]) == (pattern["rows"], pattern["mistakes"])
    counts = [pattern["mistakes"] for pattern in found["patterns"]]
    assert counts == sorted(counts, reverse=True)


def test_a_place_where_it_errs_is_found():
    """Where labels are random for one category and a range of a number, that is the pattern; missing cells are fine."""
    rng = np.random.default_rng(0)
    n = 3000
    frame = pd.DataFrame(
        {"a": rng.uniform(0, 10, n).round(2), "kind": rng.choice(list("pqr"), n), "z": rng.normal(size=n)}
    )
    noisy = (frame.kind == "q") & (frame.a > 5)
    frame["answer"] = np.where(np.where(noisy, rng.random(n) > 0.5, frame.z > 0), "yes", "no")
    frame.loc[::50, "kind"] = None
    found = Toolbox(Bundle.fit(frame, "answer", predictor="gbdt")).call("mistakes", {"kind": "patterns"}).result
    where = found["patterns"][0]["where"]

    assert found["patterns"][0]["share"] > 0.3
    assert found["share"] < 0.1
    assert ["kind", "==", "q"] in where
    assert next(value for name, sign, value in where if (name, sign) == ("a", ">")) == pytest.approx(5, abs=0.3)


def test_missing_cells_may_be_the_pattern():
    """Where labels are random for the rows in which a number is missing, that it is missing is the pattern."""
    rng = np.random.default_rng(0)
    n = 2000
    frame = pd.DataFrame({"a": rng.normal(size=n), "z": rng.normal(size=n)})
    frame["answer"] = np.where(np.where(rng.random(n) > 0.8, rng.random(n) > 0.5, frame.z > 0), "yes", "no")
    frame.loc[(frame.answer == "yes") != (frame.z > 0), "a"] = None
    found = Toolbox(Bundle.fit(frame, "answer", predictor="logistic")).call("mistakes", {"kind": "patterns"}).result

    assert ["a", "==", None] in found["patterns"][0]["where"]


@pytest.mark.parametrize("kind", ["logistic", "gbdt"])
@pytest.mark.parametrize("name", ["biopsy", "penguins", "iris", "wine", "cancer"])
def test_any_table_has_patterns_or_none(bundle, table, name, kind):
    """On held-out rows, and on all of them as a given table, patterns are found or not, and never fail."""
    frame, target = table(name)
    changed = frame.assign(**{target: np.roll(frame[target].to_numpy(), 7)})  # most are wrong now
    for data in (None, frame, changed):
        seen = Toolbox(bundle(name, kind), data=data).call("mistakes", {"kind": "patterns"})

        assert seen.error is None
        for pattern in seen.result["patterns"]:
            assert pattern["share"] > seen.result["share"]


def test_examples(bundle_of):
    """The mistakes it was surest of come first, at most ten, each with what is true and what was said."""
    bundle = bundle_of("pima")
    wrong, looked = wrong_of(bundle)
    found = Toolbox(bundle).call("mistakes", {"kind": "examples"}).result
    sure = [example["probability"] for example in found["examples"]]

    assert found["split"] == "held-out"
    assert len(found["examples"]) == min(10, found["mistakes"])
    assert sure == sorted(sure, reverse=True)
    for example in found["examples"]:
        number = example["row"]
        assert (wrong & looked)[number]
        p = bundle.predictor.probabilities(bundle.X[number : number + 1])[0]
        assert example["label"] == bundle.schema.labels[bundle.y[number]] != example["prediction"]
        assert example["probability"] == p.max()


def test_no_mistakes_no_patterns(bundle_of):
    """Where nothing is wrong, or all is, or a single row is asked about, there is no pattern."""
    bundle = bundle_of("pima")
    toolbox = Toolbox(bundle)
    wrong, looked = wrong_of(bundle)

    def patterns(numbers):
        where = [["row", "in", np.flatnonzero(numbers).tolist()]]
        return toolbox.call("mistakes", {"kind": "patterns", "where": where}).result

    assert patterns(looked & ~wrong)["patterns"] == []
    assert patterns(looked & ~wrong)["share"] == 0
    assert patterns(looked & wrong)["patterns"] == []
    one = toolbox.call("mistakes", {"kind": "examples", "where": [["row", "==", 0]]}).result
    assert (one["rows"], one["mistakes"]) == (1, len(one["examples"]))
