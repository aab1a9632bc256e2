"""From a table to an adapter, to a model that is evaluated with it, and to a predictor: on a tiny network."""

import json
import shutil

import pytest
import yaml

from tools.bundle import Bundle


@pytest.fixture(scope="module", name="table")
def _table(tmp_path_factory, bundle_of):
    folder = tmp_path_factory.mktemp("table")
    rows = bundle_of("penguins").rows.dropna().rename(columns={"label": "species"})
    rows = rows[rows["species"] != "Chinstrap"].drop(columns="split").iloc[::3]
    rows.to_csv(folder / "rows.csv", index=False)
    Bundle.fit(rows, "species").save(folder / "bundle")
    return folder


@pytest.fixture(name="done")
def _done(run):
    """Return the function from a command that has to succeed to all that it says."""

    def done(*args):
        code, out, err = run(*map(str, args))
        assert code == 0, err
        return out + err

    return done


@pytest.mark.parametrize("base", ["tiny", "llama2"])
def test_a_label_only_model_is_trained_and_explained(request, done, table, tmp_path, base):
    """The adapter keeps the question that it was trained with, and the predictor asks it."""
    base = request.getfixturevalue(base)
    adapter = tmp_path / "adapter"
    said = done(
        *("finetune", table / "bundle", "--base", base, "--out", adapter, "--recipe", "label-only"),
        *("--rows", 8, "--epochs", 1, "--evaluate-every", 1),
    )
    assert "Memory, worked out" in said
    judged = [json.loads(line) for line in (adapter / "run" / "judged.jsonl").read_text().splitlines()]
    assert {"quality", "free_clean", "agent_clean", "free_label_only"} <= set(judged[-1])
    template = yaml.safe_load((adapter / "template.yaml").read_text())

    said = done(
        *("fit", table / "rows.csv", "--target", "species", "--predictor", f"llm:{base}+{adapter}"),
        *("--out", tmp_path / "own"),
    )

    assert "llm predictor of 'species'" in said
    own = Bundle.load(tmp_path / "own")
    assert own.predictor.model.prompt.user == template["user"]
    assert own.predictor.model.prompt.labels == template["labels"]
    said = done("classify", tmp_path / "own", table / "rows.csv", "--llm", "rule", "--limit", 2)
    assert said.count("Conclusion:") == 2


def test_a_fine_tuned_model_is_evaluated_beside_the_model_as_it_comes(done, run, table, tmp_path, tiny):
    """Its methods run on the model with the adapter of their recipe; without one they say what is missing."""
    adapter = tmp_path / "adapter"
    done(
        *("finetune", table / "bundle", "--base", tiny, "--out", adapter, "--recipe", "explain", "--rows", 6),
        *("--epochs", 4, "--evaluate-every", 0, "--longest", 8192),
    )
    held_out = ("evaluate", table / "bundle", "held-out", "--llm", tiny, "--limit", 1, "--top", 2)

    said = done(*held_out, "--methods", "hybrid,fine-tuned-explain", "--adapter", adapter, "--out", tmp_path / "one")

    lines = [json.loads(line) for line in (tmp_path / "one" / "rows.jsonl").read_text().splitlines()]
    assert {line["method"] for line in lines} == {"hybrid", "fine-tuned-explain"}
    assert lines[0]["probabilities"] != lines[1]["probabilities"]
    assert "fine-tuned-explain" in said
    other = shutil.copytree(adapter, tmp_path / "other")
    code, _, err = run(*map(str, (*held_out, "--adapter", adapter, "--adapter", other, "--out", tmp_path / "three")))
    assert code == 2
    assert "adapters of one recipe" in " ".join(err.split())
    code, _, err = run(*map(str, held_out), "--methods", "fine-tuned-label-only", "--out", str(tmp_path / "two"))
    assert code == 2
    assert "--recipe label-only" in " ".join(err.split())


def test_what_cannot_be_is_said_in_one_line(run, table, tmp_path, tiny):
    """An unknown recipe, GPU, and an adapter that is none."""
    for more, named in ((("--recipe", "explian"), "explain"), (("--gpu", "24g"), "24gb")):
        code, _, err = run(*map(str, ("finetune", table / "bundle", "--base", tiny, "--out", tmp_path / "x", *more)))
        assert code == 2
        assert named in err
