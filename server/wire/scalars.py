"""The small types that commands and states share, with their limits."""

from typing import Annotated, Literal

from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Key = Annotated[str, Meta(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="idempotency key")]
Lang = Annotated[str, Meta(min_length=2, max_length=35, description="BCP 47")]
Channel = Annotated[str, Meta(min_length=1, max_length=128)]
Long = Annotated[str, Meta(max_length=4000)]
Reaction = Literal["applause", "heart", "laugh", "wow", "insight"]
