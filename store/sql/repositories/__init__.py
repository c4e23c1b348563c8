"""The repositories in SQL, one class for each protocol of `store.repositories`, which documents its methods."""
