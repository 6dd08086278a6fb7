"""A shard's sources -> the selected sources, and the reasons why the others are skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from transforms.annotations.join import AnnotationJoin
from transforms.annotations.select import Limits, skip_reason
from transforms.annotations.values import ImageListRow
from transforms.imaging.errors import Skip
from transforms.model.annotations import Annotations
from transforms.model.config import ResizeConfig
from transforms.model.errors import RunError
from transforms.model.keys import in_sample
from transforms.model.records import Source
from transforms.sources import reading_order

# Counter-clockwise rotation in degrees -> the EXIF orientation of an image rotated by it.
_ORIENTATIONS = {0: 1, 90: 8, 180: 3, 270: 6}
# If at least this many images have a known original size and none matches it, the input contains copies.
_COPIES = 5


def skips(
    sources: Sequence[Source], annotated: AnnotationJoin, config: ResizeConfig, limits: Limits
) -> dict[str, Skip]:
    """Return path -> reason for each source that is skipped before it is read."""
    sample, annotations = Fraction(config.sample), config.annotations
    if annotations is None:
        return {source.path: Skip.SAMPLE for source in sources if not in_sample(source.key, sample)}
    reasons = {
        source.path: skip_reason(source, annotated.images[source.path].known, annotations, sample, limits)
        for source in sources
    }
    return {path: reason for path, reason in reasons.items() if reason}


def selected_sources(
    sources: Sequence[Source], skipped: Mapping[str, Skip], annotated: AnnotationJoin, config: ResizeConfig
) -> list[Source]:
    """Return the sources that are not skipped, with the MD5 and rotation from the image list if they are used.

    The sources are in the best order for reading.

    Raises:
        RunError: the MD5 is to be verified, but the sources are not originals.
    """
    found = sorted((source for source in sources if source.path not in skipped), key=reading_order)
    annotations = config.annotations
    if annotations is None or not (annotations.rotates or annotations.verifies_md5):
        return found
    listed = {source.path: annotated.images[source.path].listed for source in sources}
    if annotations.verifies_md5:
        _check_originals(sources, listed)
    return [_as_listed(source, listed[source.path], annotations) for source in found]


def _as_listed(source: Source, listed: ImageListRow | None, annotations: Annotations) -> Source:
    if listed is None:
        return source
    orientation = _ORIENTATIONS.get(listed.rotation) if annotations.rotates and listed.rotation is not None else None
    return source._replace(orientation=orientation, md5=listed.md5 if annotations.verifies_md5 else "")


def _check_originals(sources: Sequence[Source], listed: Mapping[str, ImageListRow | None]) -> None:
    """Refuse to verify copies of another size against the MD5 of the originals: all of them would fail."""
    sizes = [(source, row.size) for source in sources if (row := listed[source.path]) and row.size]
    if len(sizes) >= _COPIES and all(str(source.bytes) != size for source, size in sizes):
        source, size = sizes[0]
        raise RunError(
            f"--verify_md5 is for originals, but the input contains copies: {source.path!r} has {source.bytes} bytes, "
            f"its original {size} (OriginalSize of --image_list); leave out --verify_md5"
        )
