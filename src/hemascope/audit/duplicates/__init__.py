"""Identical and nearly identical images: the search, the groups, and what they mean for a data set."""
