"""Brings the database to the newest schema, at every start (alembic)."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def config(engine: Engine) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["engine"] = engine
    return settings


def migrate(engine: Engine) -> None:
    command.upgrade(config(engine), "head")
