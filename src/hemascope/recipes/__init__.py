"""Shipped recipes, one short YAML each; `hemascope recipes` lists them."""
