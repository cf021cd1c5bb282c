"""Where a classifier looks: Grad-CAM, occlusion, and how much of the heat lies on the cell."""
