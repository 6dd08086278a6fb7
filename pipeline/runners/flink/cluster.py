"""A Flink session cluster on this machine, for one run."""

from __future__ import annotations

import threading
import time

from loguru import logger

from pipeline.runners.flink import rest
from pipeline.runners.flink.parts import OPENS
from pipeline.runners.flink.ports import LOOPBACK, free_ports
from pipeline.runners.flink.processes import Process, Processes
from transforms.model.errors import RunError

_PACKAGE = "org.apache.flink.runtime"
_JOB_MANAGER = f"{_PACKAGE}.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = f"{_PACKAGE}.taskexecutor.TaskManagerRunner"

# The start takes 5 to 10 seconds on two idle cores, and longer on busy ones.
_START_SECONDS = 120
# The maximum number of replacements of TaskManagers that ended: enough for accidents, but finite.
_REPLACEMENTS = 20

_MB = 1 << 20
# Images never pass through the JVMs. They hold names, and the buffers of shuffles and sorts, which spill to disk.
_JOB_MANAGER_HEAP = 512 * _MB
_HEAP = 512 * _MB
_MANAGED, _NETWORK, _OFF_HEAP = 256 * _MB, 128 * _MB, 128 * _MB

_LOG4J = """\
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
appender.out.name = out
appender.out.type = CONSOLE
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
# At this level Beam lets its workers' output pass into the log of their TaskManager; else it is thrown away.
logger.worker.name = org.apache.beam.runners.fnexecution.environment.ProcessManager
logger.worker.level = DEBUG
"""


def java_flags(processes: Processes, name: str, heap: int) -> list[str]:
    """Return the Java flags of a Flink process or of the job server, and write its log settings.

    Args:
        processes: the group of the process.
        name: the name of its log.
        heap: the size of its heap in bytes.
    """
    folder = processes.folder
    (folder / "tmp").mkdir(exist_ok=True)
    settings = folder / "log4j.properties"
    settings.write_text(_LOG4J, encoding="utf-8")
    return [
        *OPENS,
        f"-Xmx{heap // _MB}m",
        "-XX:-UsePerfData",  # its file would stay after a kill
        # The cores are needed for the images. Without these flags, a cold JobManager alone used up to 18 % of them.
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Dlog4j.configurationFile={settings.as_uri()}",
        f"-Dlog.file={folder / name}.log",  # Flink's page shows it
    ]


class LocalCluster:
    """A JobManager, and TaskManagers with one slot each. A TaskManager that ends is replaced.

    Args:
        processes: the group that the cluster's processes join.
        java: the path of Java.
        classpath: Flink's jars, in Java's notation.
        count: the number of TaskManagers.
    """

    def __init__(self, processes: Processes, java: str, classpath: str, count: int) -> None:
        self._processes = processes
        self._java, self._classpath, self._count = java, classpath, count
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="taskmanagers", daemon=True)
        self._task_managers: list[Process] = []
        self._job_manager: Process | None = None
        self._numbered = 0
        rpc, port, blob = free_ports(3)
        self._conf = processes.folder / "conf"
        self._conf.mkdir()
        text = configuration(rpc, port, blob, str(processes.folder / "tmp"), count)
        (self._conf / "flink-conf.yaml").write_text(text, encoding="utf-8")
        self.rest = f"http://{LOOPBACK}:{port}"

    def start(self) -> None:
        """Start the cluster, and wait until it is ready.

        Raises:
            RunError: the cluster does not start.
        """
        self._job_manager = self._start("jobmanager", _JOB_MANAGER, _JOB_MANAGER_HEAP)
        self._task_managers = [self._start_task_manager() for _ in range(self._count)]
        until = time.monotonic() + _START_SECONDS
        while self._free_slots() < self._count:
            self._check_alive()
            if time.monotonic() > until:
                words = self._task_managers[0].last_words()
                raise RunError(f"the Flink cluster was not ready in {_START_SECONDS} seconds: {words}")
            time.sleep(0.2)
        self._watcher.start()

    def close(self) -> None:
        """Stop replacing TaskManagers. `Processes.close` ends them."""
        self._closed.set()
        if self._watcher.is_alive():
            self._watcher.join()

    def pids(self) -> dict[str, list[int]]:
        """Return the IDs of the running processes."""
        job_managers = [self._job_manager] if self._job_manager else []
        return {
            "jobmanager": [process.pid for process in job_managers if process.exit_code() is None],
            "taskmanagers": [process.pid for process in self._task_managers if process.exit_code() is None],
        }

    def _start(self, name: str, main: str, heap: int, *args: str) -> Process:
        flags = [*java_flags(self._processes, name, heap), f"-XX:MaxDirectMemorySize={512 * _MB}"]
        command = [self._java, *flags, "-cp", self._classpath, main, "--configDir", str(self._conf), *args]
        return self._processes.start(name, command)

    def _start_task_manager(self) -> Process:
        self._numbered += 1
        name = f"taskmanager-{self._numbered}"
        return self._start(name, _TASK_MANAGER, _HEAP, "-D", f"taskmanager.resource-id={name}")

    def _free_slots(self) -> int:
        try:
            return rest.cluster(self.rest).free
        except RunError:
            return 0

    def _check_alive(self) -> None:
        for process in (self._job_manager, *self._task_managers):
            if process and process.exit_code() is not None:
                raise RunError(f"a process of the Flink cluster ended during start-up: {process.last_words()}")

    def _watch(self) -> None:
        """Replace TaskManagers that end. Flink itself does so only where it can request machines."""
        while not self._closed.wait(0.5):
            for place, process in enumerate(self._task_managers):
                code = process.exit_code()
                if code is None or self._numbered >= self._count + _REPLACEMENTS:
                    continue
                ended = f"signal {-code}" if code < 0 else f"exit code {code}"
                logger.warning("a TaskManager of the Flink cluster ended ({}): starting another one", ended)
                try:
                    self._task_managers[place] = self._start_task_manager()
                except RunError as error:
                    logger.error("{}", error)


def configuration(rpc: int, port: int, blob: int, temporary: str, slots: int) -> str:
    """Return the content of flink-conf.yaml."""
    settings: dict[str, object] = {
        "jobmanager.rpc.address": LOOPBACK,
        "jobmanager.rpc.port": rpc,
        "jobmanager.bind-host": LOOPBACK,
        "rest.address": LOOPBACK,
        "rest.bind-address": LOOPBACK,
        "rest.port": port,
        "rest.bind-port": port,
        "blob.server.port": blob,
        "web.submit.enable": "false",  # jobs come from the job server, not from a browser
        "taskmanager.host": LOOPBACK,
        "taskmanager.bind-host": LOOPBACK,
        # One slot: each TaskManager has one Beam worker, and a crash affects one shard.
        "taskmanager.numberOfTaskSlots": 1,
        "parallelism.default": slots,
        "io.tmp.dirs": temporary,
        # A committed shard is not processed again, so a restart costs little. The delay is longer than the time for
        # which Beam keeps a worker, see `arguments`.
        "restart-strategy": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": 10,
        "restart-strategy.fixed-delay.delay": "5 s",
        "jobmanager.execution.failover-strategy": "region",
        # A killed TaskManager is detected in seconds. One that waits for a core is not declared dead.
        "heartbeat.interval": 2000,
        "heartbeat.timeout": 20000,
        "classloader.resolve-order": "parent-first",
        # Flink's scripts compute these from the machine's memory. A TaskManager that is started without them needs all.
        "taskmanager.cpu.cores": 1.0,
        "taskmanager.memory.task.heap.size": f"{_HEAP - 128 * _MB}b",
        "taskmanager.memory.task.off-heap.size": "0b",
        "taskmanager.memory.framework.heap.size": f"{128 * _MB}b",
        "taskmanager.memory.framework.off-heap.size": f"{_OFF_HEAP}b",
        "taskmanager.memory.managed.size": f"{_MANAGED}b",
        "taskmanager.memory.network.min": f"{_NETWORK}b",
        "taskmanager.memory.network.max": f"{_NETWORK}b",
        "taskmanager.memory.jvm-metaspace.size": f"{256 * _MB}b",
        "taskmanager.memory.jvm-overhead.min": f"{192 * _MB}b",
        "taskmanager.memory.jvm-overhead.max": f"{192 * _MB}b",
    }
    return "".join(f"{name}: {value}\n" for name, value in settings.items())
