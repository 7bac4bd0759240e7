"""The page: a server on loopback that streams the real lab, and its static files."""
