"""Put the memory of the classes into a model file that was written without one.

    python scripts/remember.py MODEL TRAIN

MODEL is a model file or the name of a shipped one, TRAIN the images that it was trained on. Its graph, weights and card
stay as they are. Some seconds; an export does the same.
"""

import argparse
import shutil
from dataclasses import replace

import numpy as np

import hemascope
from hemascope.adapt.memory import candidates
from hemascope.data.framing import frame
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.export.memory import add_memory
from hemascope.files import atomic
from hemascope.predict.shipped import find


def main() -> None:
    """Look at some images of each class, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("train")
    options = parser.parse_args()
    path = find(options.model)
    model = hemascope.load(path)
    manifest = open_source(options.train)
    manifest = replace(manifest.rows(manifest.known(model.classes)), classes=model.classes)
    chosen = manifest.rows(np.sort(candidates(manifest.targets())))
    targets = chosen.targets()
    framed = [(row, one) for row, one in map_images(chosen, lambda image: frame(image, model.card.input_size))]
    kept = [(row, one) for row, one in framed if isinstance(one, np.ndarray)]
    with atomic(path) as temporary:
        shutil.copy(path, temporary)
        add_memory(temporary, np.stack([one for _, one in kept]), targets[[row for row, _ in kept]])
    print(f"{path}: {len(kept)} images looked at")


if __name__ == "__main__":
    main()
