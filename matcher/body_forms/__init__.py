"""What a body is as a value: JSON, forms, XML, GraphQL in their normal forms."""
