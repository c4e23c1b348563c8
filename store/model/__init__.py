"""The types of the domain, as frozen values: exchanges, collections, examples, mock servers, gateways, changes."""
