"""What is to be said of a set as a whole: empty classes, and classes of very different size."""

from hemascope.data.manifest import Manifest

_UNEVEN = 5.0  # the largest class as a multiple of the smallest
_SMALL = 100  # images below which the scores of a class are uncertain


def notes(manifest: Manifest) -> tuple[str, ...]:
    """Observations on the usable labelled images of a set, in sentences."""
    labels = manifest.table["label"][manifest.usable]
    counts = labels.value_counts().reindex(list(manifest.classes), fill_value=0)
    said = []
    empty = counts.index[counts == 0]
    if len(empty):
        said.append(f"No image of: {', '.join(empty)}. A model trained on this set never answers with these classes.")
    present = counts[counts > 0].sort_values()
    if len(present) > 1 and present.iloc[-1] >= _UNEVEN * present.iloc[0]:
        said.append(
            f"{present.index[-1]} has {present.iloc[-1] / present.iloc[0]:.0f} times as many images as "
            f"{present.index[0]} ({present.iloc[-1]:,} and {present.iloc[0]:,}). Look at the balanced accuracy; the "
            "recipe key `balance` has ways to train on such a set."
        )
    small = present[present < _SMALL]
    if len(small):
        few = ", ".join(f"{name} ({count})" for name, count in small.items())
        said.append(f"Fewer than {_SMALL} images: {few}. The scores of these classes will be uncertain.")
    unlabelled = int((labels == "").sum())
    if unlabelled:
        said.append(f"{unlabelled:,} images have no label.")
    return tuple(said)
