"""The version, in a room of its own at the bottom of the house."""

__version__ = "0.1.0"
