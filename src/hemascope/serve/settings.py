"""What a service is started with: the model, where it listens, and every limit."""

import ipaddress
from dataclasses import dataclass, field

from hemascope.data.regular import MAX_PIXELS
from hemascope.errors import ServiceError
from hemascope.fields.defaults import DETECTOR
from hemascope.predict.shipped import DEFAULT

MIB = 1 << 20
IMAGE_WORK = 200_000
"""Pixels whose unpacking takes as long as everything else that is done for an image: what each counts at the least."""

MOST = 1 << 50
"""The largest number that a limit may be: no machine has a petabyte, and larger ones overflow below."""

DAY = 86_400
"""Seconds: the longest that a request may take."""


def mebibytes(name: str, value: float) -> int:
    """Bytes of a limit given in MiB.

    Raises:
        ServiceError: it is no number, or none that a limit can be.

    >>> mebibytes("max_body", 0.5)
    524288
    """
    if not 0 < value * MIB <= MOST:
        raise ServiceError(f"{name} is {value:g} MiB", f"It must be above 0 and at most {MOST // MIB:,}.")
    return max(1, round(value * MIB))


@dataclass(frozen=True)
class Settings:
    """Settings of a service; the limits hold for each worker.

    Attributes:
        model: a model file, a Run folder or a shipped model's name.
        detector: what finds the cells of fields: a detector's file or a shipped detector's name.
        device: where the networks run, see `hemascope.load`.
        host: address to listen on.
        port: TCP port; 0 takes a free one.
        workers: processes.
        threads: images worked on at a time, a worker; its fair share of the cores where None.
        max_body: bytes of a request's body.
        max_files: images a request.
        max_pixels: pixels an image, height times width.
        max_field_pixels: pixels a field, which is searched for cells.
        seconds: for a request, from its headers to its answer.
        queue: images that wait for the network.
        queue_pixels: pixels that the headers of those images may announce together; each counts IMAGE_WORK more.
        memory: bytes of all bodies held at a time.
        gather: seconds that an image may wait for others to share its network run.
        connections: open at a time; fewer where the process may not have so many descriptors.
        names: under which clients reach it, beside its address and this machine's own; without a token, or where some
            are given, a request to any other name is refused.
        token: what clients must send as ``Authorization: Bearer``; none is asked for where empty.

    Raises:
        ServiceError: values that cannot be served with.

    >>> Settings(max_files=8).max_files
    8
    """

    model: str = DEFAULT
    detector: str = DETECTOR
    device: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int | None = None
    max_body: int = 64 * MIB
    max_files: int = 256
    max_pixels: int = 5_000_000
    max_field_pixels: int = MAX_PIXELS
    seconds: float = 30.0
    queue: int = 1024
    queue_pixels: int = 500_000_000
    memory: int = 512 * MIB
    gather: float = 0.002
    connections: int = 512
    names: tuple[str, ...] = ()
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("workers", "threads", "max_body", "max_files", "max_pixels", "max_field_pixels", "queue",
                     "memory", "connections"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MOST:
                raise ServiceError(f"{name} is {value}", f"It must be from 1 to {MOST:,}.")
        if not (0 < self.seconds <= DAY and 0 <= self.gather < 1 and 0 <= self.port < 1 << 16):
            raise ServiceError(
                f"seconds is {self.seconds:g}, gather {self.gather:g} s, port {self.port}",
                f"Seconds must be positive and at most {DAY:,}, gather less than one second, a port at most 65535.",
            )
        if self.queue < self.max_files:
            raise ServiceError(
                f"the queue ({self.queue} images) is shorter than the largest request ({self.max_files} files)",
                "Raise --queue or lower --max-files.",
            )
        if self.queue_pixels < self.max_pixels + IMAGE_WORK:
            raise ServiceError(
                f"the queue ({self.queue_pixels:,} pixels) is shorter than the largest image ({self.max_pixels:,})",
                "Raise --queue-pixels or lower --max-pixels.",
            )
        if self.memory < self.max_body:
            raise ServiceError(
                f"the memory for bodies ({self.memory:,} bytes) is less than the largest one ({self.max_body:,})",
                "Raise --memory or lower --max-body.",
            )
        if not self.token and not is_loopback(self.host):
            raise ServiceError(
                f"{self.host or 'every address'} can be reached from other machines, and no token is set",
                "Set HEMASCOPE_TOKEN to a secret that clients send, or listen on 127.0.0.1.",
            )
        if not (self.token.isascii() and (self.token.isprintable() and " " not in self.token)):
            raise ServiceError("the token holds other than printable ASCII characters", "Choose another one.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("192.168.1.4")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
