"""The report: all results in one HTML file that opens offline."""
