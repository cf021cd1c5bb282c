"""Named networks with heads, and the pretrained weights that they start from."""
