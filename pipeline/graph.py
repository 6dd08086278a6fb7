"""The whole graph."""

from __future__ import annotations

import apache_beam as beam

from transforms import resize
from transforms.config import ResizeConfig
from transforms.finish import FinishDataset
from transforms.match import MatchSources
from transforms.resize import ResizeShards
from transforms.shard import FixShards, GroupIntoShards
from transforms.write import WriteShards


def build(pipeline: beam.Pipeline, config: ResizeConfig, run_id: str) -> None:
    """Adds to `pipeline` all that makes the dataset of `config`."""
    sources, listing = pipeline | "MatchSources" >> MatchSources(config)
    #  (split, path, bytes, version)      how many there are
    plan = listing | "FixShards" >> FixShards(config)

    grouped = sources | "GroupIntoShards" >> GroupIntoShards(config, plan)
    #  (shard, [source ...])
    resized = grouped | "ResizeShards" >> ResizeShards(config)
    #  images of one shard, bytes and rows; consumed here and nowhere else, or a runner holds them all
    receipts = resized[resize.SHARDS] | "WriteShards" >> WriteShards(config, run_id)

    _ = plan | "FinishDataset" >> FinishDataset(config, receipts, listing, resized[resize.TALLIES])
