"""What becomes of a text on its way to the engine and the subtitle."""

from avatar_rtc.errors import InputError
from avatar_rtc.speech.cleaning.cleaner import Cleaner, ReadAloud
from avatar_rtc.speech.script import Line, prepare
from avatar_rtc.speech.sentences import Splitter


def lines(pieces: list[str], read_aloud: ReadAloud) -> list[Line] | str:
    """What is heard, shown and felt of a text that comes so; or why it is refused."""
    cleaner, splitter = Cleaner(read_aloud), Splitter()
    sentences = [sentence for piece in pieces for sentence in splitter.feed(cleaner.feed(piece))]
    sentences += splitter.feed(cleaner.finish()) + splitter.finish()
    try:
        return [prepare(sentence) for sentence in sentences]
    except InputError as refusal:
        return str(refusal)
