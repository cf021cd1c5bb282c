"""Whole fields of a smear: find every cell, cut it out, classify it, count. Torch-free."""
