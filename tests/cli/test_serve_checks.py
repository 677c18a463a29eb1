"""What `serve` tells of its settings before it begins."""

import logging

import pytest

from avatar_rtc.cli.serve_checks import check_tls, warn_of_http, warn_of_ports
from avatar_rtc.config import Config
from tests.certificates import make_certificate


@pytest.mark.parametrize(
    ("settings", "is_told"),
    [
        ({"microphone": True, "host": "0.0.0.0", "insecure": True}, True),
        ({"host": "0.0.0.0", "insecure": True}, False),
        ({"microphone": True}, False),
        ({"microphone": True, "host": "0.0.0.0", "insecure": True, "tls_cert": "a", "tls_key": "b"}, False),
    ],
)
def test_a_microphone_that_no_browser_would_give_is_told(settings, is_told, caplog):
    with caplog.at_level(logging.WARNING):
        warn_of_http(Config(**settings))
    assert ("browsers on other machines give none" in caplog.text) is is_told


@pytest.mark.parametrize("ports, is_told", [("", False), ("40000-40063", False), ("40000-40062", True)])
def test_fewer_ports_than_viewers_are_told(ports, is_told, caplog):
    with caplog.at_level(logging.WARNING):
        warn_of_ports(Config(media_ports=ports, max_viewers=64))
    assert ("media_ports has 63 ports for 64 viewers" in caplog.text) is is_told


def test_without_a_certificate_the_door_speaks_http(tmp_path):
    assert check_tls(Config()) is None
    cert, key = make_certificate(tmp_path)
    assert check_tls(Config(tls_cert=cert, tls_key=key)) is not None
