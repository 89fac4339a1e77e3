"""What harms a picture of print, and what may help."""
