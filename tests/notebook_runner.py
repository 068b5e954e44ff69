"""Runs a notebook and prints what its code cells said, as JSON; started with the Python that has Jupyter."""

import json
import sys

import nbclient
import nbformat


def main(path):
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=120, allow_errors=True)
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    json.dump([{"source": cell.source, "outputs": cell.outputs} for cell in cells], sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
