"""Worlds: distributions of problems, as pure functions of a key."""
