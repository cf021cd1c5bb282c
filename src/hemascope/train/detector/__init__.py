"""Training the detector of cells in whole fields."""
