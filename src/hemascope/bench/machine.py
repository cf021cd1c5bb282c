"""The machine in one line, so that minutes and images a second can be read."""

import platform
from pathlib import Path

import torch

from hemascope.predict.classifier import usable_cores


def machine_line() -> str:
    """Processor, cores that may be used, and GPU, if any."""
    cores = usable_cores()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{_processor()}, {cores} core{'s' if cores != 1 else ''}, {gpu}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()
