"""Commands about sessions, history and promotion."""
