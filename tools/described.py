"""What there is: the data, the model, and what a column means."""

from collections import Counter
from typing import Any

from tools.bundle import Bundle
from tools.cohort import Rows
from tools.errors import ToolError, did_you_mean
from tools.schema import Schema

__all__ = ["column", "data", "feature", "model"]

MOST_NAMES = 50

Json = dict[str, Any]


def data(rows: Rows) -> Json:
    """Return target, labels, number of rows, features and their kinds, and the table's description."""
    schema = rows.schema
    kinds = Counter(feature.kind for feature in schema.features)
    described = {"target": schema.target, "labels": list(schema.labels), "rows": len(rows)}
    names = list(schema.names[:MOST_NAMES])
    return {**described, "features": len(schema.names), "kinds": dict(kinds), "names": names}


def model(bundle: Bundle) -> Json:
    """Return the kind of the predictor, and how good it is on held-out rows."""
    return {"predictor": bundle.predictor.kind, "held_out": dict(bundle.performance)}


def feature(schema: Schema, name: str | None) -> Json:
    """Return kind, unit and description of a feature.

    Raises
    ------
    ToolError
        There is no such feature.
    """
    if name in schema.by_name:
        about = schema.by_name[name]
        known: Json = {"kind": about.kind, "unit": about.unit, "description": about.description}
        return {"feature": name, **{key: value for key, value in known.items() if value}}
    raise ToolError(f"There is no feature {name!r}.", hint=did_you_mean(str(name), schema.names))


def column(schema: Schema, name: str | None) -> Json:
    """Return what `feature` does, with the categories; also of the target and of the id column."""
    if name in schema.by_name:
        categories = schema.by_name[name].categories
        return feature(schema, name) | ({"categories": list(categories)} if categories else {})
    if name in {schema.target, "label"}:
        described = {"description": schema.target_words.description} if schema.target_words.description else {}
        return {"feature": schema.target, "kind": "label", **described, "categories": list(schema.labels)}
    if name is not None and name == schema.id_column:
        described = {"description": schema.id_words.description} if schema.id_words.description else {}
        return {"feature": name, "kind": "id", **described}
    others = [name for name in (schema.target, schema.id_column) if name]
    raise ToolError(f"There is no column {name!r}.", hint=did_you_mean(str(name), [*schema.names, *others]))
