"""Whether what is about to be read fits into memory."""

import os

from hemascope.errors import SourceError


def require_memory(what: str, needed: int) -> None:
    """Refuse to read more than fits.

    Args:
        what: is to be read.
        needed: its bytes.

    Raises:
        SourceError: they are more than are free.

    >>> require_memory("The images", 1000)
    """
    available = _available_memory()
    if available is not None and needed > available:
        verb = "need" if what.endswith("s") else "needs"
        raise SourceError(
            f"{what} {verb} {needed / 2**30:.1f} GiB of memory; {available / 2**30:.1f} GiB are free",
            "Choose a smaller image size or fewer images, or free memory.",
        )


def _available_memory() -> int | None:
    """Free memory in bytes, None where the system does not tell."""
    try:
        import psutil
    except ImportError:  # it comes with the extra `train`
        try:
            return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            return None
    return int(psutil.virtual_memory().available)
