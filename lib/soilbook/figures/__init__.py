"""Drawings that have not found their room yet."""
