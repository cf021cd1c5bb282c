"""Images in memory whose order changes in place."""

import numpy as np


class Arranged:
    """The parts of many divisions of the same images as slices of one array, never as copies.

    Args:
        images: uint8 (n, h, w, 3); reordered in place by `parts`.

    >>> arranged = Arranged(np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1))
    >>> [part.ravel().tolist() for part in arranged.parts([np.array([4, 1]), np.array([0, 2])])]
    [[4, 1], [0, 2]]
    """

    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self._rows = np.arange(len(images))  # which image lies at each place

    def parts(self, rows: list[np.ndarray]) -> list[np.ndarray]:
        """Views of the images of each list of rows, int (m,), no row twice; good until the next call."""
        wanted = np.concatenate(rows)
        rest = np.setdiff1d(np.arange(len(self.images)), wanted)
        self._arrange(np.concatenate([wanted, rest]))
        ends = np.cumsum([len(part) for part in rows])
        return [self.images[end - len(part) : end] for part, end in zip(rows, ends, strict=True)]

    def _arrange(self, order: np.ndarray) -> None:
        place = np.empty_like(self._rows)
        place[self._rows] = np.arange(len(self._rows))
        source = place[order]  # where what belongs at each place lies now
        moved = np.zeros(len(source), bool)
        for start in np.flatnonzero(source != np.arange(len(source))):
            if moved[start]:
                continue
            first, here = self.images[start].copy(), start
            while source[here] != start:  # along one cycle of the permutation, each image moves once
                self.images[here] = self.images[source[here]]
                moved[here], here = True, source[here]
            self.images[here] = first
            moved[here] = True
        self._rows = order
