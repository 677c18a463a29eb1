"""What has to be so on this machine before anything is served; whatever is not is told at once."""

import logging
import os
import sys
from typing import TYPE_CHECKING

from avatar_rtc.config import Config
from avatar_rtc.errors import InputError, SetupError, UnknownName

if TYPE_CHECKING:
    from avatar_rtc.server.connections.tls import RenewableTls
    from avatar_rtc.speech.voices.engines import Engines

log = logging.getLogger(__name__)


def check_folders(config: Config) -> None:
    """The folders and files that settings name are there and can be used; `data_dir` is made.

    Raises:
        InputError: says which is not, and why.
    """
    if (folder := config.data_dir) is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"setting data_dir: cannot make {folder}: {error.strerror}") from None
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise InputError(f"setting data_dir: {folder} cannot be written; wanted is a folder of this user")
    if (folder := config.speech.emotion_model) is not None:
        from avatar_rtc.speech.feelings_model import MODEL_FILES

        if not any((folder / name).is_file() for name in MODEL_FILES):
            wanted = f"wanted is a folder with {' or '.join(MODEL_FILES)}"
            raise InputError(f"setting speech.emotion_model: there is none in {folder}; {wanted}")
    if (place := config.speech.piper_voice) is not None:
        from avatar_rtc.speech.voices.piper_files import NO_PIPER, piper_files, piper_is_installed

        piper_files(place)
        if not piper_is_installed():
            raise InputError(f"setting speech.piper_voice: {NO_PIPER}")


def check_tls(config: Config) -> "RenewableTls | None":
    """What the door needs for https; None if it speaks http.

    Raises:
        InputError: says which file is wrong, and how.
    """
    if config.tls_cert is None or config.tls_key is None:
        return None
    from avatar_rtc.server.connections.tls import RenewableTls

    return RenewableTls(config.tls_cert, config.tls_key)


def check_access(config: Config) -> None:
    """The secrets and lists that settings name are where they say.

    Raises:
        InputError: says which is not.
    """
    from avatar_rtc.server.access.gate import TokenGate

    TokenGate(config.access, os.environ)


def check_disclosure(config: Config) -> None:
    """What shall sign files can.

    Raises:
        InputError: says which file is wrong, and how; or what is not installed.
    """
    if config.disclosure == "off":
        return
    from avatar_rtc.characters.store import own_folder
    from avatar_rtc.provenance.marking import check_signing

    try:
        check_signing(own_folder(config.data_dir).parent, config.disclosure_cert, config.disclosure_key)
    except (InputError, SetupError) as error:
        named = "" if config.disclosure_cert is None else "settings disclosure_cert and disclosure_key: "
        raise InputError(f"{named}{error}") from None


async def check_voice(engines: "Engines", voice: str) -> None:
    """The voice that settings name exists; a server that may have it and is away is waited for.

    Raises:
        InputError: no engine has it, or its engine is not set up.
    """
    if not voice:
        return
    try:
        await engines.resolve(voice)
    except (UnknownName, SetupError) as error:
        away = [name for name in engines.names if name in engines.away]
        if not (away and isinstance(error, UnknownName)):
            raise InputError(f"setting speech.voice is {voice!r}: {error}") from None
        log.warning("nobody has the voice %r yet, but %s cannot be reached", voice, " and ".join(away))


def warn_of_http(config: Config) -> None:
    """One line in the log, if viewers on other machines need a microphone that no browser gives them."""
    is_wanted = config.microphone and "microphone" in config.model_fields_set
    if is_wanted and not config.is_loopback and config.tls_cert is None:
        log.warning(
            "microphone = true, but browsers on other machines give none to a page on http: "
            "wanted are tls_cert and tls_key, or a proxy with TLS"
        )


def warn_of_ports(config: Config) -> None:
    """One line in the log, if there are fewer UDP ports than viewers."""
    ports = config.media_bind.ports
    if ports is not None and len(ports) < config.max_viewers:
        log.warning(
            "media_ports has %d ports for %d viewers (max_viewers), who need one each; the rest are refused",
            len(ports),
            config.max_viewers,
        )


def warn_of_strangers(config: Config) -> None:
    """One line on stderr, red on a terminal, if anybody on the network may do everything."""
    if config.is_loopback or not config.access.is_open:
        return
    line = (
        f"WARNING: {config.host or 'every address'} is open to the network without authentication: whoever "
        "reaches it can watch and drive avatars, speak through them, upload characters and use this processor"
    )
    print(f"\x1b[1;31m{line}\x1b[0m" if sys.stderr.isatty() else line, file=sys.stderr, flush=True)
