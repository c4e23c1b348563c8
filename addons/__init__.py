"""mitmproxy spoken here, and nothing decided: flow <-> our messages, record, answer, guard."""
