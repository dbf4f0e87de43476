"""One function, one equation."""
