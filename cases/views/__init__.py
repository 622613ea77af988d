"""The clinic's pages, one topic a file: read through selectors and filters, written through services."""
