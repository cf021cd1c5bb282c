"""Pseudo-validation: a labelled split scored on many transformed copies of its images."""
