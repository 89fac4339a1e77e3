"""The web page and the API: an ASGI app over one Asker."""
