"""What Dataflow's workers are, and how many of them a dataset keeps busy."""

# n2-standard-4, with a small disk: nothing is kept on it.
MACHINE_TYPE = "n2-standard-4"
VCPUS_PER_WORKER = 4
MEMORY_GB_PER_WORKER = 16
DISK_GB_PER_WORKER = 30

# Shards that each process, one a vCPU, gets on average: fewer, and some are done long before the last.
SHARDS_PER_PROCESS = 4
MOST_WORKERS = 100


def most_workers(shards: int) -> int:
    """How many workers `shards` keep busy: 1 to `MOST_WORKERS`."""
    return min(MOST_WORKERS, max(1, shards // (SHARDS_PER_PROCESS * VCPUS_PER_WORKER)))
