"""Augmented images a second: the policy `wide` on a batch beside torchvision, kornia and albumentations.

    python benchmarks/augment.py [--policy wide] [--size 96] [--batch 64] [--seconds 3] [--threads 1 2] [--device cpu]

Prints a Markdown table for every number of cores, and how many times as fast as each other hemascope is. Every peer
gets its nearest equivalents of the same transforms with the same chances: geometry and colour for 70% of the images,
one of each kind of degradation for a quarter of these. What a peer lacks (stain shift, white point, grid mask, bubble,
deposit, and where it has none JPEG, shear or elastic bending) it is let off. torchvision and albumentations take uint8
images one at a time, as a DataLoader's workers do; kornia and hemascope take the batch: so many threads of torch
against so many workers. The last row is the training step, forward and backward, of EfficientNet-Lite0 on images of
that size, in bfloat16 where the machine has it; hemascope should be ten times as fast as that, or more. On a GPU only
this step, kornia and hemascope take part; take a large batch there (--batch 2048). kornia and albumentations take part
where they are installed. Run it on an idle machine: stop all other work, and run it twice.
"""

import argparse
import importlib.util
import platform
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, IterableDataset
from torchvision.transforms import v2

from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.data.smears import draw
from hemascope.models.depthwise import use_fast_depthwise
from hemascope.models.network import create_network

CLEAN, DEGRADE = 0.3, 0.25


def of_torchvision() -> Callable[[torch.Tensor], torch.Tensor]:
    """A uint8 image (3, h, w) to float32."""
    blur = v2.RandomApply([v2.GaussianBlur(7, (0.1, 2.0))], DEGRADE)
    noise = v2.RandomApply([v2.GaussianNoise(sigma=0.05)], DEGRADE)
    tone = v2.RandomChoice([v2.RandomSolarize(0.8, DEGRADE), v2.RandomPosterize(5, DEGRADE)])
    moved = v2.RandomAffine(180, (0.08, 0.08), (0.8, 1.25), (-8, 8, -8, 8), v2.InterpolationMode.BILINEAR)
    changes = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            moved,
            v2.ElasticTransform(20.0),
            v2.ColorJitter(0.25, 0.3, 0.4, 0.03),
            v2.RandomApply([v2.JPEG((15, 100))], DEGRADE),
            tone,
            v2.ToDtype(torch.float32, scale=True),
            blur,
            noise,
            v2.RandomErasing(DEGRADE),
        ]
    )
    plain = v2.ToDtype(torch.float32, scale=True)
    return lambda image: plain(image) if torch.rand(()) < CLEAN else changes(image)


def of_albumentations() -> Callable[[np.ndarray], torch.Tensor]:
    """A uint8 image (h, w, 3) to float32 (3, h, w)."""
    import albumentations as A
    import cv2

    cv2.setNumThreads(0)  # a worker is one thread

    changes = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.Affine(scale=(0.8, 1.25), translate_percent=0.08, rotate=(-180, 180), shear=(-8, 8), p=1),
            A.ElasticTransform(alpha=20, sigma=8, p=1),
            A.ColorJitter((0.75, 1.25), (0.7, 1.3), (0.6, 1.4), (-0.03, 0.03), p=1),
            A.RandomGamma((70, 140), p=1),
            A.RGBShift(10, 10, 10, p=1),
            A.OneOf([A.Defocus((1, 3)), A.MotionBlur((3, 7))], p=DEGRADE),
            A.OneOf([A.GaussNoise((0.0, 0.08)), A.ShotNoise(), A.SaltAndPepper((0.0, 0.04))], p=DEGRADE),
            A.OneOf([A.Solarize((0.7, 1.0)), A.Posterize((4, 8))], p=DEGRADE),
            A.OneOf([A.Downscale((0.25, 1.0)), A.ImageCompression(quality_range=(15, 100))], p=DEGRADE),
            A.OneOf([A.CoarseDropout((1, 1), (0.05, 0.3), (0.05, 0.3)), A.GridDropout(0.5)], p=DEGRADE),
        ],
        p=1 - CLEAN,
    )
    return lambda image: torch.from_numpy(changes(image=image)["image"]).permute(2, 0, 1).float().div_(255)


def of_kornia() -> Callable[[torch.Tensor], torch.Tensor]:
    """A float32 batch (n, 3, h, w) in [0, 1] to such a batch."""
    import kornia.augmentation as K

    # It draws for every operation which images get it, so a share of clean ones lowers each chance alike.
    changed, one = 1 - CLEAN, (1 - CLEAN) * DEGRADE
    geometry = [
        K.RandomHorizontalFlip(0.5 * changed),
        K.RandomAffine(180.0, (0.08, 0.08), (0.8, 1.25), 8.0, padding_mode="reflection", p=changed),
        K.RandomElasticTransform((15, 15), (4.0, 4.0), (0.5, 0.5), p=changed),
    ]
    colour = [
        K.ColorJiggle((0.75, 1.25), (0.7, 1.3), (0.6, 1.4), (-0.03, 0.03), p=changed),
        K.RandomGamma((0.7, 1.4), p=changed),
        K.RandomRGBShift(0.04, 0.04, 0.04, p=changed),
    ]
    rare = [
        K.RandomGaussianBlur((7, 7), (0.1, 2.0), p=one / 2),
        K.RandomMotionBlur(7, 180.0, 0.0, p=one / 2),
        K.RandomGaussianNoise(std=0.05, p=one / 2),
        K.RandomSaltAndPepperNoise((0.01, 0.04), p=one / 2),
        K.RandomSolarize(0.2, 0.0, p=one / 2),
        K.RandomPosterize(5.0, p=one / 2),
        K.RandomJPEG((15.0, 100.0), p=one),
        K.RandomErasing((0.02, 0.09), p=one),
    ]
    return K.AugmentationSequential(*geometry, *colour, *rare, data_keys=["input"])


class OneAtATime(IterableDataset[Any]):
    """Endless transformed images."""

    def __init__(self, images: Any, transform: Callable[[Any], torch.Tensor]) -> None:
        self.images, self.transform = images, transform

    def __iter__(self) -> Iterator[torch.Tensor]:
        while True:
            for image in self.images:
                yield self.transform(image)


def rate(step: Callable[[], torch.Tensor], seconds: float) -> float:
    """Median images a second of steps that each give a batch."""
    spent: list[float] = []
    rates = []
    for number in range(1000):
        began = time.perf_counter()
        batch = step()
        if batch.is_cuda:
            torch.cuda.synchronize()
        if number < 3:
            continue
        spent.append(time.perf_counter() - began)
        rates.append(len(batch) / spent[-1])
        if sum(spent) > seconds and len(spent) >= 3:
            break
    return statistics.median(rates)


def loaded(images: Any, transform: Callable[[Any], torch.Tensor], batch: int, workers: int, seconds: float) -> float:
    """Images a second through a DataLoader, first batches left out; all batches, because workers run ahead."""
    context = "fork"  # transforms that are closures cannot be pickled
    loader = DataLoader(
        OneAtATime(images, transform), batch_size=batch, num_workers=workers, multiprocessing_context=context
    )
    batches = iter(loader)
    for _ in range(2 * workers + 1):
        next(batches)
    began, n = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        n += len(next(batches))
    return n / (time.perf_counter() - began)


def training_step(batch: torch.Tensor) -> tuple[str, Callable[[], torch.Tensor]]:
    """What it is called, and a forward and backward pass that gives the batch back."""
    network = create_network("tf_efficientnet_lite0", classes=8, input_size=batch.shape[-1], pretrained=False)
    network.train().to(batch.device, memory_format=torch.channels_last)
    if not batch.is_cuda:
        use_fast_depthwise(network)
    targets = torch.arange(len(batch), device=batch.device) % 8
    images = batch.contiguous(memory_format=torch.channels_last)
    # Without instructions for it, bfloat16 is slower on a CPU than float32.
    bf16 = batch.is_cuda or "avx512_bf16" in processor_flags()

    def step() -> torch.Tensor:
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(network(images).float(), targets)
        network.zero_grad()
        loss.backward()
        return batch

    return f"training step of EfficientNet-Lite0, {'bfloat16' if bf16 else 'float32'}", step


def processor_flags() -> str:
    """The CPU's instruction sets as Linux lists them; elsewhere none."""
    about = Path("/proc/cpuinfo")
    return about.read_text() if about.is_file() else ""


def machine(device: torch.device) -> str:
    """The processor's name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    names = [line.split(":")[1].strip() for line in processor_flags().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {len(names) or '?'} cores"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", default="wide")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    policy, device = Policy.model_validate(args.policy), torch.device(args.device)
    pictures = np.stack([draw(0, index, args.size).image for index in range(min(args.batch, 64))])
    pictures = np.resize(pictures, (args.batch, *pictures.shape[1:]))
    planes = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
    batch, generator = planes.to(device).float() / 255, torch.Generator(device).manual_seed(0)
    batches: dict[str, Callable[[], torch.Tensor]] = {}
    if importlib.util.find_spec("kornia"):
        kornia = of_kornia().to(device)  # type: ignore[attr-defined]
        batches["kornia, batches"] = lambda: kornia(batch)
    singles: dict[str, tuple[Any, Callable[[Any], torch.Tensor]]] = {}
    if device.type == "cpu":
        singles["torchvision, an image at a time"] = (planes, of_torchvision())
        if importlib.util.find_spec("albumentations"):
            singles["albumentations, an image at a time"] = (pictures, of_albumentations())
    title, train = training_step(batch)
    print(f"{machine(device)}, torch {torch.__version__}, batches of {args.batch}, {args.size} pixels\n")
    for threads in args.threads if device.type == "cpu" else args.threads[:1]:
        torch.set_num_threads(threads)
        cores = f"{threads} threads or workers" if device.type == "cpu" else "GPU"
        print(f"| {cores} | images/s | hemascope is faster by |\n|---|---|---|")
        ours = rate(lambda: augment(batch, policy, generator), args.seconds)
        print(f"| hemascope, batches, policy {args.policy} | {ours:,.0f} | |")
        for name, step in batches.items():
            row(name, rate(step, args.seconds), ours)
        for name, (images, transform) in singles.items():
            row(name, loaded(images, transform, args.batch, threads, args.seconds), ours)
        row(title, rate(train, args.seconds), ours)
        print()


def row(name: str, value: float, ours: float) -> None:
    """Print one."""
    print(f"| {name} | {value:,.0f} | {ours / value:.1f} |", flush=True)


if __name__ == "__main__":
    main()
