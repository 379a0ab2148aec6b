"""What can be done with second factors; each function one transaction with its event and mail."""
