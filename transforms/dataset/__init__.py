"""The files of a dataset in OUT."""
