"""Canonical forms of bodies: JSON, forms, multipart, XML, GraphQL, text and bytes."""
