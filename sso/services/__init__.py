"""What can be done with single sign-on: connections, signing in, the log, set-up links."""
