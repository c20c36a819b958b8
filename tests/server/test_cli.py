"""The console command as people run it: a process of its own, its output, its exit code."""

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.realtime.relay.clients import publishing, until, viewing

ROOT = Path(__file__).parents[2]
READY = 30.0
"""Seconds a loaded machine may take to be ready; the test of the figure itself is the bench's."""
ROLES = ["attendee", "moderator", "speaker", "interpreter", "captioner", "screen", "organiser"]
SDP = {"Content-Type": "application/sdp"}


class Marquee:
    """A running `marquee`, and what it has said. It ignores Ctrl-C when it begins, as what a shell starts behind one's back does."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        self.said = ""
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as said:
            for line in said:
                self._lines.put(line)
        self._lines.put(None)

    def until(self, words: str) -> "Marquee":
        deadline = time.monotonic() + READY
        while words not in self.said:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            assert line is not None, self.said
            self.said += line
        return self

    def end(self, sign: signal.Signals = signal.SIGINT) -> float:
        """Send the signal; the seconds until it has ended."""
        begun = time.monotonic()
        self.process.send_signal(sign)
        self.process.wait(10)
        seconds = time.monotonic() - begun
        while (line := self._lines.get(timeout=5)) is not None:
            self.said += line
        return seconds

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join()

    def find(self, pattern: str) -> str:
        match = re.search(pattern, self.said)
        assert match, self.said
        return match[1]

    @property
    def url(self) -> str:
        return self.find(r"(http://127\.0\.0\.1:\d+)")

    def code(self, role: str) -> str:
        return self.find(rf"{role} +http://\S+/j/(\S+)")


def marquee(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    everything = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments], capture_output=True, text=True, env=everything, timeout=60, cwd=folder
    )


# These two take the time, so they come before the demo that the others share.


def test_ctrl_c_ends_the_demo_soon_and_its_links_are_found_again(tmp_path: Path) -> None:
    demo = Marquee("demo", "--port", "0", "--data", str(tmp_path)).until("Ctrl-C stops")
    try:
        seconds = demo.end()
    finally:
        demo.kill()
    assert (demo.process.returncode, "Traceback" in demo.said) == (0, False), demo.said
    assert demo.said.endswith("stopped\n"), demo.said
    assert seconds < 5
    assert not (tmp_path / "url").exists()
    found = marquee("link", "attendee", "--base", "https://films.example/", MARQUEE_DATA=str(tmp_path))
    assert found.stdout == f"https://films.example/j/{demo.code('attendee')}\n", found.stderr
    missing = marquee("link", "attendee", "--session", "nowhere", MARQUEE_DATA=str(tmp_path))
    assert missing.returncode == 1
    assert "nowhere" in missing.stderr


def test_a_link_leads_to_the_server_that_runs_and_a_publisher_s_lets_an_encoder_in(tmp_path: Path) -> None:
    server = Marquee("serve", "--port", "0", MARQUEE_DATA=str(tmp_path / "data" / "demo")).until("Ctrl-C stops it")
    try:
        page = marquee("link", "moderator", folder=tmp_path).stdout.strip()
        assert page.startswith(f"{server.url}/j/")
        assert httpx.get(page.replace("/j/", "/api/join/"), trust_env=False).json()["role"] == "moderator"
        named = marquee("link", "moderator", "--data", str(tmp_path / "data" / "demo"))
        assert named.stdout.strip() == page
        printed = marquee("link", "publisher", folder=tmp_path).stdout.split()
        assert printed[::2] == ["server", "token"]
        assert printed[1] == f"{server.url}/whip/main"
        assert httpx.get(printed[1], headers={"Authorization": f"Bearer {printed[3]}"}, trust_env=False).status_code == 204
    finally:
        server.kill()
    assert (tmp_path / "data" / "demo" / "url").exists()
    crashed = marquee("link", "moderator", folder=tmp_path).stdout
    assert crashed.startswith("http://127.0.0.1:8000/j/"), "a file left behind by a crash is not believed"


LEAVE = """
import asyncio, time
from server import cli
from server.settings import Settings

async def work() -> None:
    encoding = asyncio.ensure_future(asyncio.to_thread(time.sleep, 60))
    await asyncio.sleep(0.1)
    encoding.cancel()

cli._run(work, Settings())
"""


def test_leaving_waits_for_no_thread_whose_work_nobody_wants(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", LEAVE], capture_output=True, text=True, timeout=45)
    assert (ended.returncode, ended.stdout) == (0, "stopped\n"), ended.stderr


def test_a_server_ends_with_zero_when_it_is_told_to(tmp_path: Path) -> None:
    server = Marquee("serve", "--port", "0", MARQUEE_DATA=str(tmp_path)).until("Ctrl-C stops it")
    try:
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200
        assert server.end(signal.SIGTERM) < 5
    finally:
        server.kill()
    assert server.process.returncode == 0, server.said


@pytest.fixture(scope="module")
def demo() -> Iterator[Marquee]:
    running = Marquee("demo", "--port", "0")
    try:
        yield running.until("Ctrl-C stops")
    finally:
        running.kill()


@pytest.fixture
async def http(demo: Marquee) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=demo.url, trust_env=False)


async def join(http: httpx.AsyncClient, code: str) -> dict[str, str]:
    """Join and get the header that says who one is."""
    async with http:
        answer = await http.post(f"/api/join/{code}", json={"name": "Ines", "lang": "es"})
    assert answer.status_code == 201, answer.text
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def signal_at(url: str, entrance: str, bearer: dict[str, str]):  # type: ignore[no-untyped-def]
    async def signal(offer: str) -> str:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            answer = await http.post(f"/{entrance}/summit", content=offer, headers=SDP | bearer)
        assert answer.status_code == 201, answer.text
        return answer.text

    return signal


async def test_the_demo_says_when_it_is_ready_and_gives_every_role_a_page(demo: Marquee, http: httpx.AsyncClient) -> None:
    assert 0 < float(demo.find(r"ready in (\d+\.\d) s")) < READY
    assert demo.said.count("█") > 100, "no QR code"
    codes = [demo.code(role) for role in ROLES]
    assert len(set(codes)) == len(ROLES)
    async with http:
        for code in codes:
            assert (await http.get(f"/api/join/{code}")).status_code == 200
            assert (await http.get(f"/j/{code}")).status_code == 200


async def test_an_attendee_joins_by_the_link_and_sees_and_hears_the_film(demo: Marquee, http: httpx.AsyncClient) -> None:
    bearer = await join(http, demo.code("attendee"))
    async with viewing(signal_at(demo.url, "whep", bearer)) as viewer:
        await until(lambda: viewer.frames > 20 and viewer.samples > 48_000, 15)


async def test_an_encoder_takes_over_with_the_printed_token_and_the_film_returns_after_it(demo: Marquee, http: httpx.AsyncClient) -> None:
    bearer = await join(http, demo.code("attendee"))
    printed = demo.find(r"token +(\S+)")
    token = {"Authorization": f"Bearer {printed}"}
    assert demo.find(r"server +(\S+)") == f"{demo.url}/whip/summit"
    async with viewing(signal_at(demo.url, "whep", bearer)) as viewer:
        await until(lambda: viewer.frames > 5, 15)
        async with publishing(signal_at(demo.url, "whip", token)):
            await until_steady(viewer)
        seen = viewer.frames
        await until(lambda: viewer.frames > seen + 30, 20)


async def until_steady(viewer) -> None:  # type: ignore[no-untyped-def]
    """Until the viewer has had a second of pictures."""
    seen = viewer.frames
    await until(lambda: viewer.frames > seen + 20, 15)


async def test_the_summit_is_live_and_full_of_people(http: httpx.AsyncClient) -> None:
    async with http:
        event = (await http.get("/api/event")).raise_for_status().json()
    assert event["live"]["summit"] is True
    summit = next(session for session in event["sessions"] if session["id"] == "summit")
    assert len(summit["speakers"]) == 18
    assert summit["starts_at"] < event["now"] < summit["ends_at"]


async def test_the_welcome_is_captioned(demo: Marquee, http: httpx.AsyncClient) -> None:
    bearer = await join(http, demo.code("attendee"))
    async with httpx.AsyncClient(base_url=demo.url, trust_env=False) as http:
        answer = await http.get("/api/sessions/summit/captions.txt", params={"lang": "en"}, headers=bearer)
    assert "Summit of 18 Leaders" in answer.raise_for_status().text


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_taken_port_is_said_in_one_line(command: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = marquee(command, "--port", str(port), MARQUEE_DATA=str(tmp_path))
    assert ended.returncode == 1
    assert re.fullmatch(rf"port {port} is taken; --port \d+ is free\n", ended.stderr)


def test_a_link_without_a_database_says_what_to_do_and_makes_none(tmp_path: Path) -> None:
    ended = marquee("link", "moderator", MARQUEE_DATA=str(tmp_path / "none"))
    assert ended.returncode == 1
    assert "there is no database" in ended.stderr
    assert not (tmp_path / "none").exists()


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    ended = marquee("serve", MARQUEE_PORT="films", MARQUEE_DATA=str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr.startswith("MARQUEE_PORT: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("command", "settings", "words"),
    [
        (["demo", "--port", "0", "--data", "{folder}/file"], {}, "{folder}/file is not a folder"),
        (["demo", "--port", "0", "--data", "/proc/nope"], {}, "/proc/nope"),
        (["demo", "--port", "0"], {"MARQUEE_VIEWERS": "many"}, "MARQUEE_VIEWERS"),
        (["serve"], {"MARQUEE_SECRET": "mellon"}, "MARQUEE_SECRET has 6 characters; 32 or more are needed"),
        (["serve"], {"MARQUEE_DATABASE": "postgresql+psycopg://marquee:mellon@127.0.0.1:1/marquee"}, "marquee:***@127.0.0.1"),
        (["serve"], {"MARQUEE_DATABASE": "mellon"}, "MARQUEE_DATABASE"),
        (["serve"], {"MARQUEE_MEDIA_ADDRESSES": '["nope"]'}, "MARQUEE_MEDIA_ADDRESSES needs IP addresses: nope"),
        (["serve"], {"MARQUEE_MEDIA_ADDRESSES": "1.2.3.4"}, "MARQUEE_MEDIA_ADDRESSES"),
        (["serve"], {"MARQUEE_PROGRAMME": "{folder}/none.json"}, "{folder}/none.json: No such file"),
    ],
)
def test_what_keeps_it_from_starting_is_said_in_one_line_without_secrets(
    command: list[str], settings: dict[str, str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    filled = {"MARQUEE_PORT": "0", "MARQUEE_DATA": str(tmp_path)} | settings
    ended = marquee(
        *(word.format(folder=tmp_path) for word in command),
        **{name: value.replace("{folder}", str(tmp_path)) for name, value in filled.items()},
    )
    assert ended.returncode == 1
    assert words.format(folder=tmp_path) in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert "mellon" not in ended.stderr + ended.stdout


def test_the_version_is_one_line() -> None:
    ended = marquee("--version")
    assert ended.returncode == 0
    assert re.fullmatch(r"marquee.*\n", ended.stdout)


def test_the_doctor_looks_at_everything_and_fails_for_what_is_required(tmp_path: Path) -> None:
    fine = marquee("doctor", MARQUEE_DATA=str(tmp_path))
    assert "Python: 3." in fine.stdout, fine.stderr
    (tmp_path / "file").write_text("not a folder")
    ill = marquee("doctor", MARQUEE_DATA=str(tmp_path / "file"))
    assert ill.returncode == 1
    assert "MISSING  data folder" in ill.stdout
