"""mockttp: a short program that adds one rule for each request; it keeps no traffic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from bench.load.pairs import Pair
from bench.peers import npm
from bench.peers.peer import Bodies, Launch, Peer, Place

PROGRAM = """
const mockttp = require(process.argv[2]);
const pairs = require(process.argv[3]);

async function main() {
  const server = mockttp.getLocal({ recordTraffic: false, suggestChanges: false, cors: false });
  await server.start(Number(process.argv[4]));
  for (const { method, target, body, answer } of pairs) {
    const rule = method === 'GET' ? server.forGet(target) : server.forPost(target).withJsonBody(JSON.parse(body));
    // Without a length it would end each answer by closing the connection.
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(answer)) };
    await rule.always().thenReply(200, answer, headers);
  }
}

main();
"""


def _launch(place: Place, pairs: Sequence[Pair]) -> Launch:
    program = place.write("serve.js", PROGRAM)
    data = place.write("pairs.json", json.dumps([asdict(pair) for pair in pairs]))
    return Launch(["node", program, place.installed, data, str(place.port)])


MOCKTTP = Peer("mockttp", npm.package("mockttp", "4.6.5"), npm.version, _launch, bodies=Bodies.VALUES)
