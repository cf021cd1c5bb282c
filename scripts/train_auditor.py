"""Make src/hemascope/audit/weights/auditor.onnx: the network by which the audit sees.

    pip install scikit-image
    python scripts/train_auditor.py PBC_TRAIN [--out auditor.onnx] [--seed 0]

The backbone is EfficientNet-Lite0 with its ImageNet weights, untouched; its features of several depths find wrong
labels and draw the map. On them a small head learns cell / junk / blank from PBC's training images, turned, cropped,
recoloured, blurred and recompressed, and from synthetic smears; from the photographs of scikit-image, scikit-learn and
matplotlib, drawings, text and textures, alone and over cells; and from bare ground and corners of images.
The two photographs of the challenge's stand-in (astronaut, chelsea) are left out, so that they can test it.

About 10 minutes on 2 CPU cores.
"""

import argparse
import io
import tempfile
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageFilter
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import hemascope
from hemascope.audit.features import CLASSES
from hemascope.data.foreign import corner, damaged, drawing, empty_field, overlay, texture, writing
from hemascope.data.framing import FRAMING
from hemascope.data.pixels import load_pixels
from hemascope.data.smears.paint import draw
from hemascope.data.sources import open_source
from hemascope.export.graph import write_model
from hemascope.models.network import Description, Network, create_network, make_head
from hemascope.models.unknown import MultiLevel
from hemascope.predict.card import ModelCard

SIZE = 96
NETWORK = "tf_efficientnet_lite0"
KEPT_FOR_TESTS = ("astronaut", "chelsea")
HIDDEN = 128
CELLS, SMEARS, JUNK, BLANK = 14_000, 3_000, 18_000, 4_000


def photographs() -> list[Image.Image]:
    """The pictures that come with three packages, but for those that the benchmark uses."""
    places = (("skimage", "data"), ("sklearn", "datasets/images"), ("matplotlib", "mpl-data/sample_data"))
    found = [file for package, folder in places for file in (files(package) / folder).iterdir()]
    chosen = sorted(
        str(file) for file in found if file.name.endswith((".png", ".jpg")) and not file.name.startswith(KEPT_FOR_TESTS)
    )
    faces = np.load(str(files("skimage") / "data/lfw_subset.npy"))[:100]
    pictures = [Image.open(file).convert("RGB") for file in chosen]
    pictures += [
        Image.fromarray((face * 255).astype(np.uint8)).convert("RGB").resize((100, 100)) for face in faces[::4]
    ]
    return [picture for picture in pictures if min(picture.size) >= 64]


def photograph(pictures: Sequence[Image.Image], rng: np.random.Generator) -> np.ndarray:
    """A random part of a picture in random colours, uint8 (96, 96, 3)."""
    picture = pictures[rng.integers(len(pictures))]
    side = int(min(picture.size) * rng.uniform(0.25, 1))
    x, y = rng.integers(0, picture.width - side + 1), rng.integers(0, picture.height - side + 1)
    part = picture.crop((x, y, x + side, y + side)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    for enhance in (ImageEnhance.Color, ImageEnhance.Brightness, ImageEnhance.Contrast):
        if rng.random() < 0.4:
            part = enhance(part).enhance(float(rng.uniform(0.4, 1.6)))
    pixels = np.asarray(part)[:, :: rng.choice([1, -1])]
    if rng.random() < 0.3:
        pixels = np.clip(pixels @ (np.eye(3) + rng.normal(0, 0.3, (3, 3))), 0, 255)
    return pixels.astype(np.uint8)


def varied(cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cell as another laboratory might show it: turned, cropped, recoloured, noisy, out of focus, recompressed."""
    image = Image.fromarray(cell)
    ground = tuple(int(v) for v in np.median(cell[::8, ::8].reshape(-1, 3), axis=0))
    if rng.random() < 0.5:
        image = image.rotate(float(rng.uniform(0, 360)), Image.Resampling.BICUBIC, fillcolor=ground)
    else:
        image = image.transpose(Image.Transpose(int(rng.integers(7))))
    if rng.random() < 0.7:
        side = int(image.width * rng.uniform(0.62, 1))
        x, y = ((image.width - side) * rng.uniform(0.3, 0.7, 2)).astype(int)
        image = image.crop((x, y, x + side, y + side))
    pixels = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC)).astype(np.float32)
    if rng.random() < 0.75:
        mix = np.eye(3) + rng.normal(0, rng.choice([0.06, 0.16]), (3, 3))
        pixels = ((pixels - 255) @ mix.T + 255 + rng.normal(0, 14, 3)) * rng.uniform(0.6, 1.25)
    if rng.random() < 0.4:
        pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** rng.uniform(0.5, 1.9)
    if rng.random() < 0.3:
        pixels = pixels + rng.normal(0, rng.uniform(2, 14), pixels.shape)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 2.2))))
    if rng.random() < 0.35:
        small = int(rng.integers(24, 72))
        way = Image.Resampling(int(rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])))
        image = image.resize((small, small), Image.Resampling.BILINEAR).resize((SIZE, SIZE), way)
    if rng.random() < 0.4:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(25, 90)))
        image = Image.open(file)
    return np.asarray(image)


def junk(pictures: Sequence[Image.Image], cell: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A foreign picture, one laid over the cell, or the cell damaged beyond use."""
    under = varied(cell, rng) if rng.random() < 0.5 else _small(cell)
    kind = rng.random()
    if kind < 0.75:
        top = _foreign(pictures, rng)
        return top if kind < 0.28 else overlay(under, top, rng)
    if kind < 0.82:
        return drawing(rng, SIZE, under)
    if kind < 0.88:
        return writing(rng, SIZE, under)
    return damaged(under, rng)


def _foreign(pictures: Sequence[Image.Image], rng: np.random.Generator) -> np.ndarray:
    kind = rng.random()
    if kind < 0.55:
        return photograph(pictures, rng)
    return drawing(rng, SIZE) if kind < 0.7 else writing(rng, SIZE) if kind < 0.82 else texture(rng, SIZE)


def _small(cell: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(cell).resize((SIZE, SIZE), Image.Resampling.BILINEAR))


def examples(cells: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (n, 96, 96, 3) and class numbers int64 (n,)."""
    rng = np.random.default_rng(seed)
    pictures = photographs()
    some = rng.permutation(len(cells))
    images = [varied(cells[i], rng) for i in np.resize(some, CELLS - len(cells) // 3)]
    images += [_small(cells[i]) for i in some[: len(cells) // 3]]
    images += [varied(draw(seed, i, 128).image, rng) for i in range(SMEARS)]
    images += [junk(pictures, cells[i], rng) for i in np.resize(some, JUNK)]
    for i in np.resize(some, BLANK):
        images.append(empty_field(rng, SIZE) if rng.random() < 0.35 else corner(cells[i], rng, SIZE))
    return np.stack(images), np.repeat([0, 1, 2], [CELLS + SMEARS, JUNK, BLANK])


def write(network: Network, path: Path, images: int) -> None:
    """Write the network as a model file."""
    card = ModelCard(
        name="auditor",
        classes=CLASSES,
        input_size=SIZE,
        framing=FRAMING,
        network=f"{NETWORK}, features of four depths",
        parameters=sum(p.numel() for p in network.parameters()),
        data={
            "name": "PBC (train), synthetic smears, photographs of scikit-image, scikit-learn and matplotlib",
            "licence": "CC BY 4.0 (PBC)",
            "attribution": "Acevedo et al. 2020, Hospital Clinic de Barcelona",
            "images": images,
        },
        limits="Tells pictures of cells from others, to audit data sets. No classifier of cells.",
        created=date.today().isoformat(),
        hemascope=hemascope.__version__,
    )
    write_model(network, card, path)


def new_network() -> Network:
    """The untouched backbone with a random head."""
    plain = create_network(NETWORK, classes=len(CLASSES), input_size=SIZE)
    backbone = MultiLevel(plain.backbone)
    width = backbone.eval()(torch.zeros(1, 3, SIZE, SIZE)).shape[1]
    about = Description(NETWORK, SIZE, plain.description.mean, plain.description.std, width)
    return Network(about, backbone, make_head(width, len(CLASSES), dense=HIDDEN)).eval()


def train_head(network: Network, features: np.ndarray, targets: np.ndarray, seed: int) -> float:
    """Fit the head to features (n, d) and class numbers (n,); returns its accuracy on a tenth held out."""
    scaler = StandardScaler().fit(features)
    learner = MLPClassifier(
        (HIDDEN,), alpha=1.0, batch_size=256, early_stopping=True, n_iter_no_change=4, random_state=seed
    )
    learner.fit(scaler.transform(features), targets)
    first, second = learner.coefs_[0] / scaler.scale_[:, None], learner.coefs_[1]  # the scaling goes into the first
    shift = learner.intercepts_[0] - scaler.mean_ @ first
    with torch.no_grad():
        for layer, weight, bias in ((0, first, shift), (2, second, learner.intercepts_[1])):
            network.head[layer].weight.copy_(torch.from_numpy(weight.T))
            network.head[layer].bias.copy_(torch.from_numpy(bias))
    return float(learner.best_validation_score_)


def main() -> None:
    """Draw the examples, train the head, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="PBC's training images, at their full size")
    parser.add_argument("--out", type=Path, default=Path("auditor.onnx"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    images, targets = examples(load_pixels(open_source(options.source), 208).images, options.seed)
    print(f"{len(images):,} examples")
    network = new_network()
    with tempfile.TemporaryDirectory() as folder:
        write(network, Path(folder) / "untrained.onnx", 0)
        features = hemascope.load(Path(folder) / "untrained.onnx").features(images)
    accuracy = train_head(network, features, targets, options.seed)
    write(network, options.out, len(images))
    print(f"held-out accuracy of the head: {accuracy:.4f}; {options.out}: {options.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
