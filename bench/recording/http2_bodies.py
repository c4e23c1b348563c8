"""Large bodies over HTTP/2 through a gateway: bytes a second and peak memory, of this checkout and of an earlier one.

python -m bench.recording.http2_bodies [--megabytes N] [--rounds N] [--before CHECKOUT] [--mode MODE]

curl is the client and nginx the upstream, both with TLS. Of each case the fastest round counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.programs import NGINX_FOLDERS, Program, find_free_port, find_program, run_program
from tests.peers.certificates import make_certificate

MB = 1_000_000
# At least this part of the former throughput is to be left.
LEAST_RATIO = 0.8
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off; {temporary} client_max_body_size 0; client_body_buffer_size 1m; http2_max_requests 1000000;
  server {{
    listen 127.0.0.1:{port} ssl http2; ssl_certificate {certificate}; ssl_certificate_key {certificate};
    location = /large.bin {{ root {folder}; }}
    location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_request_buffering off; proxy_http_version 1.1; }}
  }}
  server {{
    listen 127.0.0.1:{inner};
    location / {{ proxy_pass http://127.0.0.1:{inner}/end; }} location /end {{ return 200; }}
  }}
}}
"""
MAIN = "from understudy.proxy.console import main; main()"


def main() -> None:
    """Measure, and print a table."""
    options = _options()
    checkouts = {"this": Path(__file__).parents[2]}
    if options.before:
        checkouts["before"] = options.before.resolve()
    with tempfile.TemporaryDirectory() as place, _run_nginx(Path(place), options.megabytes * MB) as url:
        results = {
            name: _measure(Path(place), checkout, url, options.mode, options.rounds)
            for name, checkout in checkouts.items()
        }
    Console().print(_draw(results, options))


def _measure(folder: Path, checkout: Path, url: str, mode: str, rounds: int) -> dict[str, tuple[float, float]]:
    """Return, for download and upload, the bytes a second of the fastest round and the peak of resident memory."""
    results = {}
    for case in ("download", "upload"):
        with (
            tempfile.TemporaryDirectory(dir=folder) as place,
            _run_gateway(Path(place), checkout, url, mode) as gateway,
        ):
            speed = max(_transfer(folder, Path(place), gateway, case) for _ in range(rounds))
            results[case] = (speed, _read_peak(gateway))
    return results


def _transfer(folder: Path, home: Path, gateway: Program, case: str) -> float:
    ca = home / "understudy" / "ca" / "mitmproxy-ca-cert.pem"
    command = [
        "curl",
        "-sS",
        "--http2",
        "--cacert",
        str(ca),
        "-o",
        os.devnull,
        "-w",
        f"%{{speed_{case}}} %{{http_version}}",
    ]
    command += ["-T", str(folder / "large.bin")] if case == "upload" else []
    target = "large.bin" if case == "download" else "put"
    done = subprocess.run(
        [*command, f"https://127.0.0.1:{gateway.port}/{target}"], capture_output=True, text=True, check=True
    )
    speed, version = done.stdout.split()
    if version != "2":
        raise RuntimeError(f"curl spoke HTTP/{version}")
    return float(speed)


@contextmanager
def _run_gateway(home: Path, checkout: Path, url: str, mode: str) -> Iterator[Program]:
    port = find_free_port()
    command = [sys.executable, "-c", MAIN, "--store", str(home / "understudy.db"), "gateway", "--mode", mode]
    command += ["--session", "bench"] if mode in ("record", "spy") else []
    command += ["--upstream", url, "--insecure", "--listen", f"127.0.0.1:{port}"]
    environment = {"PYTHONPATH": str(checkout), "XDG_DATA_HOME": str(home)}
    with run_program(command, port, home / "understudy.log", environment=environment) as gateway:
        yield gateway


@contextmanager
def _run_nginx(folder: Path, size: int) -> Iterator[str]:
    folder.chmod(0o755)  # the workers of an nginx that root started run as the user nobody
    with (folder / "large.bin").open("wb") as file:
        file.truncate(size)
    port, inner, config = find_free_port(), find_free_port(), folder / "nginx.conf"
    temporary = " ".join(f"{name}_temp_path {folder}/{name};" for name in NGINX_FOLDERS)
    certificate = make_certificate(folder / "upstream.pem", "127.0.0.1")
    config.write_text(NGINX.format(folder=folder, port=port, inner=inner, temporary=temporary, certificate=certificate))
    command = [find_program("nginx") or "nginx", "-p", str(folder), "-e", "stderr", "-c", str(config)]
    with run_program(command, port, folder / "nginx.log"):
        yield f"https://127.0.0.1:{port}"


def _read_peak(gateway: Program) -> float:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) * 1024


def _draw(results: dict[str, dict[str, tuple[float, float]]], options: argparse.Namespace) -> Table:
    table = Table(title=f"{options.megabytes} MB over HTTP/2, mode {options.mode}, {options.rounds} rounds")
    for column in ("body", "MB/s", "peak MB", "MB/s before", "peak MB before", f"ratio (aim {LEAST_RATIO})"):
        table.add_column(column, justify="right")
    for case, (speed, peak) in results["this"].items():
        row = [case, f"{speed / MB:.0f}", f"{peak / MB:.0f}"]
        if "before" in results:
            speed_before, peak_before = results["before"][case]
            row += [f"{speed_before / MB:.0f}", f"{peak_before / MB:.0f}", f"{speed / speed_before:.2f}"]
        table.add_row(*row)
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.recording.http2_bodies", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500, help="the size of the body [%(default)s]")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each case [%(default)s]")
    parser.add_argument("--mode", default="record", help="the mode of the gateway: record, pass or spy [%(default)s]")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="another checkout to compare with")
    return parser.parse_args()


if __name__ == "__main__":
    main()
