"""The torch network of any finished Run: plain, of folds, an ensemble."""

from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network
from hemascope.train.fit import load_network
from hemascope.train.run import Run


def open_network(run: Run) -> Network:
    """The finished network of a Run, in evaluation mode on the CPU; of several networks, one that joins them.

    Raises:
        RunError: not a Run, or its training is not finished.
    """
    members = run.members()
    if not members:
        return load_network(run, run.recipe(), len(run.manifest().classes))
    return Averaged([open_network(member) for member in members], run.about()["member_temperature"]).eval()
