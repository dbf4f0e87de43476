"""Memories are values: what was lived through, stored, looked up by likeness, and given up again."""
