"""From one table of predictions to everything that is said about a classifier: scores, intervals, calibration."""
