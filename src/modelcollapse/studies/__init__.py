"""Studies: a grid of recipes, and what is kept of it."""
