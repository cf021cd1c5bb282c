"""What the terminal says of a submission."""

from collections.abc import Iterator

from hemascope.export.submission.submit import SIDE, Submission


def submission_lines(done: Submission, limit: float) -> Iterator[str]:
    """The trial in a few lines, and what the evaluator must have."""
    trial, agreement = done.trial, done.agreement
    again = " over and over" if done.distinct < agreement.images else ""
    whose = "synthetic images" if done.as_before is None else "the Run's images"
    yield f"Evaluator: {agreement.images:,} images of {SIDE} x {SIDE} px, {done.distinct:,} of {whose}{again}"
    threads = "" if trial.threads is None else f" with {trial.threads} thread{'s' * (trial.threads > 1)}"
    yield f"Time:      {trial.seconds:,.1f} s{threads} ({trial.forecast:,.1f} s extrapolated), limit {limit:,.0f} s"
    if trial.threads and trial.threads > 1:
        yield f"           on one core about {trial.seconds * trial.threads:,.0f} s"
    if trial.peak is not None:
        fed = agreement.images * SIDE * SIDE * 3 / 2**20
        yield f"Memory:    {trial.peak:,.0f} MiB at most, {fed:,.0f} of them the evaluator's images"
    ties = f", {agreement.ties} ties decided otherwise" if agreement.ties else ""
    yield f"Agreement: {agreement.same / agreement.images:.2%} of the classes are the model's{ties}"
    if done.as_before is not None:
        yield f"           {done.as_before:.2%} are what the Run says of the images at their own size"
    yield f"Needs:     {', '.join(done.requirements)}"
    yield f"Submission: {done.path} ({done.path.stat().st_size / 1e6:.1f} MB)"
