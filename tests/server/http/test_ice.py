"""TURN credentials against the published scheme, and the list clients read."""

import base64
import hashlib
import hmac
import time

from avatar_rtc.config import Config
from avatar_rtc.config_sections import TurnConfig
from avatar_rtc.server.http.routes.ice import turn_credential


def test_credential_is_hmac_sha1_of_expiry_and_name():
    # openssl: printf '1700000000:viewer' | openssl dgst -sha1 -hmac north -binary | base64
    credential = turn_credential("north", "viewer", 1_700_000_000)
    assert credential.username == "1700000000:viewer"
    assert credential.password == "6+yi/bVtfd33MEvbIUAHKkmAKPw="


async def test_list_is_an_rtc_configuration_with_credentials_that_end(serve):
    turn = TurnConfig(urls=("turn:turn.example.org:3478?transport=udp",), secret="north", ttl_s=600)
    client = await serve(Config(character="hero", stun_urls=("stun:stun.example.org",), turn=turn))
    response = await client.get("/api/v1/ice-servers")
    body = await response.json()
    stun, relay = body["iceServers"]
    assert stun == {"urls": ["stun:stun.example.org"]}
    assert relay["urls"] == ["turn:turn.example.org:3478?transport=udp"] and body["ttl_s"] == 600
    expiry = int(relay["username"].split(":")[0])
    assert abs(expiry - time.time() - 600) < 5
    digest = hmac.digest(b"north", relay["username"].encode(), hashlib.sha1)
    assert relay["credential"] == base64.b64encode(digest).decode()
    assert response.headers["Cache-Control"] == "no-store"


async def test_without_servers_the_list_is_empty(client):
    body = await (await client.get("/api/v1/ice-servers")).json()
    assert body["iceServers"] == []
