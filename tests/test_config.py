"""Settings from defaults, file and flags."""

import argparse
import contextlib
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_rtc.cli import serve
from avatar_rtc.config import Config, load_config
from avatar_rtc.config_words import check_ice_url, check_origin
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
    assert set(given) == set(Config.model_fields) - {
        "data_dir",
        "disclosure_cert",
        "disclosure_key",
        "framing",
        "tls_cert",
        "tls_key",
    }  # none is what they are by default
    assert set(given["turn"]) == set(type(Config().turn).model_fields) - {"tls_cert", "tls_key"}
    assert set(given["access"]) == set(type(Config().access).model_fields) - {"revoked"}
    assert set(given["limits"]) == set(type(Config().limits).model_fields)


BAD = [
    ("port = 'high'", "port is 'high': wanted is a whole number in 0..65535"),
    ("port = 8080.5", "port is 8080.5: wanted is a whole number"),
    ("port = 65536", "port is 65536, but must lie in 0..65535"),
    ("port = -1", "port is -1, but must lie in 0..65535"),
    ("prot = 1", "unknown setting 'prot'; did you mean 'port'"),
    ("turn = {url = []}", "unknown setting 'turn.url'; did you mean 'turn.urls'"),
    ("turn = {urls = ['turn:a'], secrte = 'x'}", "did you mean 'turn.secret'"),
    ("speech = {voise = 'x'}", "did you mean 'speech.voice'"),
    ("voicevox_url = 'http://a'", "did you mean 'speech.voicevox_url'"),
    ("limits = {connection = 9}", "did you mean 'limits.connections'"),
    ("trusted_proxies = ['proxy']", "wanted is an address or a network, such as '10.0.0.0/8'"),
    ("trusted_proxies = ['10.0.0.1/8']", "10.0.0.1/8 has host bits set"),
    ("base_path = 'avatars'", "wanted is a path of letters, digits and -._~, such as '/avatars'"),
    ("base_path = '/a/../b'", "wanted is a path"),
    ("base_path = '//evil.example'", "wanted is a path"),
    ("tls_cert = 'a.pem'", "tls_key is missing; wanted are tls_cert and tls_key, or neither"),
    ("disclosure_key = 'a.pem'", "disclosure_cert is missing; wanted are disclosure_cert and"),
    (
        "disclosure = 'always'",
        "unknown disclosure 'always'; did you mean 'page'? Wanted is one of 'off', 'page', 'picture'",
    ),
    ("disclosure = 1", "disclosure"),
    ("fps = 0", "fps is 0, but must lie in 1..60"),
    ("fps = nan", "fps"),
    ("fps = '30fps'", "wanted is a number"),
    ("max_avatars = 0", "max_avatars is 0"),
    ("max_viewers = true", "max_viewers"),
    ("avatar_expiry_s = -1.0", "avatar_expiry_s"),
    ("device = 'tpu'", "device is 'tpu': wanted is auto, cpu"),
    ("device = 'cuda:x'", "cuda:N"),
    ("device = 'cuda:01'", "cuda:N"),
    ("device = ''", "device is '': wanted is auto, cpu"),
    ("device = []", "device is a list: wanted is auto, cpu"),
    ("device = 'cuda:0,'", "several such as 'cuda:0,cuda:1'"),
    ("device = ['cuda:0', 1]", "wanted is a text in quotes"),
    ("device = ['cuda:0', 'tpu']", "device is a list: wanted is auto, cpu"),
    ("device = 'cpu,auto'", "wanted is auto alone"),
    ("device = 'cuda:1,cuda:1'", "wanted is each device once"),
    ("device = 'cuda,cuda:0'", "wanted is each device once; cuda is cuda:0"),
    (
        "animator = 'magic'",
        "unknown animator 'magic'; did you mean 'static'? Wanted is one of 'auto', 'tha3'",
    ),
    ("port =", "TOML"),
    ("host = 'http://127.0.0.1'", "host name or an address alone"),
    ("host = '127.0.0.1:80'", "host name or an address alone"),
    ("host = 1", "wanted is a text in quotes"),
    ("insecure = 'maybe'", "wanted is true or false"),
    ("turn = {ttl_s = 1}", "turn.ttl_s"),
    ("turn = {tls_cert = 'a.pem'}", "turn.tls_key is missing; wanted are turn.tls_cert and turn.tls_key"),
    ("turn = {realm = 'a b'}", "turn.realm is 'a b': wanted are letters, digits"),
    ("turn = {relay_ports = '9-5'}", "turn.relay_ports is '9-5': wanted are the first and the last port"),
    ("turn = {peers = ['avatar']}", "turn.peers.0 is 'avatar'"),
    ("turn = {external_ip = '/10.0.0.5'}", "turn.external_ip is '/10.0.0.5': wanted is an address such as"),
    ("media_ports = 40000", "media_ports is 40000: wanted is a text in quotes"),
    ("media_ports = '40000-'", "wanted are the first and the last port, such as '40000-40100'"),
    ("media_ports = '40000-70000'", "within 1..65535"),
    ("public_address = 'avatar.example.org'", "public_address is 'avatar.example.org'"),
    ("public_address = '203.0.113.7/'", "wanted is an address such as '203.0.113.7', or also the local one"),
    ("public_address = '203.0.113.7/fd00::5'", "wanted are two addresses of IPv4, or two of IPv6"),
    ("ipv6 = false\npublic_address = '2001:db8::7'", "ipv6 is false, so media_host, host and public_address"),
    ("ipv6 = false\nmedia_host = '2001:db8::7'", "ipv6 is false"),
    ("turn = 'turn:a'", "wanted is a table"),
    ("turn = {urls = ['turn:a']}", "turn.secret is missing"),
    ("turn = {secret = 'hush'}", "turn.urls is missing"),
    ("turn = {urls = ['stun:a'], secret = 'x'}", "turn:turn.example.org"),
    ("turn = {urls = ['turn://a'], secret = 'x'}", "turn.urls.0"),
    ("turn = {urls = ['turn:a:70000'], secret = 'x'}", "turn.urls.0"),
    ("turn = {urls = ['turn:a?transport=sctp'], secret = 'x'}", "turn.urls.0"),
    ("stun_urls = 'stun:a'", "wanted is a list"),
    ("stun_urls = ['a.example.org']", "stun:stun.example.org"),
    ("stun_urls = ['stun:']", "stun_urls.0"),
    ("stun_urls = ['stun:a b']", "stun_urls.0"),
    ("stun_urls = ['stun:a?transport=udp']", "stun_urls.0"),
    ("allowed_origins = ['example.org']", "wanted is an origin"),
    ("allowed_origins = ['https://example.org/']", "wanted is an origin"),
    ("allowed_origins = ['https://example.org/page']", "wanted is an origin"),
    ("allowed_origins = ['https://me@example.org']", "wanted is an origin"),
    ("allowed_origins = ['https://*.example.org']", "wanted is an origin"),
    ("allowed_origins = ['https://example.org:port']", "wanted is an origin"),
    ("allowed_origins = ['null']", "wanted is an origin"),
    ("allowed_origins = ['https://a; script-src *']", "wanted is an origin"),
    ("allowed_hosts = ['https://example.org']", "allowed_hosts.0 is 'https://example.org': wanted is a host"),
    ("allowed_hosts = ['example.org:443']", "alone"),
    ("allowed_hosts = ['*']", "alone"),
    ("allowed_hosts = ['']", "alone"),
    ("speech = {voicevox_url = '127.0.0.1:50021'}", "wanted is a URL"),
    ("speech = {openai_url = 'http://'}", "wanted is a URL"),
    ("speech = {piper_url = 'ftp://a'}", "wanted is a URL"),
    ("speech = {speed = 3}", "speech.speed is 3, but must lie in 0.5..2"),
    ("speech = {emotion_model = 3}", "path"),
    ("access = {secret = 'hush'}", "access.secret: wanted is not the secret itself, but where it stands"),
    ("access = {secret = 'env:'}", "access.secret: wanted is"),
    ("access = {jwks_url = 'http://login.example.org/keys'}", "wanted is a URL such as 'https://"),
    ("access = {jwks_url = 'login.example.org'}", "wanted is a URL such as 'https://"),
    ("access = {leeway_s = 3600}", "access.leeway_s is 3600, but must lie in 0..300"),
    ("access = {keys = {a = {key = 'hush', scope = 'view'}}}", "access.keys.a.key: wanted is not the key"),
    ("access = {keys = {a = {key = 'sha256:abc', scope = 'view'}}}", "64 digits"),
    ("access = {keys = {a = {key = 'env:KEY'}}}", "access.keys.a.scope is missing"),
    ("access = {keys = {a = {key = 'env:KEY', scope = 'root'}}}", "access.keys.a.scope"),
    ("access = {keys = {a = {key = 'env:KEY', scope = 'view', avatar = '../a'}}}", "cannot be a name"),
    ("limits = {headers_s = 0}", "limits.headers_s"),
    ("limits = {connections = 1}", "connections is 1, but must lie in 8..100000"),
    ("limits = {body_s = inf}", "limits.body_s"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=[text for text, _ in BAD])
def test_bad_settings_are_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text(text)
    with pytest.raises(InputError) as found:
        load_config(file)
    assert says in str(found.value) and "\n" not in str(found.value)
    assert "hush" not in str(found.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "::1"},
        {"host": "", "insecure": True},
        {"host": "::", "insecure": True},
        {"host": "studio.example.org", "insecure": True},
        {"allowed_hosts": ("Studio.example.org", "192.0.2.1", "2001:db8::1", "my_host")},
        {"allowed_origins": ("*", "https://Example.org", "http://localhost:3000", "http://[::1]:8080")},
        {"stun_urls": ("stun:stun.example.org", "stun:192.0.2.1:3478")},
        {"turn": {"urls": ("turn:a.example:3478?transport=tcp", "turns:a.example:443"), "secret": "s"}},
        {"device": "cuda:1"},
        {"device": "cuda:0,cuda:1,cpu"},
        {"speech": {"openai_url": "https://api.openai.com/v1", "piper_url": "http://[::1]:5000"}},
    ],
    ids=str,
)
def test_good_settings_are_taken(settings: dict) -> None:
    load_config(None, **settings)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("true", "page"), ("false", "off"), ("'picture'", "picture"), ("'page'", "page"), ("'off'", "off")],
)
def test_disclosure_is_a_word_or_a_truth(tmp_path: Path, given: str, wanted: str) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text(f"disclosure = {given}")
    assert load_config(file).disclosure == wanted
    assert load_config(file, disclosure="picture").disclosure == "picture"


@pytest.mark.parametrize("given", ["cuda:0,cuda:10", "cuda:0, cuda:10", ["cuda:0", "cuda:10"]], ids=str)
def test_several_devices_are_a_list_or_a_text(given: str | list[str]) -> None:
    config = load_config(None, device=given)
    assert (config.device, config.devices) == ("cuda:0,cuda:10", ("cuda:0", "cuda:10"))
    assert not serve.needs_accelerator(Config()) and serve.needs_accelerator(config)
    assert not serve.needs_accelerator(load_config(None, device="cpu"))


HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,6}){0,2}", fullmatch=True) | st.just("[::1]")


@given(st.sampled_from(["http", "https"]), HOSTS, st.none() | st.integers(1, 65_535), st.booleans())
def test_an_origin_is_taken_as_browsers_write_it(scheme, host, port, is_loud) -> None:
    own = {"http": 80, "https": 443}[scheme]
    browsers = f"{scheme}://{host}" + ("" if port in (None, own) else f":{port}")
    written = f"{scheme}://{host}" + ("" if port is None else f":{port}")
    assert check_origin(written.upper() if is_loud else written) == browsers
    for near in (f"{written}/", f"{written}/page?x#y", f"{scheme}://me:pw@{written.partition('//')[2]}"):
        with pytest.raises(ValueError, match=re.escape(f"did you mean {browsers!r}?")):
            check_origin(near)


@given(st.text(max_size=30))
def test_no_text_breaks_the_check_of_origins(text) -> None:
    with contextlib.suppress(ValueError):
        assert check_origin(check_origin(text)) == check_origin(text)


def test_origins_by_flag(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    serve.add(parser.add_subparsers())
    flags = ("--allow-origin", "HTTPS://A.example:443", "--allow-origin", "http://localhost:3000")
    args = parser.parse_args(["serve", *flags])
    config = load_config(None, allowed_origins=args.allowed_origins)
    assert config.allowed_origins == ("https://a.example", "http://localhost:3000")
    assert parser.parse_args(["serve"]).allowed_origins is None
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["serve", "--allow-origin", "localhost:3000"])
    assert ended.value.code == 2
    assert "did you mean 'http://localhost:3000'?" in capsys.readouterr().err


def test_every_stun_and_turn_url_that_is_taken_can_be_used() -> None:
    from aiortc.rtcicetransport import parse_stun_turn_uri

    for url in (
        "stun:a.example",
        "turns:a.example:443?transport=tcp",
        "turn:192.0.2.1",
    ):
        parse_stun_turn_uri(check_ice_url(url, "stun", "turn", "turns"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none.toml"):
        load_config(tmp_path / "none.toml")


def test_open_addresses_need_insecure() -> None:
    with pytest.raises(InputError, match="--insecure"):
        load_config(None, host="0.0.0.0")
    assert load_config(None, host="0.0.0.0", insecure=True).host == "0.0.0.0"
    assert load_config(None, host="0.0.0.0", **{"access.secret": "env:SECRET"}).host == "0.0.0.0"


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
    bind = Config(**settings).media_bind
    is_loopback = address in ("127.0.0.1", "::1") and not interfaces
    assert bind[:3] == (interfaces, (address,), is_loopback and "media_host" not in settings)


def test_sockets_of_viewers_by_flag() -> None:
    parser = argparse.ArgumentParser()
    serve.add(parser.add_subparsers())
    flags = ("--media-host", "10.0.0.5", "--media-ports", "40000-40100", "--public-address", "203.0.113.7")
    args = parser.parse_args(["serve", *flags, "--no-ipv6"])
    names = ("media_host", "media_ports", "public_address", "ipv6")
    bind = load_config(None, **{name: getattr(args, name) for name in names}).media_bind
    assert bind == (False, ("10.0.0.5",), False, range(40_000, 40_101), "203.0.113.7", False)
    assert [getattr(parser.parse_args(["serve"]), name) for name in names] == [None] * 4


def test_ports_addresses_and_ipv6_are_for_all_sockets_of_viewers() -> None:
    config = Config(media_ports="40000 - 40100", public_address="203.0.113.7", ipv6=False, host="::1")
    assert config.media_bind == (True, ("127.0.0.1",), False, range(40_000, 40_101), "203.0.113.7", False)


def test_a_media_host_is_an_address(tmp_path: Path) -> None:
    file = tmp_path / "avatar.toml"
    file.write_text('media_host = "example.org"')
    with pytest.raises(InputError, match="media_host.*example.org.*no IP address"):
        load_config(file)


def test_the_secret_is_not_printed() -> None:
    assert "hush" not in repr(load_config(None, turn={"urls": ["turn:a"], "secret": "hush"}))
