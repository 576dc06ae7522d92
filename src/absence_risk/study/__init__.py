"""The main job: one register through all four claims."""
