"""Checks of the kernel density: E S' = q (S + h^2), and pools that it widens. None yet."""
