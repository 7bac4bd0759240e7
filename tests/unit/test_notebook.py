"""The notebook runs from top to bottom, small, and shows what it is there to show."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "blog.ipynb"


def figures(notebook) -> list[int]:
    """The cells that show a figure."""
    return [
        i for i, cell in enumerate(notebook.cells) for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]  # fmt: skip


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def stored():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.mark.filterwarnings("default")  # of Jupyter's own; the kernel is another process
def test_it_runs_small_without_errors(stored, monkeypatch, tmp_path):
    monkeypatch.setenv("MODELCOLLAPSE_SHORT", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.from_dict(stored)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert all(cell.execution_count for cell in code_cells(notebook))
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]
    assert figures(notebook) == figures(stored)
    assert len(figures(notebook)) >= 5


def test_its_stored_outputs_are_whole_and_of_the_full_size(stored):
    counts = [cell.execution_count for cell in code_cells(stored)]
    assert counts == list(range(1, len(counts) + 1))
    assert not [o for cell in code_cells(stored) for o in cell.outputs if o.output_type == "error"]
    assert "generation: 2001" in str(stored)
    assert NOTEBOOK.stat().st_size < 2**20
    assert "/home/" not in str(stored)
    assert "/tmp/" not in str(stored)
