"""Statistical verification: longer than the tests, and no part of the installed package."""
