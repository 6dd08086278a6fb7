"""The counters of a job, as Beam has them."""

from __future__ import annotations

from apache_beam.metrics import Metrics

from transforms.model.records import Tally

NAMESPACE = "downsampled-open-images"


def count(tally: Tally, seconds: float) -> None:
    """Adds a shard's tally to the job's counters.

    Args:
        tally: see `summarize.tally`.
        seconds: of thread time that its images took.
    """
    outputs = tally["outputs"].values()
    counts = {
        "in-images": tally["images"]["matched"],
        "in-bytes": tally["source_bytes"],
        "out-images": sum(output["images"] for output in outputs),
        "out-bytes": sum(output["bytes"] for output in outputs),
        "resize-msec": round(1000 * seconds),
        **{f"failed-{kind}": number for kind, number in tally["failures"].items()},
    }
    for name, number in counts.items():
        Metrics.counter(NAMESPACE, name).inc(number)
