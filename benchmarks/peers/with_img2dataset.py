"""Resize with img2dataset, which downloads its input: a server on this machine and the same cores serves the files."""

from __future__ import annotations

import functools
import http.server
import multiprocessing
import os
import socketserver
import sys
from pathlib import Path
from urllib.parse import quote

import img2dataset


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Log nothing."""


def _serve(server: socketserver.BaseServer) -> None:
    server.serve_forever()


def main(in_dir: str, out_dir: str, size: str, workers: str, extension: str) -> None:
    """Resize all files of `in_dir` with one shard per worker, and stop the server."""
    names = sorted(os.listdir(in_dir))
    handler = functools.partial(_Handler, directory=in_dir)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server_process = multiprocessing.get_context("fork").Process(target=_serve, args=(server,), daemon=True)
        server_process.start()
        os.makedirs(out_dir)
        urls = Path(f"{out_dir}.txt")
        urls.write_text("".join(f"http://127.0.0.1:{server.server_port}/{quote(name)}\n" for name in names))
        try:
            _download(str(urls), out_dir, int(size), int(workers), extension, -(-len(names) // int(workers)))
        finally:
            server_process.terminate()


def _download(urls: str, out_dir: str, size: int, workers: int, extension: str, per_shard: int) -> None:
    img2dataset.download(
        url_list=urls,
        output_folder=out_dir,
        output_format="files",
        image_size=size,
        resize_mode="keep_ratio_largest",
        encode_format=extension,
        encode_quality=75 if extension == "jpg" else 1,
        processes_count=workers,
        thread_count=16,
        number_sample_per_shard=per_shard,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
