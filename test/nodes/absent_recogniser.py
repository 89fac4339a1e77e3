"""A recogniser that is not installed."""


def missing():
    return "the second reader is not installed: pip install it"
