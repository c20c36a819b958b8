"""A real Firefox, driven by WebDriver BiDi over its own WebSocket."""

import asyncio
import itertools
import json
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
    "toolkit.telemetry.server": "",
    "services.settings.server": "http://127.0.0.1:9/",
}
START = 60.0
"""Seconds it may take to be ready: on a busy machine, a new profile takes its time."""


class Tab:
    """One tab; `run` evaluates an expression there and waits for its promise."""

    def __init__(self, ws: ClientConnection) -> None:
        self._ws = ws
        self._numbers = itertools.count(1)
        self._context = ""

    async def open(self, url: str) -> None:
        await self._say("session.new", capabilities={})
        self._context = (await self._say("browsingContext.create", type="tab"))["context"]
        await self._say("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, expression: str) -> Any:
        """What it gives, if that is a string, a number or a boolean. Raises AssertionError when the page throws."""
        target = {"context": self._context}
        told = await self._say("script.evaluate", expression=expression, target=target, awaitPromise=True, userActivation=True)
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        return told["result"].get("value")

    async def _say(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        await self._ws.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(await self._ws.recv())
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]


PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<!doctype html>"


async def _serve_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(PAGE)
    writer.close()


@asynccontextmanager
async def firefox(profile: Path) -> AsyncIterator[Tab]:
    """A tab with an empty page, of another origin than the server's, for the length of the block."""
    async with await asyncio.start_server(_serve_page, "127.0.0.1", 0) as pages:
        origin = f"http://127.0.0.1:{pages.sockets[0].getsockname()[1]}"
        _write_profile(profile, origin)
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
        assert process.stderr is not None
        try:
            async with asyncio.timeout(START):
                while not (found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line := await process.stderr.readline())):
                    assert line, "Firefox ended before it was ready"
            drain = asyncio.create_task(process.stderr.read())
            async with connect(f"{found[1].decode()}/session", proxy=None, max_size=None) as ws:
                tab = Tab(ws)
                await tab.open(f"{origin}/")
                yield tab
        finally:
            process.kill()
            await process.wait()
        await drain


def _write_profile(profile: Path, origin: str) -> None:
    """Preferences, and leave for the page to use a camera: only then Firefox gathers other addresses than the default route's."""
    profile.mkdir(parents=True)
    allowed = profile / "allowed"
    allowed.write_text(f"origin\tcamera\t1\t{origin}\n")
    preferences = PREFERENCES | {"permissions.manager.defaultsUrl": allowed.as_uri()}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    (profile / "user.js").write_text("\n".join(lines))
