"""The answers of gateways, and what they forward."""
