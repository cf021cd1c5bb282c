"""Running a network over many images."""

import numpy as np
import torch

from hemascope.models.network import Network


def run_network(network: Network, images: np.ndarray, *, batch_size: int = 128) -> np.ndarray:
    """Logits in float32 of images in memory, in evaluation mode on the network's device.

    Args:
        network: the network; left in evaluation mode.
        images: uint8 (n, size, size, 3), already framed to the network's input size.
        batch_size: images at a time.

    Returns:
        float32 (n, classes).
    """
    network.eval()
    device = next(network.parameters()).device
    results = [np.zeros((0, 0), np.float32)] if not len(images) else []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(device)
            pixels = batch.permute(0, 3, 1, 2).to(torch.float32).div_(255)
            results.append(network(pixels).float().cpu().numpy())
    return np.concatenate(results)
