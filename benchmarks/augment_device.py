"""Augmented images a second on a device: a policy on whole batches that are there already, as training has them.

    python benchmarks/augment_device.py [--device cuda] [--policy wide] [--size 96] [--batch 64 512 4096] [--seconds 3]

Prints the card's name and a Markdown table, a row a size of batch: images a second by the clock, the median of all
batches after warming up, the device waited for after every one; on the CPU also its seconds of a thousand images, which
do not depend on what else the machine does. ``--input uint8`` begins with bytes, a quarter of the memory's traffic.
The goal is 100,000 images a second of ``wide`` at 96 pixels on one GPU of the class of an H100: with ``--at-least
100000`` the script ends with 1 where no size of batch reaches so many. The same seed gives the same images again on
every run of a device; `tests/augment` holds the CPU's to their meaning.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch

from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.train.recipe_files import load_policy

WARM = 3
"""Batches before the measurement: a GPU chooses its kernels, and memory is taken."""


def choose(name: str) -> torch.device:
    """The device asked for; of ``auto`` the first that is there of CUDA, Apple's Metal and the CPU."""
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def title(device: torch.device) -> str:
    """What people call it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "Apple's Metal" if device.type == "mps" else f"CPU, {torch.get_num_threads()} threads"


def waiter(device: torch.device) -> Callable[[], None]:
    """What waits until the device has done all that it was told to."""
    if device.type == "cuda":
        return lambda: torch.cuda.synchronize(device)
    return torch.mps.synchronize if device.type == "mps" else lambda: None


def rate(images: torch.Tensor, policy: Policy, seconds: float) -> tuple[float, float]:
    """Median images a second by the clock, and CPU seconds of a thousand images."""
    wait = waiter(images.device)
    generator = torch.Generator(images.device).manual_seed(0)
    for _ in range(WARM):
        augment(images, policy, generator)
    wait()
    spent: list[float] = []
    began = time.process_time()
    while sum(spent) < seconds or len(spent) < WARM:
        start = time.perf_counter()
        augment(images, policy, generator)
        wait()
        spent.append(time.perf_counter() - start)
    cpu = (time.process_time() - began) / (len(spent) * len(images)) * 1000
    return len(images) / statistics.median(spent), cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps")
    parser.add_argument("--policy", default="wide")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, nargs="+", help="[on the CPU 64, else 512 2048 8192]")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--input", choices=("float", "uint8"), default="float")
    parser.add_argument("--at-least", type=float, default=0, help="images a second, below which the exit code is 1")
    args = parser.parse_args()
    device, policy = choose(args.device), load_policy(args.policy)
    print(f"{title(device)}, torch {torch.__version__}, policy {args.policy}, {args.size} pixels, {args.input}\n")
    print("| batch | images/s | CPU s of 1,000 | GiB of the device |\n|---|---|---|---|")
    best = 0.0
    for batch in args.batch or ([64] if device.type == "cpu" else [512, 2048, 8192]):
        source = torch.Generator().manual_seed(1)
        images = torch.randint(0, 256, (batch, 3, args.size, args.size), dtype=torch.uint8, generator=source).to(device)
        found, cpu = rate(images if args.input == "uint8" else images.float() / 255, policy, args.seconds)
        peak = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else float("nan")
        best = max(best, found)
        print(f"| {batch:,} | {found:,.0f} | {cpu:.2f} | {peak:.2f} |", flush=True)
    if best < args.at_least:
        sys.exit(f"\n{best:,.0f} images/s at most, and {args.at_least:,.0f} were to be reached")


if __name__ == "__main__":
    main()
