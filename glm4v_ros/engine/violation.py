"""What an answer breaks of its JSON schema."""

from __future__ import annotations

import contextlib
import json
import signal

CHECK_PATIENCE = 2.0  # seconds; a pattern can be such that a regular expression's search takes years


def violation(text: str, schema: str) -> str:
    """What is wrong with the text under the schema; empty when nothing is. For the main thread: it uses SIGALRM."""
    import jsonschema  # only here: few questions need it, and a worker that replaces another is waited for

    try:
        with _at_most(CHECK_PATIENCE):
            jsonschema.validate(json.loads(text), json.loads(schema))
    except json.JSONDecodeError as error:
        return f"no JSON: {error}"
    except jsonschema.ValidationError as error:
        return error.message
    except TimeoutError:
        return "to look for its patterns in the answer takes too long"
    except Exception as error:  # jsonschema raises whatever a schema that cannot be followed makes it run into
        return f"{type(error).__name__}: {error}"
    return ""


@contextlib.contextmanager
def _at_most(seconds: float):
    """Raises TimeoutError in the midst of what takes longer, a regular expression's search included."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
