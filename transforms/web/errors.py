"""The error of a failed download."""

from __future__ import annotations

from transforms.imaging.errors import Kind


class FetchError(Exception):
    """A file was not downloaded.

    Args:
        kind: the kind of failure of the image.
        message: one sentence.
        tries: the number of further tries within seconds that may help.
        wait: the seconds that the server asks clients to wait before the next try.
    """

    def __init__(self, kind: Kind, message: str, tries: int = 0, wait: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.tries = tries
        self.wait = wait
