"""The SQLite file of a project: its tables, its connections and its one writer."""
