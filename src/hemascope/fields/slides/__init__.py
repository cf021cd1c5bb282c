"""Scanned slides: files larger than memory, of several levels, pages or windows, as the fields of a count."""
