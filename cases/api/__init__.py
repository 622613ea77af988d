"""The REST API, version 1: the same services and filters as the pages."""
