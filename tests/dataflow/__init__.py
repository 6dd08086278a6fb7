"""A job for Dataflow, from its submission to its dataset, without the cloud."""
