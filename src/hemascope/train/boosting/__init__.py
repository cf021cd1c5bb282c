"""AdaBoost (SAMME): many weak learners, each trained on what those before it got wrong, voting as one network."""
