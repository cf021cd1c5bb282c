"""The audit: duplicates, junk, doubtful labels and bad pictures of a data set, and the cleaned Manifest."""
