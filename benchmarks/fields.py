"""How well cells are found in whole fields, typed end to end, and how fast.

    python benchmarks/fields.py DATA [--detector FILE] [--model NAME]

DATA holds fields/bccd, fields/chula, fields/raabin, labs/chula and ood/raabin. Scored are fields that taught nothing:
of BCCD those whose number is a multiple of five, of Chula whole slides (as `scripts/three_laboratories.py` keeps them
apart), and Raabin, on which nothing was trained or chosen, at its own size, half and double. Prints Markdown tables.
Raabin's boxes are half automatic, and many red cells of BCCD have none. Five minutes on two idle cores.
"""

import argparse
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

import hemascope
from hemascope.cells import KINDS
from hemascope.data.annotations import LabelledField, open_annotations
from hemascope.data.decode import decode
from hemascope.data.sources import open_source
from hemascope.evaluate.detected import detect
from hemascope.evaluate.detection import score_detections
from hemascope.fields.crops import cut_out, side_of
from hemascope.fields.detector import Detector, load_detector
from hemascope.files import scratch
from hemascope.jeffreys import jeffreys
from hemascope.predict.classifier import Classifier

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from three_laboratories import slide

WHITE = KINDS.index("white")
_CENTRED = 0.5  # intersection over union from which a cell found is the one that is marked


def resized(field: LabelledField, factor: float, folder: Path) -> LabelledField:
    """The field at another magnification."""
    image = Image.fromarray(decode(field.path))
    path = folder / f"{field.path.stem}.png"
    image.resize([round(side * factor) for side in image.size], Image.Resampling.BICUBIC).save(path)
    return replace(field, path=path, boxes=(field.boxes * factor).astype(np.float32))


def table(title: str, detector: Detector, fields: list[LabelledField], kinds: tuple[str, ...] = KINDS) -> None:
    """Rows of what was found of each kind."""
    started = time.monotonic()
    scores, _ = score_detections(fields, detect(detector.path, fields), detector.card.thresholds)
    for kind in kinds:
        one = scores["kinds"][kind]
        if one is None:
            continue
        found, right = (
            f"{one[name]['value']:.3f} ({one[name]['low']:.3f} to {one[name]['high']:.3f})"
            for name in ("recall", "precision")
        )
        print(
            f"| {title}, {len(fields)} | {kind} | {one['boxes']:,} | {one['ap50']:.3f} | {found} | {right} | "
            f"{one['false_per_field']:.2f} | {one['count_error']:.1%} | {one['count_bias']:+.1%} |",
            flush=True,
        )
    print(f"{title}: mAP {scores['map50']:.3f}, {time.monotonic() - started:.0f} s", file=sys.stderr)


def end_to_end(
    title: str, detector: Detector, model: Classifier, fields: list[LabelledField], names: dict[Path, str] | None
) -> None:
    """A row: white cells typed right in perfect crops, and found and typed right."""
    import torch  # not before the memory of counting was measured
    from torchvision.ops import box_iou

    crops = hits = cells = 0
    for field in fields:
        image = decode(field.path)
        found = detector.find(image)
        white = found.boxes[found.kinds == WHITE]
        for box, kind, label in zip(field.boxes, field.kinds, field.labels, strict=True):
            if kind != WHITE:
                continue
            name = label if names is None else names.get(Path(field.path.name))
            if name not in model.classes or (names is not None and not _central(box, image.shape)):
                continue
            cells += 1
            crops += _called(detector, model, image, box, found.red_width) == name
            shared = box_iou(torch.tensor(box[None]), torch.tensor(white))[0].numpy()
            if len(white) and shared.max() >= _CENTRED:
                hits += _called(detector, model, image, white[shared.argmax()], found.red_width) == name
    rows = (f"{right / cells:.3f} ({low:.3f} to {high:.3f})" for right in (crops, hits)
            for low, high in [jeffreys(right, cells)])  # fmt: skip
    print(f"| {title} | {cells} | {' | '.join(rows)} |", flush=True)


def _central(box: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether a box holds the middle of the field, where Raabin's typed cell is."""
    middle = np.array(shape[1::-1]) / 2
    return bool((box[:2] < middle).all() and (box[2:] > middle).all())


def _called(detector: Detector, model: Classifier, image: np.ndarray, box: np.ndarray, width: float | None) -> str:
    corners = tuple(map(float, box))
    cut = cut_out(image, corners, side_of(corners, width, detector.card.framing))
    return model.classes[int(model.probabilities(cut[None])[0].argmax())]


def speed(detector: Detector, model: Classifier, data: Path) -> None:
    """A field of 2048x1536 made of fields of BCCD, from file to rows."""
    pictures = [decode(path) for path in sorted((data / "fields/bccd").glob("*.jpg"))[:12]]
    rows = [np.concatenate(pictures[at : at + 4], 1) for at in (0, 4, 8)]
    whole = Image.fromarray(np.concatenate(rows)).resize((2048, 1536), Image.Resampling.LANCZOS)
    with scratch() as folder:
        whole.save(folder / "field.jpg", quality=92)
        hemascope.count(folder / "field.jpg", model.path, detector=detector.path, output=folder / "warm")
        seconds = []
        from hemascope.fields.read import read_fields
        from hemascope.predict.items import items

        for _ in range(7):
            started = time.monotonic()
            (read,) = read_fields(detector, model, items([str(folder / "field.jpg")]), threads=model.threads)
            seconds.append(time.monotonic() - started)
    kinds = {kind: sum(cell.kind == kind for cell in read.cells) for kind in KINDS}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"2048x1536, {kinds}: {min(seconds):.2f} to {max(seconds):.2f} s, file to rows; peak {peak:,.0f} MiB")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--detector", default="detector")
    parser.add_argument("--model", default="robust")
    parser.add_argument("--without-raabin", action="store_true", help="leave the set alone that is for scores only")
    options = parser.parse_args()
    detector, model = load_detector(options.detector), hemascope.load(options.model)
    speed(detector, model, options.data)
    bccd = [
        field for field in open_annotations(options.data / "fields/bccd").fields
        if int(field.path.stem.split("_")[1]) % 5 == 0
    ]  # fmt: skip
    slides = sorted({slide(path.name) for path in (options.data / "labs/chula").rglob("*.*")})[::5]
    chula = [
        field for field in open_annotations(options.data / "fields/chula").fields
        if slide(f"{field.path.stem}_") in slides
    ]  # fmt: skip
    print("| fields | cells | boxed | AP at 0.5 | recall | precision | false a field | count error | count bias |")
    print("|---|---|---|---|---|---|---|---|---|")
    table("BCCD, held out", detector, bccd)
    table("Chula, held-out slides", detector, chula, ("white",))
    raabin: list[LabelledField] = []
    if not options.without_raabin:
        raabin = list(open_annotations(options.data / "fields/raabin").fields)
        table("Raabin, own size", detector, raabin, ("white", "red"))
        for factor, name in ((0.5, "half"), (2.0, "double")):
            with scratch() as folder:
                table(
                    f"Raabin, {name} size", detector, [resized(field, factor, folder) for field in raabin], ("white",)
                )
    print("\n| white cells | typed | right in perfect crops | found and typed right |\n|---|---|---|---|")
    end_to_end("BCCD, held out", detector, model, bccd, None)
    end_to_end("Chula, held-out slides", detector, model, chula, None)
    if raabin:
        source = open_source(options.data / "ood/raabin").table
        names = {Path(Path(path).name): label for path, label in zip(source["path"], source["label"], strict=True)}
        end_to_end("Raabin", detector, model, raabin, names)


if __name__ == "__main__":
    main()
