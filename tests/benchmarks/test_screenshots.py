"""The pictures of the documentation are made anew only by who asks for that."""

import pytest

from benchmarks.screenshots import FOLDER, main


@pytest.mark.parametrize(("asked", "status"), [("--help", 0), ("--nonsense", 2)])
def test_asking_how_it_is_used_leaves_the_pictures_alone(
    capsys: pytest.CaptureFixture[str], asked: str, status: int
) -> None:
    before = sorted(path.stat().st_mtime_ns for path in FOLDER.glob("*.png"))
    with pytest.raises(SystemExit) as ended:
        main([asked])
    assert ended.value.code == status
    assert "usage: python -m benchmarks.screenshots" in "".join(capsys.readouterr())
    assert sorted(path.stat().st_mtime_ns for path in FOLDER.glob("*.png")) == before
