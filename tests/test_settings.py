import stat
import subprocess
import sys
from pathlib import Path

import pytest

from faxhooks.domain.errors import SettingsError
from faxhooks.settings import Settings

KEY = "one-Secret_that.is(long)enough:4711"
PRODUCTION = {
    "DATABASE_URL": "postgres://fax:hunter22@db.example.com:5432/fax?sslmode=require",
    "PUBLIC_URL": "https://fax.example.com",
    "SECRET_KEYS": KEY,
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def production(**changes: str) -> Settings:
    return Settings.from_env(PRODUCTION | changes)


def development(**values: str) -> Settings:
    return Settings.from_env({"FAXHOOKS_ENV": "development"} | values)


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return str(caught.value)


def test_production_is_what_an_unnamed_environment_gets() -> None:
    assert production().is_production
    assert not development().is_production


def test_a_production_start_needs_only_its_three_variables() -> None:
    settings = production()
    assert settings.public_url == "https://fax.example.com"
    assert settings.secret_keys == (KEY,)
    assert (settings.port, settings.web_concurrency, settings.log_level) == (8000, 2, "info")
    assert settings.metrics_token is None


def test_one_refusal_names_every_missing_variable_and_what_to_do() -> None:
    said = refusal({})
    for name in ("DATABASE_URL", "PUBLIC_URL", "SECRET_KEYS"):
        assert f"- {name} is missing: " in said
    assert "token_urlsafe" in said


def test_a_blank_variable_is_a_missing_one() -> None:
    assert "SECRET_KEYS is missing" in refusal(PRODUCTION | {"SECRET_KEYS": "  "})


@pytest.mark.parametrize(
    "key",
    ["short-but-varied", "a" * 64, "abcabcabc" * 8, f"{KEY},tooshort"],
    ids=["short", "one character", "three characters", "one of two"],
)
def test_production_refuses_a_weak_key(key: str) -> None:
    assert "SECRET_KEYS holds a weak key" in refusal(PRODUCTION | {"SECRET_KEYS": key})


def test_the_length_of_a_key_is_counted_in_bytes() -> None:
    assert production(SECRET_KEYS="äöüßéèàçñõ" + "å" * 6).secret_keys == ("äöüßéèàçñõåååååå",)


def test_keys_stay_newest_first_without_their_spaces() -> None:
    newer = KEY[::-1]
    assert production(SECRET_KEYS=f" {newer} , {KEY},").secret_keys == (newer, KEY)


def test_development_takes_a_weak_key() -> None:
    assert development(SECRET_KEYS="weak").secret_keys == ("weak",)


def test_an_unknown_environment_is_refused() -> None:
    said = refusal(PRODUCTION | {"FAXHOOKS_ENV": "staging"})
    assert "FAXHOOKS_ENV must be one of: production, development" in said


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d?x=1", "postgresql+psycopg://u:p@h/d?x=1"),
        ("postgresql+psycopg://u@/d?host=/run", "postgresql+psycopg://u@/d?host=/run"),
        ("sqlite:///var/faxhooks.db", "sqlite:///var/faxhooks.db"),
        ("sqlite:////srv/faxhooks.db", "sqlite:////srv/faxhooks.db"),
    ],
)
def test_the_database_address_names_its_driver(given: str, kept: str) -> None:
    assert production(DATABASE_URL=given).database_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "mysql://u:p@h/d",
        "postgresql+psycopg2://u:p@h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "u:p@h/d",
    ],
)
def test_any_other_database_is_refused(given: str) -> None:
    assert "DATABASE_URL must" in refusal(PRODUCTION | {"DATABASE_URL": given})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://fax.example.com/", "https://fax.example.com"),
        ("HTTPS://Fax.Example.COM", "https://fax.example.com"),
        ("https://fax.example.com:443", "https://fax.example.com"),
        ("https://fax.example.com:8443", "https://fax.example.com:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_public_address_is_kept_as_an_origin(given: str, kept: str) -> None:
    assert production(PUBLIC_URL=given).public_url == kept


@pytest.mark.parametrize(
    "given",
    [
        "http://fax.example.com",
        "fax.example.com",
        "ftp://fax.example.com",
        "https://",
        "https://user:secret@fax.example.com",
        "https://fax.example.com/path",
        "https://fax.example.com?",
        "https://fax.example.com/#",
        "https://fax.example.com:port",
        "https://fax.example.com:99999",
        "https://fax .example.com",
        "https://fax\n.example.com",
        "https://fax.example.com\\@evil.example",
        "https://[fax",
    ],
)
def test_production_refuses_any_other_public_address(given: str) -> None:
    assert "PUBLIC_URL must" in refusal(PRODUCTION | {"PUBLIC_URL": given})


def test_development_may_be_called_over_http() -> None:
    assert development(PUBLIC_URL="http://tunnel.example").public_url == "http://tunnel.example"


@pytest.mark.parametrize("name", ["PORT", "WEB_CONCURRENCY"])
@pytest.mark.parametrize("given", ["0", "-1", "many", "70000", "1.5", "٣"])
def test_a_number_out_of_range_is_refused(name: str, given: str) -> None:
    assert f"{name} must be a whole number from 1" in refusal(PRODUCTION | {name: given})


def test_an_unknown_log_level_is_refused() -> None:
    assert "LOG_LEVEL must be one of" in refusal(PRODUCTION | {"LOG_LEVEL": "loud"})


def test_words_may_be_written_in_capitals() -> None:
    assert production(LOG_LEVEL="WARNING", FAXHOOKS_ENV="PRODUCTION").log_level == "warning"


def test_sqlite_is_served_by_one_process_unless_told_otherwise() -> None:
    assert production(DATABASE_URL="sqlite:///fax.db").web_concurrency == 1
    assert production(DATABASE_URL="sqlite:///fax.db", WEB_CONCURRENCY="3").web_concurrency == 3


def test_the_folder_for_documents_is_made_for_its_owner_alone(folder: Path) -> None:
    assert production().media_folder is None
    assert production(MEDIA_FOLDER="kept/media").media_folder == folder / "kept/media"
    assert stat.S_IMODE((folder / "kept/media").stat().st_mode) == 0o700
    (folder / "file").touch()
    for wrong in ("file", "file/media"):
        assert "MEDIA_FOLDER must be a folder" in refusal(PRODUCTION | {"MEDIA_FOLDER": wrong})


def test_all_faults_are_told_at_once() -> None:
    said = refusal({"FAXHOOKS_ENV": "x", "PORT": "x", "LOG_LEVEL": "x", "PUBLIC_URL": "x"})
    for name in ("FAXHOOKS_ENV", "PORT", "LOG_LEVEL", "PUBLIC_URL", "DATABASE_URL", "SECRET_KEYS"):
        assert f"\n- {name} " in said


def test_no_secret_shows_in_the_repr() -> None:
    shown = repr(production(METRICS_TOKEN="scrape-me"))
    for secret in (KEY, "hunter22", "scrape-me"):
        assert secret not in shown


def test_no_value_shows_in_a_refusal() -> None:
    said = refusal({name: f"{name} sesame" for name in (*PRODUCTION, "PORT", "LOG_LEVEL")})
    assert "sesame" not in said


def test_development_needs_nothing_and_follows_the_port() -> None:
    settings = development(PORT="8123")
    assert settings.database_url == "sqlite:///var/faxhooks.db"
    assert settings.public_url == "http://localhost:8123"
    assert settings.web_concurrency == 1


def test_development_makes_its_secret_once_and_for_its_owner_alone(folder: Path) -> None:
    first, second = development(), development()
    assert first.secret_keys == second.secret_keys
    assert len(first.secret_keys[0]) >= 32
    assert stat.S_IMODE((folder / "var/secret_keys").stat().st_mode) == 0o600
    assert [path.name for path in (folder / "var").iterdir()] == ["secret_keys"]


def test_two_starts_at_once_agree_on_the_secret() -> None:
    code = "from faxhooks.settings import Settings; print(Settings.from_env().secret_keys)"
    root = Path(__file__).parents[1]
    environ = {"FAXHOOKS_ENV": "development", "PYTHONPATH": str(root)}
    starts = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environ)
        for _ in range(4)
    ]
    said = {start.communicate(timeout=30)[0] for start in starts}
    assert len(said) == 1
    assert len(said.pop()) > 32


def test_an_emptied_secret_file_is_a_named_fault(folder: Path) -> None:
    (folder / "var").mkdir()
    (folder / "var/secret_keys").write_text("\n")
    assert "SECRET_KEYS holds no key" in refusal({"FAXHOOKS_ENV": "development"})


def test_production_never_makes_a_secret(folder: Path) -> None:
    refusal({"DATABASE_URL": PRODUCTION["DATABASE_URL"]})
    assert list(folder.iterdir()) == []
