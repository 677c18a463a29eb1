"""What apps build on: the names that `avatar_rtc` gives, what those offer, and the errors they raise.

A line that must be taken out of these tables or changed breaks somebody's program: say so in the changelog.
"""

import inspect
import re
import subprocess
import sys

import pytest

import avatar_rtc
from avatar_rtc import AvatarClient, Remote, Server, errors, reconnecting
from tests.documents import ROOT, rows

URL = "http://127.0.0.1:8080"
AVATAR_CLIENT = """
AvatarClient(url, *, video='alpha', audio=False, token=None, connect_timeout_s=15.0, silence_timeout_s=10.0, microphone=None)
append(speech_id, text, more=True)
audio()
clear_overrides()
close()
dropped
ears()
events()
frames()
frames_rgba()
media_time_ms()
mended
patch_overrides(values)
patch_settings(settings)
pause()
ping()
play_gesture(name, strength=1.0)
received
received_bytes()
renew(token)
request(kind, **fields)
resume()
say(text, *, voice='', speed=None, emotion=None, narration=None, more=False)
send_cue(t_ms, visemes)
send_pose(morphs=None, *, blendshapes=None, head=None, t_ms=None)
set_activity(name, *, hold_s=None)
set_backdrop(name=None, *, colour='#181a26', fit='cover', blur=0.0, chain=())
set_chain(chain)
set_crop(left=0.0, top=0.0, right=1.0, bottom=1.0, *, enabled=True)
set_data_eyes(on)
set_emotion(name, intensity=1.0, *, hold_s=None)
set_emotions(templates)
set_framing(name=None, *, headroom=None)
set_gaze(target)
set_gestures(templates)
set_hearing(level, voice=True)
set_microphone(mode)
set_overrides(values)
set_settings(settings)
set_still(values)
set_talking(on)
speech_events()
state()
states()
stop_speaking(speech_id=None)
talk(source, *, rate=48000)
timing
wait_until_spoken(speech_id)
"""  # noqa: E501
REMOTE = """
Remote(url, *, token=None, connect_timeout_s=15.0, silence_timeout_s=10.0)
append(speech_id, text, more=True)
clear_overrides()
close()
events()
media_time_ms()
patch_overrides(values)
patch_settings(settings)
pause()
ping()
play_gesture(name, strength=1.0)
reconnecting(url, *, token=None, connect_timeout_s=15.0, silence_timeout_s=10.0)
request(kind, **fields)
resume()
say(text, *, voice='', speed=None, emotion=None, narration=None, more=False)
send_cue(t_ms, visemes)
send_pose(morphs=None, *, blendshapes=None, head=None, t_ms=None)
set_activity(name, *, hold_s=None)
set_backdrop(name=None, *, colour='#181a26', fit='cover', blur=0.0, chain=())
set_chain(chain)
set_crop(left=0.0, top=0.0, right=1.0, bottom=1.0, *, enabled=True)
set_data_eyes(on)
set_emotion(name, intensity=1.0, *, hold_s=None)
set_emotions(templates)
set_framing(name=None, *, headroom=None)
set_gaze(target)
set_gestures(templates)
set_hearing(level, voice=True)
set_overrides(values)
set_settings(settings)
set_still(values)
set_talking(on)
speech_events()
state()
states()
stop_speaking(speech_id=None)
wait_until_spoken(speech_id)
"""
SERVER = """
Server(url, token=None)
address(avatar)
answer_plugin(question, allow)
avatar(avatar)
avatars()
characters()
create_avatar(id=None, character=None, *, animator=None, settings=None, emotion=None, framing=None)
create_stage(id=None, avatars=(), *, size=None, turns=True, backdrop=None, chain=None)
delete_avatar(avatar)
delete_character(name)
delete_recording(avatar, id)
emotions(avatar)
filters()
plugins()
put_on_stage(stage, avatar, **place)
recording(avatar, id)
recordings(avatar)
revoke_plugin(plugin)
save_recording(avatar, id, path, tell=None)
set_emotions(avatar, templates)
settings_schema()
snapshot(avatar)
start_recording(avatar, format='mp4', *, max_s=None, size=None, backdrop=None)
swap_character(avatar, name)
take_off_stage(stage, avatar)
upload_character(name, image)
"""
ERRORS = {
    "AvatarRtcError": "Exception",
    "InputError": "AvatarRtcError",
    "UnknownName": "InputError",
    "OutOfRange": "InputError",
    "UnsuitableImage": "InputError",
    "TooLarge": "InputError",
    "BadMessage": "InputError",
    "BadOffer": "InputError",
    "Unreadable": "InputError",
    "NotFound": "AvatarRtcError",
    "AlreadyThere": "AvatarRtcError",
    "Refused": "AvatarRtcError",
    "BadToken": "AvatarRtcError",
    "CapacityExceeded": "AvatarRtcError",
    "TooSoon": "CapacityExceeded",
    "DiskFull": "AvatarRtcError",
    "WorkerLost": "AvatarRtcError",
    "EngineFailed": "AvatarRtcError",
    "Unreachable": "AvatarRtcError",
    "SetupError": "AvatarRtcError",
}
"""Error → the one that catches it, too."""


def written(name: str, function: object) -> str:
    """The call as it is written, without types: those are held by mypy over the programs of the docs."""
    if not callable(function):
        return name
    signature = inspect.signature(function)
    bare = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    return f"{name}{signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"


def offered(kind: type) -> str:
    """A line for what makes one, then one for each public member."""
    one = kind(URL)
    members = [written(name, getattr(one, name)) for name in dir(one) if not name.startswith("_")]
    return "\n".join(["", written(kind.__name__, kind), *members, ""])


@pytest.mark.parametrize(
    ("kind", "table"),
    [(AvatarClient, AVATAR_CLIENT), (Remote, REMOTE), (Server, SERVER)],
    ids=["AvatarClient", "Remote", "Server"],
)
async def test_what_a_class_offers(kind: type, table: str) -> None:
    assert offered(kind) == table


def test_the_names_of_the_package() -> None:
    assert sorted(avatar_rtc.__all__) == ["AvatarClient", "Remote", "Server", "__version__", "reconnecting"]
    assert set(avatar_rtc.__all__) <= set(dir(avatar_rtc))
    assert re.fullmatch(r"\d+\.\d+\.\d+", avatar_rtc.__version__)


def test_what_reconnects_takes_what_a_viewer_takes() -> None:
    assert written("AvatarClient", reconnecting) == AVATAR_CLIENT.split("\n")[1]


def test_what_is_not_there_is_told_as_by_any_module() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Avatar'"):
        avatar_rtc.Avatar  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Avatar'"):
        from avatar_rtc import Avatar  # type: ignore[attr-defined]  # noqa: F401


def test_the_package_alone_loads_no_library() -> None:
    program = "import sys, avatar_rtc; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    ours = {"avatar_rtc"} & set(loaded.stdout.split())
    heavy = {"aiohttp", "aiortc", "av", "numpy", "pydantic", "torch"} & set(loaded.stdout.split())
    assert (ours, heavy) == ({"avatar_rtc"}, set())


def test_the_errors_and_who_catches_whom() -> None:
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert {kind.__name__: kind.__mro__[1].__name__ for kind in kinds} == ERRORS


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    tree = (errors.__doc__ or "").split("\n\n")[1]
    path, drawn = ["Exception"], {}
    for branches, name in re.findall(r"^([│├└─ ]*)(\w+)", tree, re.MULTILINE):
        depth = 1 + len(branches) // 4
        path[depth:] = [name]
        drawn[name] = path[depth - 1]
    assert drawn == ERRORS


def test_what_apps_meet_is_told() -> None:
    """All that `client/` raises has a line in the table."""
    sources = "".join(file.read_text() for file in (ROOT / "avatar_rtc" / "client").glob("*.py"))
    raised = {name for name in ERRORS if re.search(rf"\b{name}\(", sources)} | {"AvatarRtcError"}
    assert "Unreachable" in raised
    assert {name for name in raised if name not in rows("python.md")} == set()
