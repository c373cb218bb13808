"""Panel sittings: totals first, then people; exact models where the instance is small enough."""
