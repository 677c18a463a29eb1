"""Settings from defaults, file and flags."""

import tomllib
from pathlib import Path

import pytest

from avatar_rtc.config import Config, load_config
from avatar_rtc.errors import InputError

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text('port = 9000\nanimator = "static"\n')
    config = load_config(file, port=9001, host=None)
    assert (config.port, config.animator, config.host) == (9001, "static", "127.0.0.1")


def test_the_example_lists_every_setting_with_its_default() -> None:
    given = tomllib.loads(EXAMPLE.read_text())
    assert load_config(EXAMPLE) == Config()
    assert set(given) == set(Config.model_fields) - {"data_dir"}
    assert set(given["turn"]) == set(type(Config().turn).model_fields)
    assert set(given["limits"]) == set(type(Config().limits).model_fields)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 'high'", "port"),
        ("prot = 1", "prot"),
        ("fps = 0", "fps"),
        ("max_avatars = 0", "max_avatars"),
        ("avatar_expiry_s = -1.0", "avatar_expiry_s"),
        ("device = 'tpu'", "device"),
        ("port =", "TOML"),
        ("turn = {ttl_s = 1}", "turn.ttl_s"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=says):
        load_config(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none.toml"):
        load_config(tmp_path / "none.toml")


def test_open_addresses_need_insecure() -> None:
    with pytest.raises(InputError, match="--insecure"):
        load_config(None, host="0.0.0.0")
    assert load_config(None, host="0.0.0.0", insecure=True).host == "0.0.0.0"


@pytest.mark.parametrize(
    ("settings", "interfaces", "address"),
    [
        ({}, False, "127.0.0.1"),
        ({"host": "localhost"}, False, "127.0.0.1"),
        ({"host": "::1"}, False, "::1"),
        ({"allowed_hosts": ["avatar.example.org"]}, True, "127.0.0.1"),
        ({"stun_urls": ["stun:stun.example.org"]}, True, "127.0.0.1"),
        ({"turn": {"urls": ["turn:turn.example.org"], "secret": "north"}}, True, "127.0.0.1"),
        ({"allowed_hosts": ["a.example"], "media_host": "127.0.0.1"}, False, "127.0.0.1"),
        ({"allowed_origins": ["https://example.org"]}, False, "127.0.0.1"),
        ({"media_host": "0.0.0.0"}, True, "127.0.0.1"),
        ({"media_host": "::"}, True, "127.0.0.1"),
        ({"media_host": "192.0.2.1"}, False, "192.0.2.1"),
        ({"host": "0.0.0.0", "insecure": True}, True, "127.0.0.1"),
        ({"host": "::", "insecure": True}, True, "127.0.0.1"),
        ({"host": "192.0.2.1", "insecure": True}, False, "192.0.2.1"),
        ({"host": "0.0.0.0", "insecure": True, "media_host": "127.0.0.1"}, False, "127.0.0.1"),
    ],
)
def test_media_listens_where_http_does(settings: dict, interfaces: bool, address: str) -> None:
    assert Config(**settings).media_bind == (interfaces, (address,))


def test_a_media_host_is_an_address(tmp_path: Path) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text('media_host = "example.org"')
    with pytest.raises(InputError, match="media_host.*example.org.*no IP address"):
        load_config(file)


def test_the_secret_is_not_printed() -> None:
    assert "hush" not in repr(load_config(None, turn={"secret": "hush"}))
