"""Checks of linear regression: excess error s^2 d/(T - d - 1) t, and accumulated. None yet."""
