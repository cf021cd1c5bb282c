"""A model file made another laboratory's, without the training stack."""
