"""The Beam counters of a job."""

from __future__ import annotations

from apache_beam.metrics import Metrics

from transforms.imaging import resample
from transforms.model.records import Tally

NAMESPACE = "downsampled-open-images"


def count(tally: Tally, seconds: float) -> None:
    """Add the tally of a shard to the counters of the job.

    Args:
        tally: see `summary.tally`.
        seconds: the thread time that was spent on its images.
    """
    outputs = tally["outputs"].values()
    counts = {
        "in-images": tally["images"]["matched"],
        "in-bytes": tally["source_bytes"],
        "out-images": sum(output["images"] for output in outputs),
        "out-bytes": sum(output["bytes"] for output in outputs),
        "resize-msec": round(1000 * seconds),
        f"resampling-{resample.resampler()}": tally["images"]["matched"],
        **{f"failed-{kind}": number for kind, number in tally["failures"].items()},
    }
    for name, number in counts.items():
        Metrics.counter(NAMESPACE, name).inc(number)
