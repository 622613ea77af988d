"""The endpoints, one topic a file. Each finds its object among what the person may see, then calls a service."""
