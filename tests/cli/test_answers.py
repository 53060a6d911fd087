"""What every command keeps to: one JSON value, one sentence, an exit status."""

import json
import subprocess
from pathlib import Path

import pytest

from faxhooks.cli.showing import plain
from tests.cli.running import ENTER, Faxhooks, environment
from tests.story import Service, settings_for

ASKING = [
    ("account", "list"),
    ("account", "show", "main"),
    ("key", "list"),
    ("db", "check"),
    ("db", "upgrade"),
    ("faxes", "list"),
    ("faxes", "show", "f1"),
    ("faxes", "history", "f1"),
    ("callbacks", "list"),
    ("callbacks", "replay", "--unrecognized"),
    ("doctor",),
    ("worker", "--once"),
    ("purge", "--older-than", "1d", "--dry-run"),
]


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_json_is_one_value_on_standard_output_wherever_it_is_asked_for(
    faxhooks: Faxhooks, service: Service, words: tuple[str, ...]
) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    for asked in (("--json", *words), (*words, "--json"), (words[0], "--json", *words[1:])):
        assert isinstance(faxhooks(*asked).well().json, dict)
    spoken = faxhooks(*words).well().out
    with pytest.raises(ValueError):  # noqa: PT011 (whatever of it is no JSON)
        json.loads(spoken)


def test_logs_do_not_mix_with_the_answer(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'new.db'}"
    known = environment(FAXHOOKS_ENV="development", DATABASE_URL=address, LOG_LEVEL="info")
    words = (*ENTER, "--json", "db", "upgrade")
    done = subprocess.run(words, env=known, cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(done.stdout)["before"] is None


@pytest.mark.parametrize(
    "words",
    [
        ("account", "show", "nobody"),
        ("account", "rotate", "nobody", "--hook-token"),
        ("account", "disable", "nobody"),
        ("key", "revoke", "01993e3a-0000-7000-8000-000000000000"),
        ("faxes", "show", "nothing"),
        ("faxes", "history", "nothing"),
        ("callbacks", "show", "01993e3a-0000-7000-8000-000000000000"),
        ("callbacks", "replay", "01993e3a-0000-7000-8000-000000000000"),
        ("callbacks", "list", "--account", "nobody"),
        ("db", "upgrade", "--revision", "9999"),
    ],
    ids=" ".join,
)
def test_an_error_is_one_sentence_on_standard_error(
    faxhooks: Faxhooks, words: tuple[str, ...]
) -> None:
    said = faxhooks("--json", *words)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("faxhooks: ")
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("words", [("account", "list"), ("faxes", "list"), ("worker", "--once")])
def test_a_database_without_tables_says_how_they_are_made(
    blank_database_url: str, words: tuple[str, ...]
) -> None:
    said = Faxhooks(settings_for(blank_database_url))(*words)
    assert (said.code, said.out) == (1, "")
    assert "faxhooks db upgrade" in said.err


def test_a_database_that_is_away_is_named_with_the_drivers_own_words() -> None:
    away = "postgresql+psycopg://somebody:hidden@127.0.0.1:1/x"
    said = Faxhooks(settings_for(away))("account", "list")
    assert (said.code, said.out) == (1, "")
    assert "refused" in said.err
    assert "hidden" not in said.err
    assert len(said.err.splitlines()) == 1


def test_a_file_that_is_no_database_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"not a database" * 100)
    said = Faxhooks(settings_for(f"sqlite:///{tmp_path / 'x.db'}"))("account", "list")
    assert (said.code, said.out) == (1, "")
    assert "not a database" in said.err


def test_what_a_terminal_would_obey_is_replaced() -> None:
    hostile = "a\x1b[31mb\x07c\u202ed\x9be\ud800f\rg\nh"
    assert plain(hostile) == "a\ufffd[31mb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\ufffdh"
    assert plain("a\nb\tc\r", keep="\n\t") == "a\nb\tc\ufffd"
    assert plain("Zoë · 東京 🖨 العربية") == "Zoë · 東京 🖨 العربية"
