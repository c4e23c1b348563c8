"""Header fields of answers that differ from the recorded ones: URLs, cookies, claims about the body, dates."""
