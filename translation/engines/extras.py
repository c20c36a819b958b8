"""Libraries that are not part of the plain install: found when an engine needs them, with words for who forgot them."""

import importlib
from typing import Any

from translation.engines import EngineError


def extra(module: str, name: str) -> Any:
    """The module, of the package's extra `name`. Raises EngineError when it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EngineError(f"{module} is not installed here: pip install 'marquee[{name}]'") from error
