"""mitmproxy's addons: they convert flows, record, answer and guard, and decide nothing themselves."""
