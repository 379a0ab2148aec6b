"""The peers of bench_twofactor: plain projects, set up as their documentation says."""
