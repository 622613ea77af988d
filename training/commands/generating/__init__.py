"""The subcommands of ``generate``, one file each, in the order in which they are met."""
