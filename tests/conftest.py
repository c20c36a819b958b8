"""How the tests share their workers: all of a module on one of them, and all that drive a browser on the same one, for two at once starve
each other. They come first, because they take longest; hence --no-loadscope-reorder.
"""

import gc
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling


class Sharing(LoadScopeScheduling):
    """Groups by what a module says: xdist's own groups are not seen by pytest 9."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "browser" if _drives_a_browser(self.config.rootpath / module) else module


@cache
def _drives_a_browser(module: Path) -> bool:
    return "pytest.mark.browser" in module.read_text()


def pytest_xdist_make_scheduler(config: Any, log: Any) -> Sharing:
    return Sharing(config, log)


def pytest_collection_finish() -> None:
    """What was imported stays: the cycle collector need not look through it in each of thousands of tests."""
    gc.collect()
    gc.freeze()
