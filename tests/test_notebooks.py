"""The notebooks run from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.model
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the kernel's own libraries
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    """Every cell runs without an error, and the story's outcome is there: a verified text and a found change."""
    notebook = nbformat.read(path, as_version=4)

    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()

    printed = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "ok=True" in printed
    assert "Conclusion:" in printed
    assert "expected" in printed
    assert "image/png" in printed


def test_notebooks_are_stored_without_output():
    """What a notebook shows is made by running it, so the stored one has none."""
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert all(not cell.outputs and cell.execution_count is None for cell in cells if cell.cell_type == "code")
