"""What is known of a row, whoever explained it: the facts that a text is held against."""

import re
from collections.abc import Iterable, Sequence

from agent.explanation.evidence import Called, Evidence
from agent.explanation.parsing import names_of
from tools.bundle import Bundle
from tools.observation import Observation
from tools.schema import Row
from tools.toolbox import Toolbox

__all__ = ["known_of"]

STRONGEST = 10  # features whose statistics are known in any case


def known_of(bundle: Bundle, row: Row, label: str, text: str, seen: Sequence[Observation] = ()) -> Evidence:
    """Return the evidence that a text about one row is read against.

    Parameters
    ----------
    bundle : Bundle
    row : Row
        As `Schema.check_row` returns it.
    label : str
        The answer that is explained: all contributions are towards it.
    text : str
        The features that it names are looked up, too.
    seen : sequence of Observation
        What its author found: kept, so that its marks and calculations can be followed.

    Returns
    -------
    Evidence
        With the contributions of all features, the statistics of those named and of the strongest, and the
        probabilities; nothing is asked twice.
    """
    toolbox = Toolbox(bundle, dict(row))
    toolbox.observations += [call for call in seen if call.result is not None]
    for tool in ("predict", "probability"):
        if not Evidence(toolbox.observations).find(tool):
            toolbox.call(tool, {})
    toolbox.call("explain", {"label": label, "top": len(bundle.schema.features)})
    found = Evidence(toolbox.observations)
    strongest = [entry["feature"] for entry in (found.explained.result or {})["features"][:STRONGEST]]
    for feature in dict.fromkeys([*strongest, *_named(text, bundle.schema.names)]):
        if row[feature] is not None and found.statistics(feature) is None:
            toolbox.call("feature_stats", {"feature": feature})
    return Evidence(toolbox.observations, called=_called(bundle))


def _called(bundle: Bundle) -> Called:
    """Return what the dictionary calls labels, features and categories."""
    schema = bundle.schema
    return Called(schema.target_words.values, {feature.name: feature for feature in schema.features})


def _named(text: str, features: Iterable[str]) -> list[str]:
    """Return the features that a text may name, in any of the ways people write them."""
    lower = re.sub(r"\s+", " ", text.lower())
    return [feature for feature in features if any(form.lower() in lower for form in names_of(feature))]
