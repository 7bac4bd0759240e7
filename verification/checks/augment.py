"""Checks of what is added to kept real data each generation: none yet."""
