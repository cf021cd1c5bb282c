"""What runs on a cluster's machines: parts of the sources read where they are, and classified by a core, or a GPU."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hemascope.data.containers.open import Containers
from hemascope.data.containers.synthetic import SCHEME
from hemascope.errors import DecodeError, EngineError
from hemascope.predict.cut import Entry, Part
from hemascope.predict.items import Item
from hemascope.predict.stream import Block, classify

if TYPE_CHECKING:
    from hemascope.predict.classifier import Classifier


class Packed(NamedTuple):
    """A model file on its way to another machine.

    Attributes:
        path: of it, for errors.
        content: of it; None for one that is shipped with the package, which is there too.
    """

    path: str
    content: bytes | None

    @classmethod
    def of(cls, path: Path) -> Packed:
        """The file of a path."""
        from hemascope.predict.modelfile import is_shipped

        return cls(str(path), None if is_shipped(path) else path.read_bytes())

    @contextmanager
    def there(self) -> Iterator[str | Path]:
        """What to load on the machine that it came to: a name, or a file that goes again."""
        if self.content is None:
            yield Path(self.path).stem
            return
        with tempfile.TemporaryDirectory(prefix="hemascope-") as folder:
            file = Path(folder, Path(self.path).name)
            file.write_bytes(self.content)
            yield file


class Classified(NamedTuple):
    """What a worker says of a part.

    Attributes:
        block: the rows, in order.
        unseen: files that it did not find; locally there may be none as well.
    """

    block: Block
    unseen: tuple[str, ...]


class Labeller:
    """Classifies parts in one thread; made once a worker.

    Args:
        model: the classifier.
        batch, attributes: as of `hemascope.predict.stream.classify`.
    """

    def __init__(self, model: Packed, batch: int | None, attributes: bool) -> None:
        from hemascope.predict.classifier import load

        with model.there() as path:
            self._classifier: Classifier = load(path, threads=1)
        self._classifier.path = Path(model.path)
        self._batch, self._attributes = batch, attributes
        self._reader = Reader()

    def __call__(self, part: Part) -> Classified:
        """Classify a part.

        Raises:
            EngineError: its files are not to be seen here.
        """
        images = self._reader.items(part)
        blocks = list(classify(self._classifier, images, batch=self._batch, attributes=self._attributes))
        block = joined(blocks)
        failed = (entry for entry, error in zip(part.entries, block.errors, strict=True) if error)
        return Classified(block, unseen(failed))


class Reader:
    """Reads the images of parts; keeps the containers that it has come to open."""

    def __init__(self) -> None:
        self._containers = Containers()

    def items(self, part: Part) -> Iterator[Item]:
        """The images of a part, as `hemascope.predict.items.items` gives them.

        Raises:
            EngineError: this machine has not the folder that the paths begin in.
        """
        try:
            os.chdir(part.folder)  # a worker is a process for this alone; so names and errors are those of the caller
        except OSError as problem:
            own = next((entry.file for entry in part.entries if _is_local(entry) and not os.path.isabs(entry.file)), "")  # noqa: PTH117
            if own:
                raise EngineError(*not_seen(f"{part.folder}{os.sep}{own}")) from problem
        for entry in part.entries:
            yield Item(entry.path, self._picture(entry))

    def _picture(self, entry: Entry):  # type: ignore[no-untyped-def]  # that of an Item
        if entry.picture is not None:
            return entry.picture
        if entry.start < 0:
            return self._containers.job(entry.file, entry.member) if entry.member else entry.file
        try:
            with Path(entry.file).open("rb") as file:
                file.seek(entry.start)
                data = file.read(entry.size)
        except OSError as problem:
            return DecodeError(f"{entry.path}: {problem.strerror or problem}")
        return data if len(data) == entry.size else DecodeError(f"{entry.path}: the data break off")


def unseen(failed: Iterable[Entry]) -> tuple[str, ...]:
    """Files of images that failed which are not to be seen on this machine."""
    files = dict.fromkeys(entry.file for entry in failed if _is_local(entry))
    return tuple(file for file in files if not os.path.exists(file))  # noqa: PTH110 (may be no path at all)


def require_seen(files: Sequence[str], host: str) -> None:
    """Refuse rows of images that only this machine sees: that a worker did not is no fault of theirs.

    Args:
        files: that a worker did not find.
        host: where it ran.

    Raises:
        EngineError: one is here.
    """
    for file in files:
        if os.path.exists(file):  # noqa: PTH110
            raise EngineError(*not_seen(file, host))


def not_seen(file: str, host: str = "") -> tuple[str, str]:
    """The error of a file that workers do not see, and what to do."""
    return (
        f"{file}: is on this machine, but not where the workers run{f' ({host})' if host else ''}",
        "Put the images where every machine sees them under the same path: a shared filesystem, or a URL.",
    )


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks that follow one another as one."""
    if len(blocks) == 1:
        return blocks[0]
    n = [len(block.paths) for block in blocks]
    scores = [block.unknown for block in blocks]
    colours = [block.colours for block in blocks]
    return Block(
        [path for block in blocks for path in block.paths],
        np.concatenate([block.probabilities for block in blocks]),
        [error for block in blocks for error in block.errors],
        None
        if all(score is None for score in scores)
        else np.concatenate(
            [np.full(m, np.nan, np.float32) if one is None else one for m, one in zip(n, scores, strict=True)]
        ),
        np.concatenate([np.full((m, 3), np.nan) if one is None else one for m, one in zip(n, colours, strict=True)]),
        {name: what for block in blocks for name, what in block.left_out.items()},
        None if blocks[0].said is None else [words for block in blocks for words in block.said or ()],
    )


def _is_local(entry: Entry) -> bool:
    """Whether an image is read from a file of a machine: not from a URL or a drawing, and not here already."""
    return bool(entry.file) and "://" not in entry.file and not entry.file.startswith(SCHEME)
