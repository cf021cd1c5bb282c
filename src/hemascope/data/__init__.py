"""Reading labelled images: sources into one Manifest, splits that leak nothing, pixels in memory. Torch-free."""
