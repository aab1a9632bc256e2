"""Rows as they are."""

from tools.toolbox import Toolbox


def test_rows_are_shown_as_they_are(bundle_of, table):
    """The columns asked for, in order, typed, missing cells as null; the number of rows is that of the cohort."""
    frame, _ = table("penguins")
    toolbox = Toolbox(bundle_of("penguins"))
    where = [["sex", "==", None]]
    found = toolbox.call("show", {"where": where, "columns": ["row", "sex", "year", "species"], "limit": 2}).result
    rows = frame[frame.sex.isna()]

    assert found["columns"] == ["row", "sex", "year", "species"]
    assert found["rows"] == len(rows)
    assert found["table"] == [[int(i), None, int(rows.year[i]), rows.species[i]] for i in rows.index[:2]]


def test_what_is_shown_by_default(bundle_of, table):
    """The row number or id, the six most important features, label and prediction; ten rows."""
    bundle = bundle_of("attrition")
    found = Toolbox(bundle).call("show", {}).result
    important = [entry["feature"] for entry in bundle.importance[:6]]

    assert found["columns"] == ["row", *important, "label", "prediction"]
    assert len(found["table"]) == 10
    assert len(Toolbox(bundle).call("show", {"limit": 3}).result["table"]) == 3
    frame, target = table("attrition")
    given = Toolbox(bundle, data=frame.drop(columns=target)).call("show", {"limit": 1}).result
    assert given["columns"] == ["row", *important, "prediction"]


def test_changed_rows_are_shown_changed(bundle_of):
    """After changes the new values are shown, and what is predicted for them; a new category is shown as it is."""
    bundle = bundle_of("pima")
    toolbox = Toolbox(bundle)
    args = {"where": [["row", "==", 0]], "columns": ["glu", "prediction", "label"]}
    [[glu, said, true]] = toolbox.call("show", args).result["table"]
    change = [{"column": "glu", "action": "increase", "value": 110}]
    [[more, other, same]] = toolbox.call("show", {**args, "changes": change}).result["table"]

    assert (more, same) == (glu + 110, true)
    assert (said, other) == ("No", "Yes")
    assert "Did you mean 'glu'" in toolbox.call("show", {"columns": ["glue"]}).error
