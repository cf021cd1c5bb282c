"""A search for the hyperparameters of a recipe: many short trainings, the poor ones ended early."""
