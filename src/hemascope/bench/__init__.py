"""The bench: a list of recipes, run and set beside the figures of a report."""
