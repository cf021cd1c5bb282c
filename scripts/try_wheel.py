"""Install a wheel as a user would, without extras, and classify a drawn cell: python scripts/try_wheel.py WHEEL.

What the core needs comes from the package index, or from uv's cache where that is out of reach.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DRAW = (
    "from hemascope.data.smears import draw; from PIL import Image; Image.fromarray(draw(0, 6, 96).image).save('c.png')"
)
HEAVY = ("torch", "pandas", "sklearn", "onnx", "matplotlib", "yaml")


def main(wheel: Path) -> None:
    """Try a wheel in an environment of its own, which is deleted again; raises where a step fails."""
    uv = [sys.executable, "-m", "uv"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder / "env"], check=True)
        binaries = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
        install = [
            *uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            binaries / "python",
            "-c",
            ROOT / "constraints.txt",
            wheel,
        ]
        if subprocess.run(install, check=False).returncode:
            print("The package index is out of reach or lacks something: trying uv's cache.", file=sys.stderr)
            subprocess.run([*install, "--offline"], check=True)

        def said(*command: str) -> str:
            # Elsewhere than in the checkout, and without its variables: nothing but the wheel is to be found.
            kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
            program = str(binaries / command[0])
            done = subprocess.run(
                [program, *command[1:]], cwd=folder, env=kept, stdout=subprocess.PIPE, text=True, check=True
            )
            return done.stdout

        present = f"import importlib.util as u; print([n for n in {HEAVY} if u.find_spec(n)])"
        if (found := said("python", "-c", present).strip()) != "[]":
            sys.exit(f"the core brings what only extras should: {found}")
        said("python", "-c", DRAW)
        said("hemascope", "predict", "c.png", "-o", "out.jsonl")
        row = json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))
        if row["error"] or row["label"] != "neutrophil":
            sys.exit(f"a drawn neutrophil is taken for: {row}")
        print(f"{wheel.name}: {said('hemascope', '--version').strip()} takes a drawn neutrophil for a {row['label']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
