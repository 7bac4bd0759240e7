"""Checks of real data that become fewer: none yet."""
