"""The prompts: how long they may get."""

from agent import prompts
from agent.explanation.evidence import Evidence
from tools.toolbox import Toolbox


def test_prompts_name_the_strongest_features_only(bundle_of):
    """However many features a text will name, the prompts that gather and decide stay short."""
    bundle = bundle_of("cancer")
    row = bundle.features_of(0)
    lengths = []
    for top in (12, 30):
        toolbox = Toolbox(bundle, row)
        toolbox.call("probability", {})
        explained = toolbox.call("explain", {"top": top})
        evidence = Evidence(toolbox.observations)
        [_, asked] = prompts.deciding(evidence, [(row, "0")] * 3, bundle.schema, bundle.schema.labels)
        lengths.append((len(prompts.gathered(explained, bundle.schema)), len(asked.text)))

    assert lengths[0] == lengths[1]
    assert prompts.gathered(explained, bundle.schema).count(" = ") == prompts.SHOWN_FEATURES
