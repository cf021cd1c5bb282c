"""Pictures that show no cell, made by seed: to train what tells them from cells, and to test it."""
