"""The program `image_resizer_worker`: a TaskManager starts it, and it becomes a worker of Beam's.

Beam's own, the boot program of its container image, is in no package. This one expects that everything is installed,
and so needs no files from the job server.
"""

from __future__ import annotations

import argparse
import os
import threading
import time

# Seconds between two looks at the parent.
_EVERY = 1.0


def main() -> None:
    """Ask the TaskManager what to do, and do it until it has no more work, or is gone."""
    parser = argparse.ArgumentParser(description="Start a Beam worker. Flink passes these flags.", allow_abbrev=False)
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    flags, _ = parser.parse_known_args()
    threading.Thread(target=_end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    from transforms import compat  # Beam takes a second to load: the thread is there before

    os.environ.update(compat.worker_environment(flags.id, flags.provision_endpoint))
    compat.run_worker()


def _end_with(parent: int) -> None:
    """End this process when its parent, the TaskManager, is gone: its connections may not notice."""
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)


if __name__ == "__main__":
    main()
