"""Which columns a table of predictions has; what a model file does not give has none."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemascope.errors import ModelFileError
from hemascope.predict.sets import set_threshold

if TYPE_CHECKING:
    import pyarrow as pa

    from hemascope.predict.classifier import Classifier

_UNKNOWN_KEY, _SET_KEY = "hemascope.unknown_threshold", "hemascope.set_threshold"


@dataclass(frozen=True)
class Layout:
    """The columns ``path, label, confidence``, one probability a class, those that are optional, ``error``.

    Attributes:
        classes: k names.
        unknown: threshold of the score of unknown objects; with it come the columns ``unknown``, the score in [0, 1],
            and ``is_unknown``, whether it is above.
        set: least probability of a class in the conformal set; with it comes the column ``set``, names joined by |.

    >>> Layout(("monocyte", "platelet")).columns
    ['path', 'label', 'confidence', 'monocyte', 'platelet', 'error']

    Raises:
        ModelFileError: a class has the name of another column.
    """

    classes: tuple[str, ...]
    unknown: float | None = None
    set: float | None = None

    def __post_init__(self) -> None:
        if len(set_of := frozenset(self.columns)) < len(self.columns):
            others = ", ".join(sorted(set_of - frozenset(self.classes)))
            raise ModelFileError(
                f"the model's classes ({', '.join(self.classes)}) do not fit beside the columns {others}",
                "Use the classifier from Python: hemascope.load(...)(images).",
            )

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        optional = ["unknown", "is_unknown"] if self.unknown is not None else []
        optional += ["set"] if self.set is not None else []
        return ["path", "label", "confidence", *self.classes, *optional, "error"]

    @classmethod
    def of(cls, classifier: "Classifier", coverage: float | None = None) -> "Layout":
        """The columns of a classifier's predictions, with sets of a stated coverage if asked for.

        Raises:
            ModelFileError: the model has no sets of that coverage, or a class has the name of another column.
        """
        least = None if coverage is None else set_threshold(classifier.card, coverage)
        return cls(tuple(classifier.classes), classifier.unknown_threshold, least)

    def metadata(self) -> dict[str, str]:
        """The thresholds, for the metadata of an Arrow schema."""
        values = {_UNKNOWN_KEY: self.unknown, _SET_KEY: self.set}
        return {key: repr(value) for key, value in values.items() if value is not None}

    @classmethod
    def of_schema(cls, schema: "pa.Schema") -> "Layout":
        """The layout that a schema was made from."""
        about = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
        unknown, least = (float(about[key]) if key in about else None for key in (_UNKNOWN_KEY, _SET_KEY))
        optional = 2 * (unknown is not None) + (least is not None)
        return cls(tuple(schema.names[3 : len(schema.names) - 1 - optional]), unknown, least)
