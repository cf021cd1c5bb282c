"""Training images a second on this machine: torch's own depthwise backward pass against ours, fp32 and bf16.

    python benchmarks/train_step.py [--network tf_efficientnet_lite0] [--size 96] [--batch 64]

Prints a Markdown table. Run it on an idle machine.
"""

import argparse
import copy
import platform
import statistics
import time

import torch
import torch.nn.functional as F

from hemascope.models.depthwise import use_fast_depthwise
from hemascope.models.network import create_network


def rate(network: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor, bf16: bool, steps: int = 8) -> float:
    """Median images a second of forward and backward passes."""
    seconds = []
    for step in range(steps + 2):
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(network(images).float(), targets)
        network.zero_grad()
        loss.backward()
        if step >= 2:
            seconds.append(time.perf_counter() - began)
    return len(images) / statistics.median(seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="tf_efficientnet_lite0")
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    native = create_network(args.network, classes=8, input_size=args.size, pretrained=False)
    native.train().to(memory_format=torch.channels_last)
    ours = copy.deepcopy(native)
    use_fast_depthwise(ours)
    images = torch.rand(args.batch, 3, args.size, args.size).contiguous(memory_format=torch.channels_last)
    targets = torch.randint(0, 8, (args.batch,))
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}\n"
    )
    print("| depthwise backward | fp32, images/s | bf16, images/s |\n|---|---|---|")
    for name, network in (("torch", native), ("hemascope", ours)):
        print(f"| {name} | {rate(network, images, targets, False):.0f} | {rate(network, images, targets, True):.0f} |")


if __name__ == "__main__":
    main()
