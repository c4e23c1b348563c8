"""Call lines: what running gateways and mock servers show of each call, to people and to programs."""
