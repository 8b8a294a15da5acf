"""Reports to people and monitors how a run ended: alerts, the metrics file and the ping."""
