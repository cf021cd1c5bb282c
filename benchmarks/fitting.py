"""What the page's fitting and teaching cost the service.

    python benchmarks/fitting.py FOLDER

FOLDER holds class folders. Prints a Markdown table: seconds by the clock, and of the processor, which hardly depend on
what else the machine does. The service runs in this process with one thread; requests include what is sent and read.
``hemascope adapt`` is measured by adapt.py. Needs hemascope[serve] and httpx2.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

import hemascope
from hemascope.predict.shipped import DEFAULT
from hemascope.serve.app import create_app
from hemascope.serve.fit import LOOKED
from hemascope.serve.settings import Settings

FITTED, CORRECTIONS, OTHERS = 200, 50, 30  # as the page does, of src/hemascope/serve/page/fitting.js


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    options = parser.parse_args()
    classes = hemascope.load(options.model).classes
    paths = [path for path in sorted(options.folder.glob("*/*")) if path.parent.name in classes]
    paths = [paths[place] for place in np.random.default_rng(0).permutation(len(paths))]
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}\n\n| what | clock, s | processor, s |\n|---|---|---|")
    with TestClient(
        create_app(Settings(model=options.model, threads=1, seconds=900)), base_url="http://localhost"
    ) as client:

        def send(path: str, count: int, about: Mapping[str, object] | None = None) -> None:
            files = [("files", (one.name, one.read_bytes())) for one in paths[:count]]
            response = client.post(path, files=files, data={"about": json.dumps(about)} if about else {})
            assert response.status_code == 200, response.text

        labels = [path.parent.name for path in paths[:CORRECTIONS]]
        alone, beside = {"labels": labels}, {"labels": [*labels, *[None] * OTHERS]}
        send("/v1/teach", CORRECTIONS, alone)  # a first one imports what it needs
        told(f"what fits {LOOKED} cells, before it is offered", lambda: send("/v1/fit", LOOKED))
        told(f"what fitting to {FITTED} cells changes", lambda: send("/v1/fit", FITTED, {"zoom": 1}))
        told(f"teaching by {CORRECTIONS} corrections", lambda: send("/v1/teach", CORRECTIONS, alone))
        several = f"{CORRECTIONS} corrections and {OTHERS} other cells"
        told(f"teaching by {several}", lambda: send("/v1/teach", CORRECTIONS + OTHERS, beside))


def told(what: str, work: Callable[[], object]) -> None:
    """Do it, and print a row."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    print(f"| {what} | {time.perf_counter() - clock:.1f} | {time.process_time() - processor:.1f} |", flush=True)


if __name__ == "__main__":
    main()
