"""Which avatar a session of another service's client gets."""

import random

import pytest

from avatar_rtc.config_outside import CompatConfig
from avatar_rtc.errors import NotFound, UnknownName
from avatar_rtc.server.http.keys import AVATARS, ENGAGEMENTS, STORE
from avatar_rtc.server.live.engagements import Engagements

FACES = {"uuid-1": "hero", "uuid-2": "avatar/main", "uuid-3": "nobody", "uuid-4": "avatar/nobody"}


@pytest.fixture
def engagements(client):
    app = client.app
    return Engagements(CompatConfig(faces=FACES), app[AVATARS], app[STORE])


async def test_a_face_that_nobody_knows_gets_the_default_avatar_and_the_next_one_its_like(
    client, engagements
):
    first = await engagements.engage("tmp9i8bbq7c")
    second = await engagements.engage("tmp9i8bbq7c")
    assert (first.avatar.name, first.is_own, second.is_own) == ("main", False, True)
    assert second.avatar.actor.character is first.avatar.actor.character
    await first.release()
    assert not (await engagements.engage("")).is_own
    await second.release()
    await second.release()
    assert list(client.app[AVATARS]) == ["main"]


async def test_a_face_is_a_character_an_avatar_or_told_to_be_neither(client, engagements):
    own = await engagements.engage("uuid-1")
    assert (own.is_own, own.avatar.actor.character.name, own.avatar.source) == (True, "hero", "")
    assert (await engagements.engage("uuid-2")).avatar is client.app[AVATARS]["main"]
    assert (await engagements.engage("main")).avatar is client.app[AVATARS]["main"]
    assert (await engagements.engage("hero")).is_own
    with pytest.raises(UnknownName):
        await engagements.engage("uuid-3")
    with pytest.raises(NotFound):
        await engagements.engage("uuid-4")


async def test_who_shares_an_avatar_by_its_name_keeps_it_from_those_who_name_none(client, engagements):
    first, second = await engagements.engage("main"), await engagements.engage("main")
    await first.release()
    await first.release()
    assert (await engagements.engage("")).is_own, "the second still has it"
    await second.release()
    assert not (await engagements.engage("")).is_own


async def test_who_has_a_token_for_one_avatar_gets_that_one(client, engagements):
    for face in ("", "uuid-1", "hero", "unknown"):
        assert (await engagements.engage(face, only="main")).avatar is client.app[AVATARS]["main"]
    with pytest.raises(NotFound):
        await engagements.engage("main", only="another")


async def test_no_two_sessions_without_a_name_have_one_avatar(client):
    """Comings and goings in any order."""
    rng, engagements = random.Random(3), client.app[ENGAGEMENTS]
    here = []
    for _ in range(200):
        if here and (rng.random() < 0.5 or len(here) > 8):
            await here.pop(rng.randrange(len(here))).release()
        else:
            here.append(await engagements.engage(rng.choice(["", "x", "y"])))
        names = [each.avatar.name for each in here]
        assert len(set(names)) == len(names)
    for each in here:
        await each.release()
    assert list(client.app[AVATARS]) == ["main"]
