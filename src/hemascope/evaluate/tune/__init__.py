"""Searches: many short trainings, each with other values. One engine, and the two things that it searches."""
