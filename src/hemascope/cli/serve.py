"""Serve a classifier over HTTP."""

import os
import sys
from typing import Annotated

import typer

from hemascope.predict.devices import HELP as DEVICE
from hemascope.serve.settings import MIB, Settings, mebibytes

TOKEN = "HEMASCOPE_TOKEN"


def _option(text: str, name: str, *short: str) -> typer.models.OptionInfo:
    variable = f"HEMASCOPE_{name.replace('-', '_').upper()}"
    return typer.Option(f"--{name}", *short, help=text, envvar=variable)


def serve(
    model: Annotated[
        str, _option("A model file, a Run folder or a shipped model's name.", "model", "-m")
    ] = Settings.model,
    detector: Annotated[
        str, _option("What finds the cells of fields: a detector's file or a shipped one's name.", "detector")
    ] = Settings.detector,
    device: Annotated[str | None, _option(DEVICE, "device")] = Settings.device,
    host: Annotated[str, _option("Address to listen on.", "host")] = Settings.host,
    port: Annotated[int, _option("TCP port; 0 takes a free one.", "port")] = Settings.port,
    workers: Annotated[int, _option("Processes; each holds a model and keeps the limits.", "workers")] = 1,
    threads: Annotated[
        int | None, _option("Images worked on at a time in each process. [its share of the cores]", "threads")
    ] = None,
    max_body: Annotated[float, _option("Most MiB of a request's body.", "max-body")] = Settings.max_body / MIB,
    max_files: Annotated[int, _option("Most images of a request.", "max-files")] = Settings.max_files,
    max_pixels: Annotated[
        int, _option("Most pixels of an image, height times width.", "max-pixels")
    ] = Settings.max_pixels,
    max_field_pixels: Annotated[
        int, _option("Most pixels of a field that is searched for cells.", "max-field-pixels")
    ] = Settings.max_field_pixels,
    seconds: Annotated[
        float, _option("Seconds that a request may take, from its headers to its answer.", "seconds")
    ] = Settings.seconds,
    queue: Annotated[int, _option("Images that may wait; beyond it clients get 503.", "queue")] = Settings.queue,
    queue_pixels: Annotated[
        int, _option("Pixels of images that may wait, by their headers; beyond it clients get 503.", "queue-pixels")
    ] = Settings.queue_pixels,
    memory: Annotated[float, _option("Most MiB of all bodies held at a time.", "memory")] = Settings.memory / MIB,
    connections: Annotated[int, _option("Most connections open at a time.", "connections")] = Settings.connections,
    names: Annotated[
        str, _option("Further names under which clients reach it, with commas between them.", "names")
    ] = "",
    gather: Annotated[
        float, _option("Milliseconds that an image may wait for others to share its network run.", "gather")
    ] = Settings.gather * 1000,
) -> None:
    """Serve a classifier over HTTP: POST images to /v1/predict, or whole fields to
    /v1/count, get JSON.

    Every option can be set by an environment variable too. On another address than loopback the service wants a
    token, which HEMASCOPE_TOKEN sets and clients send as "Authorization: Bearer TOKEN". SIGTERM and Ctrl-C finish
    what is in flight. Not a medical device.
    """
    settings = Settings(
        model=model,
        detector=detector,
        device=device or None,
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        max_body=mebibytes("max_body", max_body),
        max_files=max_files,
        max_pixels=max_pixels,
        max_field_pixels=max_field_pixels,
        seconds=seconds,
        queue=queue,
        queue_pixels=queue_pixels,
        memory=mebibytes("memory", memory),
        gather=gather / 1000,
        connections=connections,
        names=tuple(name.strip() for name in names.split(",") if name.strip()),
        token=os.environ.get(TOKEN, ""),
    )
    from hemascope.serve import lifecycle

    lifecycle.serve(settings, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
