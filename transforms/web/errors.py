"""Why a file of the web was not downloaded."""

from __future__ import annotations

from transforms.imaging.errors import Kind


class FetchError(Exception):
    """A file was not downloaded.

    Args:
        kind: of the failure of its image.
        message: one sentence.
        tries: how many further tries within seconds may help.
        wait: the seconds that the server asks to wait before the next one.
    """

    def __init__(self, kind: Kind, message: str, tries: int = 0, wait: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.tries = tries
        self.wait = wait
