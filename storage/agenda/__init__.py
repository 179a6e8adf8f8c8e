"""The desk's agenda in the database: rules, appointments, the waitlist, reminders."""
