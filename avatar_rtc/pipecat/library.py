"""What of Pipecat is used here, or the sentence that says how to get it."""

from avatar_rtc.errors import SetupError

try:
    from pipecat.frames.frames import (
        AggregatedTextFrame,
        CancelFrame,
        EndFrame,
        Frame,
        FunctionCallCancelFrame,
        FunctionCallInProgressFrame,
        FunctionCallResultFrame,
        InterruptionFrame,
        LLMFullResponseEndFrame,
        LLMTextFrame,
        OutputImageRawFrame,
        OutputTransportReadyFrame,
        SpeechOutputAudioRawFrame,
        SystemFrame,
        TTSAudioRawFrame,
        TTSStoppedFrame,
        TTSTextFrame,
        UserStartedSpeakingFrame,
        UserStoppedSpeakingFrame,
    )
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
    from pipecat.services.ai_service import AIService
    from pipecat.services.settings import ServiceSettings
except ModuleNotFoundError as missing:
    raise SetupError(
        f"this is a part of Pipecat's pipelines: pip install 'avatar-rtc[pipecat]' ({missing})"
    ) from None

__all__ = [
    "AIService",
    "AggregatedTextFrame",
    "CancelFrame",
    "EndFrame",
    "Frame",
    "FrameDirection",
    "FrameProcessor",
    "FrameProcessorSetup",
    "FunctionCallCancelFrame",
    "FunctionCallInProgressFrame",
    "FunctionCallResultFrame",
    "InterruptionFrame",
    "LLMFullResponseEndFrame",
    "LLMTextFrame",
    "OutputImageRawFrame",
    "OutputTransportReadyFrame",
    "ServiceSettings",
    "SpeechOutputAudioRawFrame",
    "SystemFrame",
    "TTSAudioRawFrame",
    "TTSStoppedFrame",
    "TTSTextFrame",
    "UserStartedSpeakingFrame",
    "UserStoppedSpeakingFrame",
]
