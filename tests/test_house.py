"""The house around the code: what make offers, what is pinned, what the compose file promises, and that the benches still run."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from server.settings import Settings

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


def output(*command: str, timeout: float = 60) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pins(name: str) -> dict[str, str]:
    """name -> version of a requirements file, without the file it includes."""
    lines = [line for line in (ROOT / ".ci" / name).read_text().splitlines() if not line.startswith("-r ")]
    found = [re.fullmatch(r"([\w.-]+)==([\w.+!]+)", line) for line in lines]
    assert [line for line, match in zip(lines, found, strict=True) if not match] == []
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def variables(service: str) -> dict[str, str]:
    environment: dict[str, str] = SERVICES[service]["environment"]
    return environment


class TestMake:
    def test_make_alone_tells_every_target_a_person_would_use(self) -> None:
        told = set(re.findall(r"^make (\S+)", output("make", "--no-print-directory"), re.MULTILINE))
        assert told == {
            "help",
            "demo",
            "test",
            "check",
            "bench",
            "bench-relay",
            "bench-beside",
            "bench-hub",
            "bench-storm",
            "bench-votes",
            "bench-cluster",
            "bench-web",
            "bench-captions",
            "load",
            "picture",
            "clean",
        }

    def test_the_last_thing_make_test_does_is_run_the_tests(self) -> None:
        steps = output("make", "--no-print-directory", "--dry-run", "test").strip().splitlines()
        assert steps[-1].startswith(".venv/bin/python -m pytest")
        assert any("ruff check" in step for step in steps)

    def test_a_user_without_a_home_has_the_cache_of_npm_in_the_project(self, tmp_path: Path) -> None:
        def cache(*changed: str) -> str | None:
            database = output("env", "-u", "npm_config_cache", *changed, "make", "--no-print-directory", "-pn", "help")
            found = re.search(r"^npm_config_cache \S?= (.*)$", database, re.MULTILINE)
            return found[1] if found else None

        assert cache("-u", "HOME") == cache("HOME=/proc/none") == "$(CURDIR)/$(VENV)/.npm"
        assert cache(f"HOME={tmp_path}") is None

    def test_the_check_for_submissions_is_make_test(self) -> None:
        script = ROOT / ".ci" / "run"
        assert script.stat().st_mode & 0o111
        assert script.read_text().rstrip().endswith("exec make --no-print-directory test")

    def test_every_system_package_comes_with_a_probe_that_finds_it_here(self) -> None:
        lines = [line.split(maxsplit=1) for line in (ROOT / ".ci/system-packages").read_text().splitlines() if line[0] != "#"]
        missing = [name for name, probe in lines if subprocess.run(["sh", "-c", probe], capture_output=True, check=False).returncode]
        assert missing == []

    def test_a_missing_package_is_named_where_it_cannot_be_installed(self, tmp_path: Path) -> None:
        """A person without apt-get, played by a PATH that lacks it."""
        for program in ("sh", "dirname", "id", "tr"):
            (tmp_path / program).symlink_to(subprocess.check_output(["which", program], text=True).strip())
        done = subprocess.run(
            [ROOT / ".ci/install", "python3-venv"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=10, check=False
        )
        assert done.returncode == 1
        assert "python3-venv" in done.stdout


class TestRequirements:
    @pytest.mark.parametrize("name", ["requirements-run.txt", "requirements-test.txt"])
    def test_each_is_pinned_and_that_version_is_installed(self, name: str) -> None:
        other = {package: version for package, version in pins(name).items() if metadata.version(package) != version}
        assert other == {}

    def test_what_the_package_asks_for_is_pinned_within_its_range(self) -> None:
        run = pins("requirements-run.txt")
        for requirement in map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]):
            assert run[canonicalize_name(requirement.name)] in requirement.specifier

    def test_the_build_asks_for_exact_versions(self) -> None:
        requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
        assert all("==" in requirement for requirement in requires)

    def test_the_web_client_asks_for_exact_versions_and_its_lock_names_no_host(self) -> None:
        package = json.loads((ROOT / "server/web/package.json").read_text())
        asked = {**package.get("dependencies", {}), **package["devDependencies"]}
        assert [name for name, version in asked.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
        assert "resolved" not in (ROOT / "server/web/package-lock.json").read_text()

    def test_no_file_names_a_package_host(self) -> None:
        hosts = ["pypi.org" + "/simple", "files.python" + "hosted", "registry." + "npmjs", "deb." + "debian.org"]
        patterns = [part for host in hosts for part in ("-e", host)]
        found = subprocess.run(["git", "grep", "-lF", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (found.returncode, found.stdout) == (1, "")


class TestCompose:
    def test_the_compose_specification_accepts_it(self) -> None:
        """By the schema that the specification publishes."""
        tool = Path(sys.executable).parent / "check-jsonschema"
        output(str(tool), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")

    def test_it_has_the_server_its_two_stores_and_what_is_asked_for(self) -> None:
        assert set(SERVICES) == {"server", "second", "redis", "postgres", "coturn"}
        profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
        assert profiles == {"coturn": ["turn"], "second": ["nodes"]}

    def test_every_image_is_of_an_exact_version(self) -> None:
        images = [service["image"] for service in SERVICES.values()]
        images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        assert [image for image in images if not re.search(r":\d+\.\d+(\.\d+)?\b", image)] == []

    @pytest.mark.parametrize(("server", "node"), [("server", {}), ("second", {"MARQUEE_NODE_TWO": "https://two.example"})])
    def test_its_variables_are_settings_with_values_the_settings_accept(
        self, monkeypatch: pytest.MonkeyPatch, server: str, node: dict[str, str]
    ) -> None:
        fields = {f"MARQUEE_{name.upper()}" for name in Settings.model_fields}
        image = dict(re.findall(r"(MARQUEE_\w+)=(\S+)", (ROOT / "Dockerfile").read_text()))
        assert image
        assert set(variables(server)) | set(image) <= fields
        for name, value in {**image, **variables(server)}.items():
            monkeypatch.setenv(name, interpolate(value, {"MARQUEE_SECRET": "s" * 32, "POSTGRES_PASSWORD": "p", **node}))
        settings = Settings()
        assert settings.database == "postgresql+psycopg://marquee:p@postgres:5432/marquee"
        assert settings.signing_key() == "s" * 32
        assert settings.media_addresses == ["127.0.0.1"]
        assert settings.node == node.get("MARQUEE_NODE_TWO", "")

    def test_it_does_not_start_without_its_secrets(self) -> None:
        for name in ("MARQUEE_SECRET", "MARQUEE_DATABASE"):
            with pytest.raises(KeyError):
                interpolate(variables("server")[name], {})

    def test_the_media_port_is_the_same_inside_and_outside(self) -> None:
        for kind in ("udp", "tcp"):
            for server in ("second", "server"):
                port = variables(server)["MARQUEE_MEDIA_PORT"]
                assert f"{port}:{port}/{kind}" in SERVICES[server]["ports"]
            assert f"{port}/{kind}" in (ROOT / "Dockerfile").read_text()

    def test_the_server_waits_for_stores_whose_health_is_looked_at(self) -> None:
        waits = SERVICES["server"]["depends_on"]
        assert set(waits) == {"redis", "postgres"}
        assert all(wait["condition"] == "service_healthy" for wait in waits.values())
        assert all("healthcheck" in service for service in SERVICES.values())

    def test_its_volumes_are_declared(self) -> None:
        used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
        assert used == set(COMPOSE["volumes"])

    def test_what_the_image_copies_is_there_and_not_ignored(self) -> None:
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
        sources = [source for line in copied for source in line.split()]
        assert [source for source in sources if not (ROOT / source).exists()] == []
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert [source for source in sources if source in ignored] == []


def interpolate(value: str, given: dict[str, str]) -> str:
    """As compose does `${NAME:-default}` and `${NAME:?message}`; KeyError for one that is asked for and not given."""

    def replace(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        return given.get(name, rest) if kind == ":-" else given[name]

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", replace, value)


class TestBenches:
    def test_the_bench_of_the_relay_reaches_every_viewer_and_tells_each_cost(self) -> None:
        """Without Janus, which a test does not install."""
        lines = output(sys.executable, "-m", "tests.load.relay", "--quick").splitlines()
        assert [line.split()[1] for line in lines] == ["marquee", "marquee", "marquee", "pull", "floor", "floor", lines[-1].split()[1]]
        assert [line.split()[5] for line in lines if "us_per_packet" in line] == ["delivered=1.000"] * 4
        assert re.fullmatch(r"relay vs_floor=\d+\.\d", lines[-1])

    def test_the_bench_of_both_beside_each_other_reaches_every_viewer_and_every_socket(self) -> None:
        lines = output(sys.executable, "-m", "tests.load.relay.beside", "--quick").splitlines()
        assert [line.split()[1:3] for line in lines] == [[way, f"viewers={n}"] for way in ("process", "thread") for n in (0, 4)]
        assert all(line.endswith("heard=1.000 delivered=1.000") for line in lines)

    def test_the_bench_of_the_hub_reaches_every_socket_of_every_server(self) -> None:
        lines = output(sys.executable, "-m", "tests.load.hub", "--quick").splitlines()
        assert [line.split()[1] for line in lines[:-1]] == ["marquee", "websockets", "starlette"]
        assert all("delivered=1.000" in line for line in lines[:-1])
        assert re.match(r"hub vs_websockets=\S+ vs_starlette=\S+ join_us=", lines[-1])

    def test_the_bench_of_the_storm_brings_everyone_back(self) -> None:
        (line,) = output(sys.executable, "-m", "tests.load.storm", "--quick").splitlines()
        assert re.match(r"storm sockets=50 resumed_s=\S+ .* snapshots=0 ", line)

    @pytest.mark.parametrize("flags", [(), ("--postgres",)])
    def test_the_bench_of_the_votes_finds_every_acknowledged_one_in_the_database(self, flags: tuple[str, ...]) -> None:
        (line,) = output(sys.executable, "-m", "tests.load.votes", "--quick", *flags, timeout=110).splitlines()
        assert re.match(r"votes per_s=\d+ vs_naive=\d+\.\dx ", line)
        assert "votes=200" in line

    def test_the_bench_of_the_cluster_hears_of_every_vote_at_both_processes(self) -> None:
        (line,) = output(sys.executable, "-m", "tests.load.cluster", "--quick").splitlines()
        assert re.match(r"cluster clients=40 acks=20 .* acks_added_p99_ms=\S+ updates=\d+ .* updates_added_p99_ms=\S+$", line)

    def test_the_bench_of_captions_reaches_every_viewer_and_hears_the_reading(self) -> None:
        line, *translators = output(sys.executable, "-m", "tests.load.captions", "--quick").splitlines()
        assert {"en-es", "es-fr"} <= {re.findall(r"engine=apertium pair=(\S+) chrf=\d+", one)[0] for one in translators}
        figures = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", line)}
        assert {"added_p99_ms", "erasure", "wer", "cer", "stable_mean_s", "stable_p95_s"} <= set(figures)
        assert figures["words"] > 5
        assert figures["wer"] < 0.5
        assert figures["languages"] == 20

    def test_it_says_how_many_open_files_it_lacks(self) -> None:
        done = subprocess.run(
            ["sh", "-c", f"ulimit -n 200 && exec {sys.executable} -m tests.load.hub"],
            cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "10100 open files" in done.stderr
