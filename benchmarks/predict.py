"""Speed and memory of ``hemascope predict``, beside the same network run by torch eager with a plain DataLoader.

    python benchmarks/predict.py FOLDER --model model.onnx

FOLDER holds images, at any depth. Prints a Markdown table. Needs hemascope[train] for the torch side, whose
weights are random: only speed counts. hemascope's times are of whole commands, start and output included;
torch's leave out the import and the making of the network.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from hemascope.cores import usable_cores
from hemascope.predict.shipped import DEFAULT

_PEAK = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
COMMAND = [sys.executable, "-c", "from hemascope.cli import main; main()", "predict"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default=DEFAULT, help="model file or name of a shipped model")
    parser.add_argument("--network", default="tf_efficientnet_lite0", help="timm's name of the same network")
    parser.add_argument("--rounds", type=int, default=3, help="both sides are measured in turn; the best counts")
    parser.add_argument("--many", type=int, default=100_000, help="images of the run whose memory is measured; 0: none")
    options = parser.parse_args()

    from hemascope import load
    from hemascope.predict.items import items

    paths = [item.path for item in items([str(options.folder)])]
    size = load(options.model).card.input_size
    print(f"{len(paths):,} images, {options.network} at {size} x {size}; {machine()}\n")
    print("| what | measured |\n|---|---|")
    starts = [seconds([paths[0], "--model", options.model]) for _ in range(5)]
    row("one image, cold start (median of 5)", f"{statistics.median(starts):.2f} s")

    rates: dict[str, float] = {}
    for _ in range(options.rounds):
        took = seconds([str(options.folder), "--model", options.model])
        rates["hemascope predict"] = max(rates.get("hemascope predict", 0), len(paths) / took)
        for workers in (0, 2):
            name = f"torch eager, DataLoader of {workers} workers"
            rates[name] = max(rates.get(name, 0), len(paths) / torch_seconds(paths, options.network, size, workers))
    best = max(rate for name, rate in rates.items() if name.startswith("torch"))
    for name, rate in rates.items():
        row(name, f"{rate:,.0f} images/s" + (f" ({rate / best:.1f} x)" if name == "hemascope predict" else ""))

    if options.many:
        for n in (len(paths), options.many):
            peak, rate = memory(paths, n, options.model)
            row(f"peak memory, {n:,} images to a .csv", f"{peak:,.0f} MiB ({rate:,.0f} images/s)")


def row(what: str, measured: str) -> None:
    """Print a row of the table."""
    print(f"| {what} | {measured} |", flush=True)


def seconds(arguments: list[str]) -> float:
    """Wall time of a `hemascope predict` in a process of its own."""
    start = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def torch_seconds(paths: list[str], network: str, size: int, workers: int) -> float:
    """Wall time of one pass of torch eager over the images."""
    import timm
    import torch
    from PIL import Image
    from torchvision.transforms import v2

    transform = v2.Compose(
        [
            v2.PILToTensor(),
            v2.Resize(size, antialias=True),
            v2.CenterCrop(size),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )

    class Images(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(paths)

        def __getitem__(self, index: int) -> torch.Tensor:
            return transform(Image.open(paths[index]).convert("RGB"))

    model = timm.create_model(network, pretrained=False, num_classes=8).eval()
    with torch.inference_mode():
        model(torch.zeros(64, 3, size, size))  # the first call is slower
        start = time.perf_counter()
        loader = torch.utils.data.DataLoader(Images(), batch_size=64, num_workers=workers)
        found = [model(batch).softmax(1) for batch in loader]
        took = time.perf_counter() - start
    assert sum(map(len, found)) == len(paths)
    return took


def memory(paths: list[str], n: int, model: str) -> tuple[float, float]:
    """Peak resident memory in MiB, and images a second, of a run over n images: links to those given, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        for path, link in zip(endless(paths), range(n), strict=False):
            inside = Path(folder, "images", f"{link // 1000:05d}")
            inside.mkdir(parents=True, exist_ok=True)
            (inside / f"{link:08d}{Path(path).suffix}").symlink_to(Path(path).resolve())
        start = time.perf_counter()
        command = [*COMMAND, f"{folder}/images", "--model", model, "-o", f"{folder}/out.csv"]
        # A process begins with the peak of the one that starts it, so a small one stands between.
        between = [sys.executable, "-S", "-c", _PEAK, *command]
        peak = int(subprocess.run(between, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
        took = time.perf_counter() - start
    return peak / 1024, n / took


def endless(paths: list[str]) -> Iterator[str]:
    """The paths again and again."""
    while True:
        yield from paths


def machine() -> str:
    """CPU and versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        model = names[0] if names else model
    cores = usable_cores()
    packages = ("hemascope", "onnxruntime", "pillow", "torch", "torchvision", "timm")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{model}, {cores} cores; Python {platform.python_version()}, {versions}"


if __name__ == "__main__":
    main()
