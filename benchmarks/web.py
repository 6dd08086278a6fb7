"""Compare a list of URLs with a folder: `python -m benchmarks.web FOLDER`.

A server on this machine, which shares its cores with the command, serves the same files. With --latency, it waits
before each response, like a distant server. Each round runs both commands on a small and a large number of files. The
slope between the two is the time without start-up.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import statistics
import tempfile
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.measure import Run, image_resizer, machine
from benchmarks.rounds import Command, Round, small_and_large


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    latency = 0.0

    def do_GET(self) -> None:
        time.sleep(self.latency)
        super().do_GET()

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128


def _serve(folder: Path, latency: float, ready: Connection) -> None:
    _Handler.latency = latency
    server = _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    ready.send(server.server_port)
    server.serve_forever()


def _from_web(port: int, source: Path, out: Path) -> Run:
    """Run image_resizer on a list of URLs: those of the files in `source`, which the server serves."""
    listed = source.with_suffix(".txt")
    lines = (f"http://127.0.0.1:{port}/{source.name}/{path.name}\n" for path in sorted(source.iterdir()))
    listed.write_text("".join(lines))
    return image_resizer(listed, out, "-s", 512, "--allow_private_hosts", "--requests_per_host", 64)


def compare(folder: Path, count: int, rounds: int, latency: float) -> None:
    """Print the table of one folder."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=_serve, args=(place, latency, theirs), daemon=True)
        server.start()
        commands: dict[str, Command] = {
            "folder": lambda source, out: image_resizer(source, out, "-s", 512),
            "web": functools.partial(_from_web, ours.recv()),
        }
        folders = small_and_large(folder, count, place)
        measured = [Round(commands, folders, place / "out") for _ in range(rounds)]
        server.terminate()
    print(f"\n{folder.name}, {count} files, {latency * 1000:.0f} ms before each answer; rounds: {rounds}\n")
    print("| figure | median | lowest | highest |\n| --- | --- | --- | --- |")
    figures = {
        "folder, images/s": [1 / one.seconds_per_image("folder") for one in measured],
        "web, images/s": [1 / one.seconds_per_image("web") for one in measured],
        "web relative to the folder": [
            one.seconds_per_image("folder") / one.seconds_per_image("web") for one in measured
        ],
        "web, peak memory, MB": [one.megabytes("web") for one in measured],
    }
    for name, values in figures.items():
        print(f"| {name} | {statistics.median(values):.2f} | {min(values):.2f} | {max(values):.2f} |", flush=True)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.web", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="flat folders of JPEG files")
    parser.add_argument("--count", type=int, default=960, help="files in the large folder (default: 960)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of measurements (default: 3)")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", help="before each answer (default: 0)")
    args = parser.parse_args()
    print(machine())
    for folder in args.folders:
        compare(folder, args.count, args.rounds, args.latency / 1000)


if __name__ == "__main__":
    main()
