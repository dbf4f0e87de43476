"""Parameterised functions: weights in, activity out."""
