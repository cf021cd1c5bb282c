"""Sources of labelled images: what a data set comes as. `open_source` reads each into a Manifest."""

from hemascope.data.sources.open import open_source

__all__ = ["open_source"]
