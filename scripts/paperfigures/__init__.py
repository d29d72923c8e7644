"""Draws the paper's figures from the files that `implicit-diff-bench figures` writes."""
