"""The redaction of secrets: find them in messages, replace them by placeholders, and report where they were."""
