"""Which trials are ended early."""

from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner

from hemascope.errors import RunError

PRUNERS = ("median", "halving", "hyperband", "none")
_FIRST_JUDGED = 2  # the first epoch says little: the learning rate still rises
_UNJUDGED = 4  # finished trials before the median says anything
_KEPT = 3  # one of so many goes up a rung


def make_pruner(name: str, epochs: int) -> BasePruner:
    """A pruner by name.

    - median: ends a trial whose best epoch so far is below the median of the finished ones at the same epoch
      (Golovin et al. 2017), from epoch 2 on and once four are finished.
    - halving: at epochs 1, 3, 9, ... only the best third goes on (asynchronous successive halving, Li et al. 2020).
    - hyperband: several such ladders, that begin at different epochs (Li et al. 2018).
    - none: every trial goes on to its last epoch.

    Args:
        name: one of `PRUNERS`.
        epochs: of a trial that is not pruned.

    Raises:
        RunError: no such pruner.
    """
    match name:
        case "median":
            return MedianPruner(n_startup_trials=_UNJUDGED, n_warmup_steps=_FIRST_JUDGED)
        case "halving":
            return SuccessiveHalvingPruner(min_resource=1, reduction_factor=_KEPT)
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=_KEPT)
        case "none":
            return NopPruner()
    raise RunError(f"no pruner is called {name!r}", f"Choose one of: {', '.join(PRUNERS)}.")
