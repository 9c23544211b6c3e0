"""Stores files by their hash, and sends them as downloads."""
