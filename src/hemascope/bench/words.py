"""A bench in words: what its figures are of, and how they were measured."""

from hemascope.bench.data import HeldOut
from hemascope.bench.file import Bench
from hemascope.bench.tables import BenchTable

TITLES = {
    "submissions": "Submissions",
    "metrics": "Metrics of the final model",
    "local_tta": "Local results with test-time augmentation",
}
_BESIDE = {
    "submissions": "The report's scores are of the challenge's hidden images, which nobody has. Ours are of a "
    "stand-in: held-out images under one to three unknown corruptions at once.",
    "metrics": "The report's are of its local test split, ours of the held-out images as they are; all but accuracy "
    "are means over the classes.",
    "local_tta": "The report's are of its local test split with test-time augmentation, ours of the held-out images "
    "with it.",
}


def table_words(table: BenchTable) -> str:
    """What the figures of a table are of, and what may be claimed of them."""
    said = [_BESIDE[table.name]]
    comparison = table.comparison
    if comparison and len(comparison.rows) > 1:
        found = [row.differences[table.view]["accuracy"] for row in comparison.rows if table.view in row.differences]
        certain = sum(difference.certain for difference in found)
        said.append(
            f"Differences are from the highest of ours, {comparison.reference}; {certain} of {len(found)} are beyond "
            "doubt. The highest of several is flattered by chance."
        )
    agreement = table.agreement()
    if agreement:
        said.append(
            f"Rank correlation of the report's figures with ours, {agreement[1]} rows: {agreement[0]:+.2f} (Spearman)."
        )
    return " ".join(said)


def how_measured(bench: Bench, held_out: HeldOut) -> list[str]:
    """How the figures were measured, a sentence or two each."""
    hidden = bench.hidden
    return [
        f"Images: {held_out.rows.name or 'the source'}. {held_out.trained_on:,} are trained on (each row divides them "
        f"by its own recipe), {len(held_out.rows):,} are held out. No row sees a held-out image or a copy of one.",
        f"Pseudo-hidden: every held-out image in {hidden.copies} copies of {hidden.side} px, each under one to three "
        f"of the shift suite's corruptions, of a severity from 1 to 5, drawn by seed {hidden.seed}: the same for every "
        "row.",
        f"Test-time augmentation averages over {bench.tta_steps} views.",
        "Scores are those of each row's model file. In brackets: 95% bootstrap intervals. Differences: paired "
        "bootstrap over the same images, copies kept together, p values corrected for being several (Holm 1979); "
        "where the interval holds 0, no difference is claimed.",
        "One training a row: another seed gives another model, which the intervals do not cover.",
        "Minutes are those of the epochs. Images a second are the model file's on the CPU, 96 px images, 32 at a time; "
        "one short measurement each, so rows of one network differ as far as the machine was busy.",
    ]
