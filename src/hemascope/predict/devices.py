"""Names of the devices that a model file's network can run on; without onnxruntime, so that help is quick."""

AUTO, CPU = "auto", "cpu"

DEVICES = (AUTO, CPU, "cuda", "mps", "openvino", "directml")
"""``mps`` is a Mac's: Apple's CoreML."""

VARIABLE = "HEMASCOPE_DEVICE"
"""The environment variable that says which, where nothing else does."""

HELP = f"Where the network runs: {', '.join(DEVICES)}; or cuda:1. [auto, the fastest that gives what the CPU gives]"
