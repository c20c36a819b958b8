"""The two databases."""

from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import Executable


class Dialect(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


Make = Callable[[Dialect], Executable]
"""A statement in one database's words."""
