"""The hub of pretrained weights, where it cannot be reached."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants

_SECONDS = 5.0


@contextmanager
def cache_where_unreachable() -> Iterator[bool]:
    """Use the hub's cache alone within the block where the hub itself cannot be reached.

    Its client would ask again and again for a minute, and print so. Behind a proxy nothing is concluded.

    Yields:
        Whether only the cache is used.
    """
    before = constants.HF_HUB_OFFLINE
    if not before and not getproxies() and not _reachable(constants.ENDPOINT):
        constants.HF_HUB_OFFLINE = True
    try:
        yield bool(constants.HF_HUB_OFFLINE)
    finally:
        constants.HF_HUB_OFFLINE = before  # it may be reached the next time


def _reachable(address: str) -> bool:
    url = urlsplit(address)
    try:
        socket.create_connection((url.hostname, url.port or (80 if url.scheme == "http" else 443)), _SECONDS).close()
    except OSError:
        return False
    return True
