"""The sections of the page that are neither plots nor tables of bars: counts, sizes, runs, failures, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report import svg
from pipeline.report.formatting import NOTHING, duration, moment, percent
from pipeline.report.page import Figure, RunRow, SizeRow
from transforms.publish.amounts import amount

_OUTCOMES = ("written", "failed", "skipped")


def figures(summary: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the numbers at the top of the page, the number of sources first."""
    images = summary["images"]
    written = sum(output["bytes"] for output in summary["outputs"].values())
    yield Figure("Images", f"{images['matched']:,}", images["matched"], "images.matched")
    for name in _OUTCOMES:
        yield Figure(name.capitalize(), f"{images[name]:,}", images[name], f"images.{name}")
    if unread := summary.get("unread", {}).get("inputs", 0):
        yield Figure("Not read", f"{unread:,}", unread, "unread.inputs")
    yield Figure("Input", amount(summary["source_bytes"]), summary["source_bytes"])
    yield Figure("Output", amount(written), written)


def outcome_bar(images: Mapping[str, int]) -> Markup:
    """Return a bar with the shares of the outcomes."""
    description = "; ".join(f"{name}: {images[name]:,}" for name in _OUTCOMES)
    return svg.parts_bar([(name, images[name] / max(1, images["matched"])) for name in _OUTCOMES], description)


def source_bytes(summary: Mapping[str, Any]) -> Figure:
    """Return the bytes of all sources."""
    return Figure("Sources", amount(summary["source_bytes"]), summary["source_bytes"], "source_bytes")


def sizes(summary: Mapping[str, Any]) -> Iterator[SizeRow]:
    """Yield the outputs of each size, the largest first."""
    source = summary["source_bytes"]
    for size, output in sorted(summary["outputs"].items(), key=lambda item: -int(item[0])):
        images, length = output["images"], output["bytes"]
        yield SizeRow(
            size=f"{size} px",
            images=Figure("Images", f"{images:,}", images, f"outputs.{size}.images"),
            bytes=Figure("Bytes", amount(length), length, f"outputs.{size}.bytes"),
            mean=amount(length / images) if images else NOTHING,
            share=percent(length, source),
            bar=svg.share_bar(length / source if source else 0),
        )


def run_row(run: Mapping[str, Any]) -> RunRow:
    """Return the row of a run."""
    rate = run.get("images_per_second")
    return RunRow(
        started=moment(str(run["started"])),
        runner=str(run.get("runner", "")),
        workers=str(run.get("processes", "")),
        images=f"{run['images']:,}" if "images" in run else NOTHING,
        seconds=duration(run["seconds"]) if "seconds" in run else NOTHING,
        rate=f"{rate:,.1f}" if rate else NOTHING,
    )
