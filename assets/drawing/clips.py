"""Two clips of 20 s: Tavi at rest (docs/idle.mp4), and Liora who speaks and feels (docs/speaking.mp4).

python assets/drawing/clips.py
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from story import Story, appearances, on_ground, opened, spoken

from avatar_rtc.media.recording import Recording
from avatar_rtc.speech.spoken import Speech

DOCS = Path(__file__).resolve().parents[2] / "docs"
FPS, SECONDS, SEED = 30, 20.0, 3
GROUND = (50, 54, 74)
HEADROOM = 0.1
RATE = 48_000
IDLE = Story(emotions=((0, "neutral"),))
SPEAKING = Story(
    emotions=(
        (0, "neutral"), (0.3, "joy"), (4.2, "curiosity"), (8.0, "pride"), (11.6, "nervousness"),
        (15.0, "gratitude"), (19.2, "neutral"),
    ),
    words=(
        (0.6, "Hello! Lovely to see you. I have been waiting all morning."),
        (4.5, "What is that on your desk? Is it a map of somewhere far away?"),
        (8.3, "I can read one without even turning it around, you know."),
        (11.9, "Well. Most of the time. Please do not test me on it."),
        (15.3, "Thank you for showing me. Come back soon, and bring more maps."),
    ),
)  # fmt: skip


def film(name: str, story: Story, said: Sequence[tuple[float, Speech]], path: Path) -> None:
    """Write the pictures of a story, without its sound."""
    avatar, count = opened(name, FPS, SEED, HEADROOM), round(SECONDS * FPS)
    seen = appearances(avatar, story, said, FPS, count)
    first = on_ground(avatar.finished(seen[0], 0), GROUND)
    height, width = (side // 2 * 2 for side in first.shape[:2])
    with Recording(path, "mp4", (width, height), Fraction(FPS)) as recording:
        for number, each in enumerate(seen):
            shown = on_ground(avatar.finished(each, number), GROUND)[:height, :width]
            recording.write(np.dstack([shown, np.full(shown.shape[:2], 255, np.uint8)]))


def sound_of(said: Sequence[tuple[float, Speech]]) -> NDArray[np.int16]:
    """(N,) of all that is said, at its rate."""
    rate = said[0][1].rate
    track = np.zeros(round(SECONDS * rate), np.int16)
    for begin, speech in said:
        start = round(begin * rate)
        track[start : start + len(speech.pcm)] = speech.pcm[: len(track) - start]
    return track


def with_sound(silent: Path, said: Sequence[tuple[float, Speech]], path: Path) -> None:
    """The film again, with what is said."""
    with av.open(str(silent)) as film, av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        pictures = film.streams.video[0]
        video = out.add_stream_from_template(pictures)
        audio = out.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = 64_000
        for packet in film.demux(pictures):
            if packet.dts is not None:
                packet.stream = video
                out.mux(packet)
        frame = av.AudioFrame.from_ndarray(sound_of(said)[None], format="s16", layout="mono")
        frame.sample_rate = said[0][1].rate
        resampler = av.AudioResampler("fltp", "mono", RATE)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(audio.encode(part))
        out.mux(audio.encode(None))
    silent.unlink()


def main() -> None:
    """Write both."""
    film("tavi", IDLE, (), DOCS / "idle.mp4")
    said = spoken(SPEAKING)
    silent = DOCS / "silent.mp4"
    film("liora", SPEAKING, said, silent)
    with_sound(silent, said, DOCS / "speaking.mp4")
    for path in (DOCS / "idle.mp4", DOCS / "speaking.mp4"):
        print(f"docs/{path.name}: {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
