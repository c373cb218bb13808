"""Changing a published schedule: who keeps their slot, who must move, and the fewest others who do."""
