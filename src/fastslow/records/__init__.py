"""Behaviour as data, whoever behaved."""
