"""How the tests share two workers: all of a module on one of them, and all browsers on the same one, for two at once starve each other.

They come first, because they take longest; hence --no-loadscope-reorder.
"""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = "browser" if item.get_closest_marker("browser") else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))
