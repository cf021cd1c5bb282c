"""What an evaluation did not score, and why: the scores say nothing about those images."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hemascope.data.manifest import Manifest

_NAMED = 8  # labels in a sentence; all of them are in metrics.json


@dataclass(frozen=True)
class NotScored:
    """How many images of a source were left out of the scores; each counts for one reason.

    Attributes:
        given: images of the source, scored or not.
        unknown_labels: label -> images with it; labels that are none of the model's classes, the commonest first.
        unlabelled: images without a label.
        unreadable: images that cannot be read.
        dropped: images that the user's verdict took out.
    """

    given: int
    unknown_labels: dict[str, int]
    unlabelled: int
    unreadable: int
    dropped: int

    @classmethod
    def of(cls, manifest: Manifest, classes: Sequence[str]) -> "NotScored":
        """Count what cannot be scored by a model of these classes.

        Args:
            manifest: as `hemascope.evaluate.score_model.score_model` gives it back, with the reason of each unreadable
                image.
            classes: the model's.

        >>> rows = Manifest.build(list("abcd"), ["x", "y", "y", ""], ["x", "y"])
        >>> found = NotScored.of(rows, ["x"])
        >>> found.unknown_labels, found.unlabelled, found.images
        ({'y': 2}, 1, 3)
        """
        table = manifest.table
        unreadable = (table["error"] != "").to_numpy()
        dropped = (table["verdict"] == "drop").to_numpy() & ~unreadable
        labels = table["label"][~(unreadable | dropped)]
        unlabelled = labels == ""
        unknown = Counter(labels[~unlabelled & ~labels.isin(classes)].tolist())
        return cls(
            len(table),
            dict(sorted(unknown.items(), key=lambda item: (-item[1], item[0]))),
            int(np.count_nonzero(unlabelled)),
            int(np.count_nonzero(unreadable)),
            int(np.count_nonzero(dropped)),
        )

    @property
    def images(self) -> int:
        """How many images were left out."""
        return sum(self.unknown_labels.values()) + self.unlabelled + self.unreadable + self.dropped

    def to_json(self) -> dict[str, Any]:
        """The part ``not_scored`` of metrics.json."""
        return {**asdict(self), "images": self.images}

    @classmethod
    def from_json(cls, about: dict[str, Any]) -> "NotScored":
        """Read what `to_json` gave."""
        return cls(**{key: value for key, value in about.items() if key != "images"})

    def words(self) -> list[str]:
        """Sentences, none where every image was scored.

        >>> NotScored(22, {"neutrofil": 5}, 1, 0, 0).words()[0]
        'Only 16 of the 22 images are scored; the scores say nothing about the other 6.'
        """
        if not self.images:
            return []
        said = [
            f"Only {self.given - self.images:,} of the {self.given:,} images are scored; the scores say nothing "
            f"about the other {self.images:,}."
        ]
        if self.unknown_labels:
            named = [f"{name} ({count:,})" for name, count in self.unknown_labels.items()]
            more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
            said.append(
                f"Not scored, because the model does not know the label: {sum(self.unknown_labels.values()):,}, "
                f"labelled {', '.join(named[:_NAMED])}{more}. Where one is a class of the model under another name, "
                "rename it."
            )
        for reason, count in (
            ("because unlabelled", self.unlabelled),
            ("because unreadable", self.unreadable),
            ("because a verdict dropped them", self.dropped),
        ):
            if count:
                said.append(f"Not scored, {reason}: {count:,}.")
        return said
