"""Operations on sessions, history and promotion."""
