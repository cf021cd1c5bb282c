"""Damaged and hostile files for everything that reads: a result, a HemascopeError, or an image's error; never more."""
