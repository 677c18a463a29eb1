"""The files for Docker agree with each other and with the settings beside them. Docker itself is not run."""

import json
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import PurePosixPath

import pytest
import yaml

from avatar_rtc.cli.main import build_parser
from avatar_rtc.cli.turn_conf import turn_conf
from avatar_rtc.config import Config, load_config
from avatar_rtc.server.http.needs import NEEDS
from tests.documents import ROOT

TURN = ROOT / "turn"
COMPOSE = yaml.safe_load((TURN / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("coturn-settings", "avatar")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture
def config(tmp_path) -> Config:
    """The settings beside the compose file, with a secret that counts."""
    file = tmp_path / "avatar.toml"
    file.write_text((TURN / "avatar.example.toml").read_text().replace("change me", "0f1e2d3c4b5a6978"))
    return load_config(file)


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile: (word, the rest), comments and ends of lines left out."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if line.strip()]


def of_image(word: str) -> list[str]:
    """What the last stage says with this word."""
    found = instructions()
    last = max(place for place, each in enumerate(found) if each[0] == "FROM")
    return [rest for name, rest in found[last:] if name == word]


def mounts(service: str) -> dict[str, str]:
    """Place in the container → what is there."""
    return {each.split(":")[1]: each.split(":")[0] for each in SERVICES[service]["volumes"]}


def test_ports_and_addresses_are_those_of_the_settings(config):
    http, media = SERVICES["avatar"]["ports"]
    assert http == f"127.0.0.1:{config.port}:{config.port}/tcp" and config.host == "0.0.0.0"
    assert media == f"{config.media_ports}:{config.media_ports}/udp"
    assert len(config.media_bind.ports or ()) >= config.max_viewers
    (address,) = (network["ipv4_address"] for network in SERVICES["avatar"]["networks"].values())
    assert config.turn.peers == (address,)
    (network,) = (each["ipam"]["config"][0] for each in COMPOSE["networks"].values())
    assert config.trusted_proxies == (f"{network['gateway']}/32",)
    assert f"allowed-peer-ip={address}" in turn_conf(config).splitlines()


@pytest.mark.parametrize("service", OURS)
def test_our_programs_are_told_what_they_know(service):
    arguments = build_parser().parse_args(SERVICES[service]["command"])
    assert mounts(service)[str(arguments.config)] == "./avatar.toml"
    if service == "coturn-settings":
        written = PurePosixPath(arguments.out)
        read = SERVICES["coturn"]["command"]
        assert read[read.index("-c") + 1] == str(written)
        assert mounts(service)[str(written.parent)] == mounts("coturn")[str(written.parent)]


def test_coturn_finds_its_certificate_and_may_read_its_settings(config):
    assert {str(config.turn.tls_cert.parent), str(config.turn.tls_key.parent)} <= {*mounts("coturn")}
    (made,) = (rest for rest in of_image("RUN") if "useradd" in rest)
    uid = re.search(r"--uid (\d+)", made)[1]
    assert SERVICES["coturn"]["user"] == f"{uid}:{uid}" and f"--owner {uid} --group {uid}" in made
    for place in (*mounts("avatar"), "/coturn"):
        assert place in made or place.startswith("/etc/")


def test_nobody_in_a_container_can_become_more():
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"] and "no-new-privileges:true" in service["security_opt"], name
    words = [word for word, _ in instructions()]
    assert of_image("USER") == ["avatar-rtc"] and words.index("USER") < words.index("ENTRYPOINT")
    assert not [rest for word, rest in instructions() if word in ("ARG", "ENV") and "SECRET" in rest]


def test_the_card_is_for_whom_it_was_built():
    more = yaml.safe_load((TURN / "compose.cuda.yaml").read_text())["services"]
    variants = {rest.split()[-1] for word, rest in instructions() if word == "FROM"}
    assert set(more) == set(OURS)
    for each in more.values():
        assert f"packages-{each['build']['args']['VARIANT']}" in variants
    assert ("ARG", "VARIANT=cpu") in instructions() and "packages-cpu" in variants


def test_all_that_the_wheel_is_made_of_is_sent_along():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split("\n") if line.startswith("!")}
    wheel, project = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"], PROJECT["project"]
    needed = {*wheel["packages"], *wheel["force-include"], project["readme"], *project["license-files"]}
    assert kept == needed | {"pyproject.toml", "constraints.txt"}
    (extras,) = (rest for word, rest in instructions() if word == "ARG" and rest.startswith("EXTRAS="))
    assert {*extras.partition("=")[2].split(",")} <= {*project["optional-dependencies"]}


@pytest.mark.parametrize("status", [200, 503, None])
def test_docker_asks_whether_it_is_ready(status):
    (check,) = of_image("HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 4 :])
    (url,) = (word.partition("=")[2] for word in of_image("ENV")[0].split() if word.startswith("READY_URL="))
    asked = []

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        here = url.replace(":8080", f":{server.server_port}")
        if status is None:
            server.server_close()
        else:
            threading.Thread(target=server.handle_request, daemon=True).start()
        done = subprocess.run([sys.executable, *command[1:]], env={"READY_URL": here}, capture_output=True)
    assert (done.returncode == 0) is (status == 200)
    assert all(f"GET {path}" in NEEDS for path in asked)
