"""From a Recipe to a Run: fitting a network, with everything needed to resume and to repeat it."""
