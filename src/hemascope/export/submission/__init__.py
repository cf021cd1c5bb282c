"""Run -> submission: a zip with ``model.py`` and the weights, tried as a challenge's evaluator would run it."""
