"""Axes and tidy tables in, artists out."""
