"""nginx: a map from the URL to the answer. It compares no bodies, and is the limit of what is possible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.load.pairs import Pair
from bench.peers.peer import Launch, Peer, Place, from_path, output_of

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 100000000; map_hash_max_size {slots}; map_hash_bucket_size 128; {temporary}
  map $request_uri $answer {{
{answers}
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      if ($answer = "") {{ return 404; }}
      default_type application/json;
      return 200 $answer;
    }}
  }}
}}
"""
FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    config = CONFIG.format(
        folder=place.folder,
        port=place.port,
        slots=max(2048, 4 * len(pairs)),
        temporary=" ".join(f"{name}_temp_path {place.folder}/{name};" for name in FOLDERS),
        answers="\n".join(f"    {pair.target} '{pair.answer}';" for pair in pairs),
    )
    return Launch([place.installed, "-p", place.folder, "-e", "stderr", "-c", place.write("nginx.conf", config)])


def _version(installed: Path) -> str:
    return output_of(installed, "-v").rpartition("/")[2]


NGINX = Peer("nginx", from_path("nginx"), _version, _launch, limit=True)
