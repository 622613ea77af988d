"""The clinic: patients, lesions, images, analyses, reads and the audit trail.

From top to bottom: urls → views, api → forms → workflows → tasks → services → selectors → permissions → models.
"""
