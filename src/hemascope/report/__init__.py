"""Self-contained HTML pages of a Run and of an audit: figures, words and numbers, all from their tables."""
