"""What bench_scim_peers stands on: people, servers, the load, and each peer's own project."""
