"""Speed of ``hemascope predict`` on images in an S3 store on loopback, beside the same files on this machine's disk.

    python benchmarks/remote.py FOLDER --images 300 --rounds 3

FOLDER holds images, at any depth; so many of them are put into a store of moto's, a process of its own, as files, as
one tar and as one Parquet file. Prints a Markdown table: both sides in turn, the best round of each, and the processor
time of hemascope and of the server an image. On two cores the server, written in Python, takes its share of them: the
processor times tell what a store that runs elsewhere costs. Needs hemascope[s3] and moto[s3,server]; Linux.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import tarfile
import time
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hemascope.predict.items import items

_COMMAND = [sys.executable, "-c", "from hemascope.cli import main; main()", "predict"]
_SERVER = "import logging, sys; logging.disable(); from moto.server import main; main(sys.argv[1:])"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3, help="both sides are measured in turn; the best counts")
    parser.add_argument("--model", default="robust")
    parser.add_argument("--port", type=int, default=5923)
    parser.add_argument("--work", type=Path, default=Path("benchmark-remote"), help="a folder for copies of the images")
    options = parser.parse_args()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{options.port}",
    }
    paths = [Path(item.path) for item in items([str(options.folder)])][: options.images]
    local = _copies(paths, options.work)
    server = subprocess.Popen([sys.executable, "-c", _SERVER, "-H", "127.0.0.1", "-p", str(options.port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        _fill(options.work, options.port)
        print(f"{len(paths):,} images, model {options.model}\n")
        print("| what | disk | S3 | of the disk's rate | processor an image: disk | S3 | its server |")
        print("|---|---|---|---|---|---|---|")
        for what, name in local.items():
            _row(what, options.work / name, f"s3://cells/{name}", len(paths), options, server.pid)
    finally:
        server.terminate()


def _copies(paths: list[Path], work: Path) -> dict[str, str]:
    """The images as files, a tar and a Parquet file in ``work``: what -> name."""
    folder = work / "files"
    folder.mkdir(parents=True, exist_ok=True)
    datas = {f"{number:05}{path.suffix}": path.read_bytes() for number, path in enumerate(paths)}
    with tarfile.open(work / "all.tar", "w") as archive:
        for name, data in datas.items():
            (folder / name).write_bytes(data)
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    pq.write_table(pa.table({"image": list(datas.values())}), work / "all.parquet", row_group_size=100)
    return {"a folder of files": "files", "a tar": "all.tar", "Parquet": "all.parquet"}


def _fill(work: Path, port: int) -> None:
    import fsspec

    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/").close()
            break
        except OSError:
            time.sleep(0.2)
    store = fsspec.filesystem("s3")
    store.mkdir("cells")
    store.put(f"{work}/", "cells/", recursive=True)


def _row(what: str, path: Path, url: str, images: int, options: argparse.Namespace, server: int) -> None:
    best: dict[str, float] = {}
    spent: dict[str, list[float]] = {"disk": [], "S3": [], "server": []}
    for _ in range(options.rounds):
        for side, source in (("disk", str(path)), ("S3", url)):
            began, before, serving = time.monotonic(), _children(), _of(server)
            subprocess.run([*_COMMAND, source, "-m", options.model], check=True, stdout=subprocess.DEVNULL)
            best[side] = max(best.get(side, 0), images / (time.monotonic() - began))
            spent[side].append((_children() - before) / images * 1e3)
            if side == "S3":
                spent["server"].append((_of(server) - serving) / images * 1e3)
    low = {side: min(values) for side, values in spent.items()}
    print(
        f"| {what} | {best['disk']:,.0f}/s | {best['S3']:,.0f}/s | {best['S3'] / best['disk']:.0%} "
        f"| {low['disk']:.1f} ms | {low['S3']:.1f} ms | {low['server']:.1f} ms |",
        flush=True,
    )


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _of(process: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
