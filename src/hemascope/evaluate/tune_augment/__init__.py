"""A search for the augmentation strengths that gain on pseudo-validation without losing on clean images."""
