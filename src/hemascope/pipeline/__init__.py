"""The jobs from top to bottom: source -> Run, with data, training, scores, model file and report."""
