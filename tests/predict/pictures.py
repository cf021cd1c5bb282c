"""Plain pictures in the colours of the test model's classes."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.predict.model import CLASSES, COLOURS


def picture(label: str, height: int = 8, width: int = 8) -> np.ndarray:
    """uint8 (height, width, 3) of the class's colour."""
    return np.full((height, width, 3), COLOURS[label], np.uint8)


def encoded(label: str, height: int = 8, width: int = 8) -> bytes:
    """A picture as PNG."""
    file = io.BytesIO()
    Image.fromarray(picture(label, height, width)).save(file, "PNG")
    return file.getvalue()


def write_folder(folder: Path, n: int, *, sizes: tuple[tuple[int, int], ...] = ((8, 8),)) -> dict[str, str]:
    """Write n pictures of turning classes and sizes; gives path -> class in the order of the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = {}
    for i in range(n):
        path = folder / f"cell_{i:05d}.png"
        label = CLASSES[i % len(CLASSES)]
        path.write_bytes(encoded(label, *sizes[i % len(sizes)]))
        expected[str(path)] = label
    return expected


def files_in(folder: Path) -> dict[str, bytes]:
    """The files in and below a folder, to be packed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def write_tar(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive, compressed by what its name ends in."""
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
