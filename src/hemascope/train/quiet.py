"""Silence where Lightning would advise."""

import logging
import warnings


class LightningQuiet(warnings.catch_warnings):
    """Keep Lightning's advice about workers, devices and tips from the user, and its own deprecations from tests."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.filterwarnings("ignore", module=r"lightning.*")
        warnings.filterwarnings("ignore", module=r"torch.*", category=DeprecationWarning)
        for name in ("lightning.pytorch", "lightning.fabric", "pytorch_lightning"):
            logging.getLogger(name).setLevel(logging.ERROR)
