"""Settings: where a value comes from, and what a wrong one says."""

from pathlib import Path

import pytest

from forensics import settings
from forensics.errors import SettingsError


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    (tmp_path / "forensics.toml").write_text("workers = 2\nframes = 30\nsettle_s = 5\n")
    environment = {"FORENSICS_WORKERS": "3", "FORENSICS_FRAMES": "40"}
    values = settings.load(environment=environment, flags={"workers": 4, "frames": None})
    assert (values.workers, values.frames, values.settle_s, values.run_frames) == (4, 40, 5.0, 4)


def test_file_asked_for_beats_the_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "forensics.toml").write_text("workers = 2\n")
    (tmp_path / "mine.toml").write_text("workers = 7\n")
    assert settings.load(tmp_path / "mine.toml", environment={}).workers == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("wrokers = 2", "no setting is called 'wrokers'", id="misspelt"),
        pytest.param("workers = 0", "workers = 0: must be at least 1", id="too-small"),
        pytest.param("workers = 'two'", "workers = 'two': invalid literal", id="no-number"),
        pytest.param("device = 'tpu'", "choose from auto, cpu, cuda", id="no-choice"),
        pytest.param("reproducible = 3", "must be true or false", id="no-flag"),
        pytest.param("plugins = [1]", "must be a list of names", id="no-names"),
        pytest.param("settle_s = nan", "must be at least 0", id="not-a-number"),
        pytest.param("workers", "can't be read", id="no-toml"),
        pytest.param("database_url = 'mysql://x'", "write sqlite:////folder", id="no-database"),
        pytest.param("weights = '/no/such'", "there is no such folder", id="no-folder"),
    ],
)
def test_wrong_setting_names_its_key_and_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "forensics.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        settings.load(environment={})
    assert "forensics.toml" in str(error.value)
    assert words in str(error.value)


def test_wrong_environment_is_named() -> None:
    with pytest.raises(SettingsError, match="FORENSICS_WORKERS: workers = 'many'"):
        settings.load(environment={"FORENSICS_WORKERS": "many"})


def test_all_wrong_settings_are_named_with_their_sources(tmp_path: Path) -> None:
    path = tmp_path / "forensics.toml"
    path.write_text('workers = 0\nwrokers = 2\ndatabase_url = "mysql://me:secret@x"\n')
    environment = {"FORENSICS_DEVICE": "tpu", "FORENSICS_PLUGINS": "a, b"}
    with pytest.raises(SettingsError) as error:
        settings.load(environment=environment, flags={"frames": "many", "workers": 3})
    lines = [line.partition("; known: ")[0] for line in str(error.value).splitlines()]
    assert lines == [
        "forensics.toml: workers = 0: must be at least 1",
        "forensics.toml: no setting is called 'wrokers'",
        "forensics.toml: database_url: "
        "write sqlite:////folder/file.sqlite3 or postgresql://user@host/name",
        "environment FORENSICS_DEVICE: device = 'tpu': choose from auto, cpu, cuda",
        "--frames: frames = 'many': invalid literal for int() with base 10: 'many'",
    ]


def test_names_are_read_from_text_and_lists(tmp_path: Path) -> None:
    (tmp_path / "forensics.toml").write_text("plugins = ['a', 'b']\n")
    assert settings.load(environment={}).plugins == ("a", "b")
    assert settings.load(environment={"FORENSICS_PLUGINS": "a, c"}).plugins == ("a", "c")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such settings file"):
        settings.load(tmp_path / "none.toml", environment={})


def test_every_setting_is_documented() -> None:
    assert all(item.metadata["doc"] for item in settings.known().values())


@pytest.mark.parametrize(("size_bytes", "deadline"), [(0, 60), (100_000_000, 70), (10**12, 900)])
def test_deadline_grows_with_size_to_a_limit(size_bytes: int, deadline: float) -> None:
    assert settings.Settings().deadline(size_bytes) == deadline
