from __future__ import annotations

from bench.recording.recorders import make_readiness


def test_a_recorder_is_ready_when_its_last_port_answers() -> None:
    up, asked = {1}, list[int]()

    def is_up(port: int, _: str) -> bool:
        asked.append(port)
        return port in up

    is_ready = make_readiness([(1, "/probe"), (2, "/admin")], is_up)
    assert not is_ready()
    assert not is_ready()
    up.add(2)
    assert is_ready()
    assert asked.count(1) == 1  # each request to the proxy is recorded: what has answered is not asked again
