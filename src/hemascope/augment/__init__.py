"""Random, label-preserving transforms of whole batches, on the device that holds them."""
