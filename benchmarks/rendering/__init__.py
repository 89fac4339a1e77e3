"""Plates and cabinets that a browser draws: print that this project's own generator had no hand in."""
