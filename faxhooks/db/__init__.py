"""Who asked and what is kept: tables, and a module of queries for each thing asked for."""
