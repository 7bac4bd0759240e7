"""Checks of verified data: right below the error 1/(1 + psi/phi), wrong above it. None yet."""
