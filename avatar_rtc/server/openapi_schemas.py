"""Schemas of the OpenAPI document: those of the models, told more closely where a model leaves it to a check
of ours, and those of answers, for which there is no model.
"""

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from avatar_rtc import settings
from avatar_rtc.blendshapes import NAMES as BLENDSHAPES
from avatar_rtc.characters.student import RISES_NEVER  # placeholder
