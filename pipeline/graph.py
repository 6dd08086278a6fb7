"""The whole graph."""

from __future__ import annotations

import apache_beam as beam

from transforms.committing.write import WriteShards
from transforms.finishing.transform import FinishDataset
from transforms.listing.match import MatchSources
from transforms.model.config import ResizeConfig
from transforms.resizing import transform
from transforms.resizing.transform import ResizeShards
from transforms.sharding.group import FixShards, GroupIntoShards
from transforms.sharding.write_plan import WritePlan
from transforms.summary.combine import Summarize
from transforms.tables.rows import ReadRows


def build(pipeline: beam.Pipeline, config: ResizeConfig, run_id: str) -> None:
    """Adds to `pipeline` all that makes the dataset of `config`."""
    sources, found = pipeline | "MatchSources" >> MatchSources(config)
    #  (split, path, bytes, version)      how many there are
    rows, profiles = pipeline | "ReadRows" >> ReadRows(config)
    #  (table, split, key, number, cells) what their columns hold
    listing = (found, profiles) | "JoinListings" >> beam.Flatten() | "SumListings" >> Summarize()
    plan = listing | "FixShards" >> FixShards(config)

    grouped = sources | "GroupIntoShards" >> GroupIntoShards(config, plan, rows)
    #  (shard, [source or row ...])
    written = plan | "ConfirmPlan" >> WritePlan(config, grouped)
    #  in OUT from here on
    resized = grouped | "ResizeShards" >> ResizeShards(config, written)
    #  images of one shard, bytes and rows; consumed here and nowhere else, or a runner holds them all
    receipts = resized[transform.SHARDS] | "WriteShards" >> WriteShards(config, run_id)

    _ = written | "FinishDataset" >> FinishDataset(config, receipts, listing, resized[transform.TALLIES])
