"""What is kept: tables, queries, migrations. No clock, no network but the database's."""
