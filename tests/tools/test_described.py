"""What there is: data, model, abilities, columns."""

import pytest

from tools.bundle import Bundle
from tools.toolbox import TOOLS, Toolbox

WORDS = {
    "description": "Penguins of Palmer Station.",
    "sex": {"description": "sex of the bird"},
    "species": {"description": "kind of penguin"},
    "tag": {"description": "number on the ring"},
    "body_mass_g": {"unit": "g"},
}


@pytest.fixture(name="toolbox")
def _toolbox(table):
    frame, target = table("penguins")
    frame["tag"] = [f"t{i}" for i in range(len(frame))]
    bundle = Bundle.fit(frame, target, id_column="tag", dictionary=WORDS, predictor="logistic")
    return Toolbox(bundle)


def test_topics(toolbox):
    """Data, model, abilities and each kind of column are described in plain JSON."""

    def describe(**args):
        return toolbox.call("describe", args).result

    data = describe(topic="data")
    assert (data["target"], data["rows"], data["features"]) == ("species", 344, 7)
    assert data["description"] == "Penguins of Palmer Station."
    assert data["kinds"] == {"categorical": 2, "numeric": 5}
    assert describe(topic="model")["predictor"] == "logistic"
    assert set(describe(topic="abilities")["tools"]) == set(TOOLS)
    assert describe(topic="feature", name="body_mass_g") == {"feature": "body_mass_g", "kind": "numeric", "unit": "g"}
    assert describe(topic="feature", name="sex")["categories"] == ["female", "male"]
    assert describe(topic="feature", name="species") == {
        "feature": "species",
        "kind": "label",
        "description": "kind of penguin",
        "categories": ["Adelie", "Chinstrap", "Gentoo"],
    }
    assert describe(topic="feature", name="tag") == {
        "feature": "tag",
        "kind": "id",
        "description": "number on the ring",
    }


def test_no_such_column(toolbox):
    """A wrong or absent name is said with the nearest one."""
    error = toolbox.call("describe", {"topic": "feature", "name": "specie"}).error

    assert error == "There is no column 'specie'. Did you mean 'species'?"
    assert "There is no column None" in toolbox.call("describe", {"topic": "feature"}).error
