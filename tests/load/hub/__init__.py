"""What delivery costs: `python -m tests.load.hub` (see `__main__`); the crowd and the servers serve other benches too."""
