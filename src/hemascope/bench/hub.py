"""The hub of pretrained weights, where it cannot be reached."""

import socket
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants

_SECONDS = 5.0


def spare_the_wait() -> bool:
    """Use the hub's cache alone, for the rest of this process, where the hub itself cannot be reached.

    Its client asks again and again for a minute, and every row of a bench would wait for it anew.

    Returns:
        Whether only the cache is used.
    """
    if not constants.HF_HUB_OFFLINE and not getproxies() and not _reachable(constants.ENDPOINT):
        constants.HF_HUB_OFFLINE = True
    return bool(constants.HF_HUB_OFFLINE)


def _reachable(address: str) -> bool:
    url = urlsplit(address)
    try:
        socket.create_connection((url.hostname, url.port or (80 if url.scheme == "http" else 443)), _SECONDS).close()
    except OSError:
        return False
    return True
