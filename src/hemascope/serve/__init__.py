"""The HTTP service over the deployed classifier. Torch-free; needs the extra ``serve``."""
