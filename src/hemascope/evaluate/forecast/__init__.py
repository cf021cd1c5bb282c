"""The predicted score: the accuracy to expect on images whose labels nobody has."""
