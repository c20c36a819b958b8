"""A hall full of people: `python -m tests.load.crowd` (see `__main__`)."""
