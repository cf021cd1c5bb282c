"""A model file fitted to another laboratory's stain and camera by its unlabelled images. Torch-free."""
