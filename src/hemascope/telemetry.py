"""Nothing is told to anybody: the habits of the libraries below, switched off before any of them is imported."""

import os
import sys

SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime: a device id and a store of events in the user's cache, sent from there
    "HF_HUB_DISABLE_TELEMETRY": "1",  # the hub's client, which timm brings: what is run, in every request
    "MLFLOW_DISABLE_TELEMETRY": "true",  # MLflow: which of its functions are called
    "WANDB_ERROR_REPORTING": "false",  # wandb: its crashes, told to its maker even where it works offline
    "RAY_USAGE_STATS_ENABLED": "0",  # Ray: which libraries a cluster uses, sent from its head
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # Ray: no warning that a task without a GPU still sees it
}
"""Environment variables; the libraries read them when they are imported, and so do the processes begun from here."""


def switch_off() -> None:
    """Set the switches, over whatever they say: that nothing leaves the machine is promised and no preference.

    Importing `hemascope` calls it, so every module and command of hemascope has it behind them. An onnxruntime that
    was imported before has made its device id already; it is told to record nothing from now on.

    >>> switch_off()
    >>> os.environ["ORT_DISABLE_TELEMETRY"]
    '1'
    """
    os.environ.update(SWITCHES)
    early = sys.modules.get("onnxruntime")
    if early is not None:
        getattr(early, "disable_telemetry_events", lambda: None)()
