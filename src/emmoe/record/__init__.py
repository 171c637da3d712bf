"""The experiment record: config.yaml read, checked, and expanded into cells and components."""
