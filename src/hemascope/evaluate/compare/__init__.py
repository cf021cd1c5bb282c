"""Comparing Runs on the same images: scores side by side, and which differences hold."""
