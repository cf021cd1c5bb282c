"""The shift suite: how a classifier's score falls on images that are corrupted in a known way."""
