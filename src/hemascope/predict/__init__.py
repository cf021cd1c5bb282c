"""The deployed classifier: decode, run, calibrated probabilities, features. Torch-free."""
