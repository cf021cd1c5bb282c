"""Files that hold many images: .npz, Parquet, tar, and drawings; one image by its member name, or all in turn."""
