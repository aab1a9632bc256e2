"""From a question to calls: its words are read against a table, and a chooser picks among what they allow."""
