"""From a trained network to the one file that is deployed, and the proof that the two agree."""
