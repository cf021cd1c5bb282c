"""Files that lie elsewhere, by URL: read, listed and written through fsspec, which is imported where one is met."""
