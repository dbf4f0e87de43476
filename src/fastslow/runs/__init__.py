"""The host side: directories, checkpoints, progress, reports."""
