"""The program `image_resizer_worker`: a TaskManager starts it, and it becomes a Beam worker.

Beam's own program for this, the boot program of its container image, is not in any package. This one expects that
everything is installed, and so needs no files from the job server.
"""

from __future__ import annotations

import argparse
import os
import threading
import time

# Seconds between two checks of the parent.
_EVERY = 1.0


def main() -> None:
    """Request work from the TaskManager and do it, until there is no more work or the TaskManager is gone."""
    parser = argparse.ArgumentParser(description="Start a Beam worker. Flink passes these flags.", allow_abbrev=False)
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    flags, _ = parser.parse_known_args()
    threading.Thread(target=_end_with, args=(os.getppid(),), name="parent", daemon=True).start()
    from transforms import compat  # Beam takes a second to load: the thread is started before

    os.environ.update(compat.worker_environment(flags.id, flags.provision_endpoint))
    compat.run_worker()


def _end_with(parent: int) -> None:
    """End this process when its parent, the TaskManager, is gone. Its connections may not detect that."""
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)


if __name__ == "__main__":
    main()
