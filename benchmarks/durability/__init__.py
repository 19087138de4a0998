"""What an index survives: kills, damage, power cuts, two writers, a thousand reloads."""
