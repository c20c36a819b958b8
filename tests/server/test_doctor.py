"""The doctor, in surroundings that are well and in ones that are not."""

import socket
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import create_engine

from server.doctor import Finding, examine
from server.migrating import migrate
from server.settings import Settings


@pytest.fixture
def examined(tmp_path: Path) -> Any:
    """Examine with settings other than the usual; findings by name."""

    def examined(**settings: Any) -> dict[str, Finding]:
        return {finding.name: finding for finding in examine(Settings(**{"data": tmp_path / "data", "port": 0, **settings}))}

    return examined


def test_a_machine_that_was_set_up_lacks_nothing_required(examined: Any) -> None:
    findings = examined()
    assert [f for f in findings.values() if f.required and not f.ok] == []
    assert findings["speech recognition"].ok
    assert "eng-spa" in findings["translation"].detail


def test_looking_makes_no_files(examined: Any, tmp_path: Path) -> None:
    examined()
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_is_a_file_is_found(examined: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    finding = examined()["data folder"]
    assert not finding.ok
    assert finding.required


@pytest.mark.parametrize(
    ("name", "setting", "kind"), [("web port", "port", socket.SOCK_STREAM), ("media port", "media_port", socket.SOCK_DGRAM)]
)
def test_a_port_in_use_is_found_and_a_free_one_is_not(examined: Any, name: str, setting: str, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        if kind is socket.SOCK_STREAM:
            other.listen()
        assert not examined(**{setting: port})[name].ok
    assert examined(**{setting: port})[name].ok


def test_a_database_is_empty_then_newest_then_too_new(examined: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rows.sqlite3'}"
    assert "will be made" in examined(database=url)["database"].detail
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("create table other (id integer)"))
    assert "empty" in examined(database=url)["database"].detail
    migrate(engine)
    assert examined(database=url)["database"].detail.endswith("the newest schema")
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    engine.dispose()
    finding = examined(database=url)["database"]
    assert not finding.ok
    assert "newer" in finding.detail


def test_a_database_that_does_not_answer_is_found_and_its_password_not_shown(examined: Any) -> None:
    finding = examined(database="postgresql+psycopg://marquee:secretpassword@127.0.0.1:1/marquee")["database"]
    assert not finding.ok
    assert "secretpassword" not in finding.detail


@pytest.mark.parametrize("url", ["nonsense", "oracle://x", "sqlite:////proc/no/such/file"])
def test_a_database_url_that_cannot_be_used_is_told_not_raised(examined: Any, url: str) -> None:
    assert "database" in examined(database=url)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "nonsense"])
def test_a_redis_that_does_not_answer_is_found(examined: Any, url: str) -> None:
    assert not examined(bus=url)["bus"].ok


def test_a_short_secret_is_found_and_not_shown(examined: Any) -> None:
    finding = examined(secret="tooshort")["secret"]
    assert not finding.ok
    assert "tooshort" not in finding.detail


def test_a_web_server_for_all_with_media_for_this_machine_is_told(examined: Any) -> None:
    assert examined(host="127.0.0.1")["media addresses"].ok
    assert not examined(host="0.0.0.0")["media addresses"].ok
    assert examined(host="0.0.0.0", media_addresses=["192.0.2.7"])["media addresses"].ok
    assert not examined(media_addresses=["stage.example"])["media addresses"].ok


def test_a_finding_reads_as_one_line() -> None:
    assert str(Finding("bus", True, "in memory")) == "ok       bus: in memory"
    assert str(Finding("bus", False, "no answer")) == "MISSING  bus: no answer"
    assert str(Finding("web client", False, "not built", required=False)) == "without  web client: not built"
