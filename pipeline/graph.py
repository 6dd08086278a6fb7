"""The whole graph. A comment below a step describes the elements that it outputs."""

from __future__ import annotations

import apache_beam as beam

from transforms.annotations.rows import ReadAnnotations
from transforms.committing.write import WriteShards
from transforms.finishing.transform import FinishDataset
from transforms.listing.match import MatchSources
from transforms.model.config import ResizeConfig
from transforms.resizing import transform
from transforms.resizing.transform import ResizeShards
from transforms.sharding.group import GroupIntoShards, PlanShards
from transforms.sharding.limits import FindLimits
from transforms.sharding.write_plan import WritePlan
from transforms.summary.combine import Summarize
from transforms.tables.rows import ReadRows


def build(pipeline: beam.Pipeline, config: ResizeConfig, run_id: str) -> None:
    """Add all steps that create a dataset to a pipeline.

    Args:
        pipeline: an empty pipeline.
        config: the dataset.
        run_id: the ID of this run, used in the names of its receipts.
    """
    sources, counts = pipeline | "MatchSources" >> MatchSources(config)
    #  sources  (split, path, bytes, version, place)
    #  counts   tallies of the files in each split
    tables = []
    if config.tables:
        tables.append(pipeline | "ReadRows" >> ReadRows(config))
        #  (table, split, key, number, cells), and a tally of each table with the types of its columns
    if config.annotations:
        tables.append(pipeline | "ReadAnnotations" >> ReadAnnotations(config.annotations))
        #  the same for boxes, labels and image lists: a row for each image
    rows = None
    if tables:
        rows = tables[0][0]
        if len(tables) > 1:
            rows = [of_table for of_table, _ in tables] | "JoinRows" >> beam.Flatten()
        counts = [counts, *(tally for _, tally in tables)] | "JoinListings" >> beam.Flatten()

    listing = counts | "SumListings" >> Summarize()
    #  one tally of all listed inputs and tables
    plan = listing | "PlanShards" >> PlanShards(config, run_id)
    #  one Plan: settings, columns, and the number of shards in each split
    grouped = sources | "GroupIntoShards" >> GroupIntoShards(config, plan, rows)
    #  (shard, [source or row ...])
    confirmed = plan | "StorePlan" >> WritePlan(config, grouped)
    #  the same Plan, after it has been written to OUT

    limits = None
    if config.annotations and config.annotations.has_limits:
        limits = grouped | "FindLimits" >> FindLimits(config, config.annotations)
        #  the highest rank of the selected images of each class, and of all selected images

    resized = grouped | "ResizeShards" >> ResizeShards(config, confirmed, limits)
    #  SHARDS   the images of one shard, as bytes, and its rows: up to hundreds of MB. Only WriteShards consumes them;
    #           for any other consumer, the runner would keep all of them in memory
    #  TALLIES  a tally of each shard
    receipts = resized[transform.SHARDS] | "WriteShards" >> WriteShards(config, run_id)
    #  the files with this run's receipts, which contain a line for each shard

    _ = confirmed | "FinishDataset" >> FinishDataset(config, receipts, listing, resized[transform.TALLIES])
    #  joins the markers to the manifest, and writes summary, card and checksums
