"""Application records: lists, findings of the rules, rulings, and the files behind a record."""
