"""Run the notebooks on synthetic smears and bring them into the form in which they are kept.

    python scripts/notebooks.py              # both of notebooks/, run and written with their outputs
    python scripts/notebooks.py main --set epochs=1

In that form a notebook holds no name, path or time of the machine it ran on, and a picture once, so that running it
again changes only what has changed. Needs hemascope[dev].
"""

import argparse
import ast
import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
KEPT: dict[str, dict[str, Any]] = {
    "augmentation": {"source": "synthetic:400"},
    "main": {"source": "synthetic:160", "changes": ["epochs=4"]},
}
"""Settings by which the notebooks are run for the outputs that are kept."""

SECONDS = 1800
_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(notebook: NotebookNode, settings: dict[str, Any], runs: Path) -> NotebookNode:
    """Run a notebook from top to bottom in a kernel of its own.

    Args:
        notebook: its outputs are replaced.
        settings: values for names of the cell tagged ``settings``, as the user would edit them there.
        runs: folder that the notebook runs in and writes into.

    Returns:
        The notebook with its outputs, otherwise as it was.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails.
    """
    place = next(i for i, cell in enumerate(notebook.cells) if "settings" in cell.metadata.get("tags", []))
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    lines += ["from pathlib import Path", "runs = Path('runs')"]  # in the folder: so no output names a machine's path
    changed = nbformat.v4.new_code_cell("\n".join(lines))
    notebook.cells.insert(place + 1, changed)
    with tempfile.TemporaryDirectory() as sockets:
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            startup_timeout=SECONDS,
            kernel_name="python3",
            extra_arguments=["--HistoryManager.enabled=False", "--InteractiveShell.colors=nocolor"],
            config=Config({"KernelManager": _transport(Path(sockets))}),
        )
        try:
            client.execute(cwd=str(runs), env=os.environ | {"PYTHONWARNINGS": "ignore:IProgress not found"})
        finally:
            notebook.cells.remove(changed)
    return notebook


def _transport(folder: Path) -> dict[str, str]:
    """Sockets of the file system where there are such: no port is needed, and nobody else can listen."""
    return {"transport": "ipc", "ip": str(folder / "kernel")} if os.name == "posix" else {}


def normal(notebook: NotebookNode) -> NotebookNode:
    """Bring a notebook into the form in which it is kept."""
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    ran = 0
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place:02}"
        cell.metadata = nbformat.from_dict({key: value for key, value in cell.metadata.items() if key == "tags"})
        if cell.cell_type != "code":
            continue
        ran += bool(cell.outputs)
        cell.execution_count = ran if cell.outputs else None
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = ran
            if "data" in output:
                output.metadata = nbformat.from_dict({})
                if "image/jpeg" in output.data:
                    output.data.pop("image/png", None)
                if any(kind.startswith("image/") for kind in output.data):
                    output.data["text/plain"] = "a picture"
                elif "text/html" in output.data:
                    output.data["text/plain"] = "a result"  # else all that is in it, written out
    return notebook


def text(notebook: NotebookNode) -> str:
    """The file's content."""
    return nbformat.writes(notebook) + "\n"


def read(name: str) -> NotebookNode:
    """A notebook of the repository by its name."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(KEPT), help=f"which: {', '.join(KEPT)}")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting")
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder to write to")
    options = parser.parse_args()
    settings = {name: ast.literal_eval(value) for name, _, value in (item.partition("=") for item in options.set)}
    for name in options.names:
        with tempfile.TemporaryDirectory() as runs:
            notebook = normal(execute(read(name), KEPT[name] | settings, Path(runs)))
        path = options.output / f"{name}.ipynb"
        path.write_text(text(notebook), encoding="utf-8")
        print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
