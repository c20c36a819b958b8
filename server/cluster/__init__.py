"""Several processes as one: who owns each session's state, and how the others reach it for their clients."""
