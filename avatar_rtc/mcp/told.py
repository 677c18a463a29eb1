"""What the tools answer with: models, so that a caller gets a schema and its fields beside the text."""

from pydantic import BaseModel, Field


class AvatarSeen(BaseModel):
    """One avatar."""

    id: str
    character: str
    state: str = Field(description="live, starting, paused, failed, …")
    activity: str = Field(description="idle, listening, thinking or speaking")
    viewers: int = Field(description="how many watch it")


class AvatarsSeen(BaseModel):
    """All that the caller may see."""

    avatars: list[AvatarSeen]


class CharactersStored(BaseModel):
    """Names for `become`."""

    characters: list[str]


class SpeechQueued(BaseModel):
    """A speech that was taken."""

    speech_id: str = Field(description="for wait_until_spoken and hush")
    heard: "SpeechHeard | None" = Field(None, description="if it was waited for")


class SpeechHeard(BaseModel):
    """How far a speech has come."""

    speech_id: str
    is_over: bool = Field(description="false if the time ran out while it is still to be heard")
    is_interrupted: bool = Field(False, description="true if it was cut off before its end")
    position_ms: int | None = Field(None, description="how much of it was heard; null while it is not over")
    detail: str | None = Field(None, description="why it failed, if it did")


class ToolDone(BaseModel):
    """Something was done at once."""

    avatar: str
    seconds: float | None = Field(None, description="how long it takes, of a gesture")
