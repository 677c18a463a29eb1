"""`avatar-rtc token`: the token alone on stdout, and it counts."""

import asyncio

import pytest

from avatar_rtc.cli.main import main
from avatar_rtc.config_sections import AccessConfig
from avatar_rtc.errors import BadToken
from avatar_rtc.grants import Grant
from avatar_rtc.server.access.gate import TokenGate

SECRET = "north-north-west-north-north-west"


@pytest.fixture
def secret(tmp_path) -> str:
    file = tmp_path / "secret.txt"
    file.write_text(f"{SECRET}\n")
    return f"file:{file}"


def grant_of(token: str, secret: str, **settings) -> Grant:
    return asyncio.run(TokenGate(AccessConfig(secret=secret, **settings), {}).grant_of(token))


def test_it_prints_a_token_alone_that_counts(secret, capsys):
    assert (
        main(["token", "--secret", secret, "--scope", "control", "--avatar", "guest", "--lifetime", "2m"])
        == 0
    )
    told = capsys.readouterr()
    assert told.err == "" and told.out.count("\n") == 1
    assert grant_of(told.out.strip(), secret) == Grant("control", "guest")


def test_it_takes_the_secret_and_what_tokens_have_to_say_from_the_settings(secret, tmp_path, capsys):
    file = tmp_path / "avatar.toml"
    file.write_text(f'host = "0.0.0.0"\n[access]\nsecret = "{secret}"\nissuer = "me"\naudience = "you"\n')
    assert main(["token", "--config", str(file), "--scope", "admin"]) == 0
    token = capsys.readouterr().out.strip()
    assert grant_of(token, secret, issuer="me", audience="you") == Grant("admin")
    with pytest.raises(BadToken):
        grant_of(token, secret)


def test_the_secret_may_stand_in_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("AVATAR_SECRET", SECRET)
    assert main(["token", "--secret", "env:AVATAR_SECRET", "--scope", "view"]) == 0
    assert capsys.readouterr().out.startswith("eyJ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "there is no secret to sign with"),
        (["--secret", SECRET], "not the secret itself"),
        (["--secret", "env:NO_SUCH_VARIABLE"], "no variable NO_SUCH_VARIABLE"),
        (["--secret", "file:/nowhere/secret"], "cannot read /nowhere/secret"),
        (["--secret", "OURS", "--avatar", "../main"], "cannot be a name"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_printed(arguments, says, secret, capsys):
    arguments = [secret if each == "OURS" else each for each in arguments]
    assert main(["token", "--scope", "view", *arguments]) == 2
    told = capsys.readouterr()
    assert says in told.err and told.out == "" and SECRET not in told.err


@pytest.mark.parametrize("lifetime", ["", "0h", "12", "h", "-1h", "1.5h", "1w", "367d", "99999999d"])
def test_lifetimes_that_are_none_are_refused(lifetime, secret, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["token", "--secret", secret, "--scope", "view", f"--lifetime={lifetime}"])
    assert ended.value.code == 2 and "such as 12h" in capsys.readouterr().err
