"""What an audit found, as values: findings, row verdicts, the report, severities and the exit status."""
