"""What tests share: the run's database and services, sign-in, threads, the browser."""
