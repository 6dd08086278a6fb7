"""Tests of a Dataflow job, from its submission to its dataset, without the cloud."""
