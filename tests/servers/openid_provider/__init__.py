"""A local OpenID provider that stands in for Google."""
