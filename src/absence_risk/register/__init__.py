"""What was recorded: schema, calendar, readers, validation, and the pupil × school-day cube."""
