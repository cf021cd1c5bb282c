"""What every search over trainings shares: its settings, its sampler, and the importance of what it varied."""
