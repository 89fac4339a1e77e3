"""What a server needs beside what every installation of this package has."""

from __future__ import annotations

from importlib import import_module

from glm4v_ros.errors import BadRequest

#: The modules; setup.py's extra "serve" and requirements/serve.txt bring them.
NEEDED = ("starlette", "uvicorn", "h11", "prometheus_client", "segno")


def check_packages() -> None:
    """To be called before anything that imports them. Raises BadRequest, which says how to get one that is missing."""
    try:
        for name in NEEDED:
            import_module(name)
    except ImportError as error:
        raise BadRequest(
            f"{error.name} is missing: build glm4v_ros again, or install requirements/serve.txt where it is"
        ) from error
